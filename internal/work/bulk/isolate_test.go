package bulk

import (
	"strings"
	"testing"

	"godwit/internal/fault"
	"godwit/internal/record"
)

// TestRefusalsEnd counts up to each bound, and names the causes beyond it.
func TestRefusalsEnd(t *testing.T) {
	t.Parallel()
	unique := record.Refusal{Code: "data.unique", Where: "t_pkey", Field: "id"}
	check := record.Refusal{Code: "data.check", Where: "t_check"}
	fresh := func() *refusals { return &refusals{to: "new", causes: map[string]int{}} }

	rows := fresh()
	for n := range mostRefused {
		why := unique
		if n%10 == 0 {
			why = check
		}
		if err := rows.add(why, 1); err != nil {
			t.Fatalf("row %d: %v", n, err)
		}
	}
	err := rows.add(unique, 1)
	f := fault.Of(err)
	if f.Code != "records.too-many-bad" || len(f.Lines) != 2 || f.Lines[0].Text != "data.unique t_pkey id: 90001 rows" || f.Lines[1].Text != "data.check t_check: 10000 rows" {
		t.Errorf("%v %v", err, f.Lines)
	}

	size := fresh()
	if err := size.add(unique, mostOfPayloads); err != nil {
		t.Error(err)
	}
	if err := size.add(unique, 1); !strings.Contains(err.Error(), "32 MiB") {
		t.Error(err)
	}

	for _, a := range []struct {
		read, dead int64
		ends       bool
	}{{999, 999, false}, {1000, 199, false}, {1000, 200, true}, {300_000, 1, false}} {
		if err := fresh().share(record.Account{Read: a.read, Dead: a.dead}); (err != nil) != a.ends {
			t.Errorf("%d of %d: %v", a.dead, a.read, err)
		}
	}
}

// TestAboutRow tells a refused row from everything else that ends a chunk.
func TestAboutRow(t *testing.T) {
	t.Parallel()
	for code, want := range map[string]bool{"data.unique": true, "data.too-long": true, "data.refused": true,
		"data.foreign-key": false, "data.corrupt": false, "source.changed": false} {
		if got := aboutRow(fault.Wrap(fault.New(fault.Data, code, "no"), "write")); got != want {
			t.Errorf("%s: %v", code, got)
		}
	}
	for _, kind := range []fault.Kind{fault.Unavailable, fault.Conflict, fault.Denied, fault.Config} {
		if aboutRow(fault.New(kind, "data.unique", "no")) {
			t.Errorf("kind %v is taken for a row's", kind)
		}
	}
}

package story

import (
	"strings"
	"testing"

	"godwit/internal/control/run/chronicle"
	"godwit/internal/record"
	"godwit/internal/ui/view"
	"godwit/internal/unit"
)

// TestVerifiedRecords closes proofs of records against the accounts: what a run
// loaded and did not verify is named, however many rows of parts there are.
func TestVerifiedRecords(t *testing.T) {
	t.Parallel()
	account := func(entity string, applied int64) record.Account {
		return record.Account{Step: "load", Entity: entity, Read: applied, Applied: applied}
	}
	proof := func(of, table string, rows int64, aside *unit.Aside) chronicle.Proof {
		return chronicle.Proof{Entity: table, Of: of, Result: "equal", Rows: rows, Same: rows, Aside: aside, Unit: "verify/compare/" + of + "/1"}
	}
	lost := proof("order", "s.order", 102, &unit.Aside{Read: 102})
	lost.Result, lost.Missing, lost.Count, lost.Same = "differs", 2, 2, 100
	for name, c := range map[string]struct {
		totals []record.Account
		proofs []chronicle.Proof
		want   string
	}{
		"all": {[]record.Account{account("order", 100)},
			[]chronicle.Proof{proof("order", "s.line", 300, nil), proof("order", "s.order", 100, &unit.Aside{Read: 100})}, "400 equal, 0 differ, 0 not read"},
		"one of two loads": {[]record.Account{account("order", 100), account("customer", 50)},
			[]chronicle.Proof{proof("order", "s.line", 300, nil), proof("order", "s.order", 100, &unit.Aside{Read: 100})}, "50 not verified"},
		"one load twice": {[]record.Account{account("order", 100), account("customer", 50)},
			[]chronicle.Proof{proof("order", "s.order", 100, &unit.Aside{Read: 100}), proof("order", "s.order", 100, &unit.Aside{Read: 100})}, "50 not verified"},
		"what this run has not loaded": {[]record.Account{account("customer", 50)},
			[]chronicle.Proof{proof("order", "s.order", 100, &unit.Aside{Read: 100})}, "50 not verified"},
		"dead letters are missing": {[]record.Account{account("order", 100)}, []chronicle.Proof{lost}, "100 equal, 2 differ, 0 not read"},
		"a sample": {[]record.Account{account("order", 100)},
			[]chronicle.Proof{proof("order", "s.order", 5, &unit.Aside{Read: 100, Sample: .05, Left: 95})}, "95 records outside of the sample not verified"},
		"rejected": {nil, []chronicle.Proof{proof("order", "s.order", 97, &unit.Aside{Read: 100, Rejected: 3})}, "3 rejected records not verified"},
	} {
		st := &chronicle.Story{Totals: c.totals, Steps: c.totals, Proofs: c.proofs}
		text := strings.Join(strings.Fields(strings.Join(view.Summary{Run: "prove-1", Outcome: "done", Steps: c.totals, Verified: Verified(st), Notes: Notes(st)}.Draw(200), "\n")), " ")
		if !strings.Contains(text, c.want) {
			t.Errorf("%s: want %q:\n%s", name, c.want, text)
		}
		if strings.Contains(text, "not verified") && !strings.Contains(c.want, "not verified") {
			t.Errorf("%s: all is verified:\n%s", name, text)
		}
	}
}

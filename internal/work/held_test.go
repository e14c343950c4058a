package work_test

import (
	"context"
	"encoding/json"
	"strings"
	"testing"

	"godwit/internal/catalog"
	"godwit/internal/record"
	"godwit/internal/unit"
	"godwit/internal/work/pipeline"
	"godwit/internal/work/pipeline/held"
	"godwit/rig/postgres/pgtest"
)

// chunks is a ledger of loads in which nothing was read.
type chunks struct{ pipeline.Book }

func (chunks) Chunks(context.Context, string) ([]record.Chunk, error) { return nil, nil }

// TestHeldOnceAndTwice proves the same of what is around a load: nothing was
// read, so a replacement empties its tables and all keys are gone. What Done
// finds has the numbers too.
func TestHeldOnceAndTwice(t *testing.T) {
	t.Parallel()
	for kind, want := range map[string]string{
		"publish": `{"table":"public.t","rows":0,"inserted":0,"updated":0,"deleted":3}`,
		"gone":    `"table":"public.t","removed":{"rows":3}`,
		"mark":    `"gone":"mark","table":"public.t","removed":{"rows":2,"back":1}`,
	} {
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			url := pgtest.Database(t)
			pgtest.Exec(t, url, "create table public.t (id int primary key, gone bool); insert into public.t values (1, null), (2, null), (3, true)")
			open := ends{"to": endpoint(t, url)}
			spec := held.Spec{To: "to", Into: []catalog.Into{{Table: catalog.Name{Schema: "public", Object: "t"}, Columns: []string{"id"}, Key: []string{"id"}}}}
			last := kind
			switch kind {
			case "gone":
				spec.Gone = "delete"
			case "mark":
				spec.Gone, spec.Mark, last = "mark", "gone", "gone"
			default:
				spec.Loads = []string{"load/load/t/1"}
			}
			all := pipeline.Executors(open, chunks{})
			for _, k := range []string{"stage", last} {
				text, err := json.Marshal(spec)
				if err != nil {
					t.Fatal(err)
				}
				u := unit.Unit{ID: unit.ID("load", k, "t", 1), Step: "load", Kind: k, Spec: text}
				if k == last && kind == "mark" { // the key of the row that is marked comes back
					schema := pgtest.Query[string](t, url, "select nspname::text from pg_namespace where nspname like 'godwit\\_stage%'")
					pgtest.Exec(t, url, "insert into "+schema+".keys values (3)")
				}
				done := once(t, t.Context(), all[k], u)
				after, err := all[k].Done(t.Context(), u, unit.Lease{Run: runUID, Attempt: 2})
				if err != nil || string(after.Result.Facts) != string(done.Facts) {
					t.Errorf("%s: the marks tell %s, %v; it said %s", k, after.Result.Facts, err, done.Facts)
				}
				if k == last && !strings.Contains(string(done.Facts), want) {
					t.Errorf("%s, want %s", done.Facts, want)
				}
			}
			if n := pgtest.Query[int](t, url, "select count(*) from pg_namespace where nspname like 'godwit\\_stage%'"); n > 0 {
				t.Errorf("%d schemas are left", n)
			}
		})
	}
}

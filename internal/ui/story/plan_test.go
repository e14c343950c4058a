package story

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"godwit/internal/catalog"
	"godwit/internal/control/flow"
	"godwit/internal/control/run"
	"godwit/internal/ui/view"
	"godwit/internal/unit"
)

// A step that reads records says what is read and which tables are written.
func TestPlannedLoad(t *testing.T) {
	t.Parallel()
	orders := catalog.Name{Schema: "shop", Object: "orders"}
	facts := catalog.Facts{
		Source: &catalog.Database{Tables: []catalog.Table{{Name: catalog.Name{Schema: "shop", Object: "customer"}, Rows: 7, Bytes: 7}, {Name: orders, Rows: 128_400, Bytes: 9_000_000}}},
		Target: &catalog.Database{},
		Records: &catalog.Records{Schema: &catalog.Schema{Fields: make([]catalog.Field, 14)}, Key: []string{"id"}, Rows: -1,
			Ranges: []catalog.Query{{Table: orders}, {Table: orders}}, Tables: []catalog.TargetTable{{Name: catalog.Name{Schema: "new", Object: "orders"}}}},
	}
	p := &run.Plan{Hash: "9f3c1e", Steps: []run.PlannedStep{{Step: flow.Step{ID: "load"}, Needs: unit.Needs{From: "old", To: "new"}, Facts: facts, Units: make([]unit.Unit, 3)}}}
	got := Plan(p)
	want := []view.PlanStep{{Step: "load old -> new", Makes: "14 fields of about 128,400 records into 1 table", Units: 4, Bytes: 9_000_000,
		Load: &view.Load{Step: "load", Fields: 14, Key: []string{"id"}, Records: 128_400, Parts: 2, Writes: []string{"new.orders"}}}}
	if diff := cmp.Diff(want, got.Steps); diff != "" {
		t.Error(diff)
	}
	facts.Records.Ranges[0].Where = "old"
	if l := Load("load", facts); l.Records != -1 {
		t.Errorf("a part of a table is counted as all of it: %d", l.Records)
	}
	facts.Records = &catalog.Records{Rows: -1, Ranges: []catalog.Query{{}}} // a redrive: from no source
	if l := Load("load", facts); l.Records != -1 || l.Parts != 1 {
		t.Errorf("%+v", l)
	}
}

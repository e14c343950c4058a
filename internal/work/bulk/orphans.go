package bulk

import (
	"context"
	"strings"

	"godwit/internal/catalog"
	"godwit/internal/connector"
	"godwit/internal/fault"
	"godwit/internal/unit"
)

// OrphansSpec is the unit that holds rows to foreign keys that were at the
// target before them.
type OrphansSpec struct {
	To     string         `json:"to"`
	Tables []catalog.Name `json:"tables"` // that were filled as they are
}

// tagChecked is for rows that were held to the foreign keys that stay.
const tagChecked = "checked"

// orphans adds the look at tables that were filled with their foreign keys on
// them: a session that keeps triggers off copied rows keeps the keys off too.
func (x *expansion) orphans() {
	spec, weight := OrphansSpec{To: x.spec.To}, int64(1)
	for _, t := range x.tables {
		if x.standing(t.Name) != nil {
			spec.Tables, weight = append(spec.Tables, t.Name), weight+t.Bytes
		}
	}
	if len(spec.Tables) > 0 {
		x.add(unit.Unit{Kind: "orphans", Class: classOther, Weight: weight, After: []string{tagReconciled, tagForeign}, Tags: []string{tagChecked}}, "all", spec)
	}
}

// orphans looks for rows without the row that they refer to.
type orphans struct{ open connector.Opener }

// Done: looking leaves nothing behind.
func (o *orphans) Done(context.Context, unit.Unit, unit.Lease) (unit.Effect, error) {
	return unit.Effect{}, nil
}

// Do fails with code data.orphans when there are any, naming keys and counts.
func (o *orphans) Do(ctx context.Context, u unit.Unit, l unit.Lease, report unit.Report) (unit.Result, error) {
	spec, err := decode[OrphansSpec](u)
	if err != nil {
		return unit.Result{}, err
	}
	report.Progress(unit.Progress{Unit: u.ID, Total: u.Weight, Doing: "check foreign keys"})
	writer, err := connector.Capable[connector.Writer](ctx, o.open, spec.To, "be written in marked transactions")
	if err != nil {
		return unit.Result{}, err
	}
	load, err := writer.Begin(ctx, nil)
	if err != nil {
		return unit.Result{}, fault.Wrap(err, "begin on %s", spec.To)
	}
	defer load.Close()
	found, err := load.Orphans(ctx, spec.Tables)
	if err != nil || len(found) == 0 {
		return unit.Result{}, fault.Wrap(err, "check %s", spec.To)
	}
	var e *fault.Error
	for i, f := range found {
		have, rows := "have", "rows"
		if f.Rows == 1 {
			have, rows = "has", "row"
		}
		if i == 0 {
			e = fault.New(fault.Data, "data.orphans", "%d %s of %s %s no row of %s (foreign key %s)", f.Rows, rows, f.Table, have, f.Of, f.Key)
		} else {
			e = e.With("and", "%d %s of %s %s no row of %s (foreign key %s)", f.Rows, rows, f.Table, have, f.Of, f.Key)
		}
		e = e.With("keys", "%s", strings.Join(f.Keys, ", "))
	}
	return unit.Result{}, e.Hint("bring the rows that are referred to, or take these away at %s, then godwit resume %s", spec.To, l.Name)
}

package run

import (
	"context"

	"godwit/internal/control/run/late"
	"godwit/internal/fault"
	"godwit/internal/ledger"
	"godwit/internal/unit"
)

// superseded refuses to go on with a run when a later one of this ledger has
// written to the same tables: its own rows are not there any more, or others'
// beside them.
func (d *drive) superseded(ctx context.Context) error {
	mine, err := d.runs.written(ctx, d.run, d.frozen, "")
	if err != nil || len(mine) == 0 {
		return err
	}
	if err := d.runs.occupied(ctx, d.run.ID, mine); err != nil {
		return err
	}
	later, err := d.runs.Ledger.Runs(ctx, 0)
	if err != nil {
		return err
	}
	for _, r := range later {
		if r.ID <= d.run.ID {
			continue
		}
		f, err := thawed(r)
		if err != nil {
			return err
		}
		theirs, err := d.runs.written(ctx, r, f, ledger.Done)
		if err != nil {
			return err
		}
		for table, copied := range mine {
			if also, there := theirs[table]; there && (copied || also) {
				return fault.New(fault.Config, "run.superseded", "%s wrote to %s after %s did", r.Name(), table.Name, d.run.Name()).
					Hint("godwit cancel %s", d.run.Name()).
					Hint("the same command with --new and --existing replace begins anew")
			}
		}
	}
	return nil
}

// occupied refuses what writes to tables that a run which somebody works on
// writes to: they would undo each other's work. Run 0 is not there yet.
func (r *Runs) occupied(ctx context.Context, run int64, tables late.Tables) error {
	if len(tables) == 0 {
		return nil
	}
	all, err := r.Ledger.Runs(ctx, 0)
	if err != nil {
		return err
	}
	for _, other := range all {
		if other.ID == run || other.State == ledger.Ended || !r.Ledger.Held(other) {
			continue
		}
		f, err := thawed(other)
		if err != nil {
			return err
		}
		theirs, err := r.written(ctx, other, f, "")
		if err != nil {
			return err
		}
		for table, copied := range tables {
			if also, there := theirs[table]; there && (copied || also) {
				return fault.New(fault.Conflict, "run.occupied", "%s is writing to %s, and %s works on it", other.Name(), table.Name, other.Owner).
					Hint("godwit status %s shows how far it is", other.Name()).
					Hint("godwit cancel %s ends it for good", other.Name())
			}
		}
	}
	return nil
}

// written lists the tables that units of a run in a state ("" = any) bring rows
// into, and whether a copy does, or a load that replaces: several loads may add
// to one table, those make it what their source is.
func (r *Runs) written(ctx context.Context, run Ref, f frozen, state string) (late.Tables, error) {
	b, err := r.thaw(f)
	if err != nil {
		return nil, nil //nolint:nilerr // of another godwit: it says nothing about this one
	}
	tables := late.Tables{}
	for _, kind := range r.kinds(func(k unit.Kind) bool { return k.Rows }) {
		units, err := r.Ledger.View().Units(ctx, run.ID, ledger.Filter{Kind: kind, State: state}, 0)
		if err != nil {
			return nil, err
		}
		for _, u := range units {
			tables.Add(b, u.Spec)
		}
	}
	return tables, nil
}

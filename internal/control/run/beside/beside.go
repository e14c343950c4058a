package beside

import (
	"context"
	"encoding/json"

	"godwit/internal/catalog"
	"godwit/internal/control/plan"
	"godwit/internal/fault"
	"godwit/internal/ledger"
)

// Look looks at the runs of a ledger.
type Look struct {
	Ledger *ledger.Ledger
	Rows   []string // kinds of units that bring rows
}

// Superseded refuses to go on with a run when a later one of this ledger has
// written to the same tables: its own rows are not there any more, or others'
// beside them, or what it has still to add is there.
func (l Look) Superseded(ctx context.Context, run ledger.Run) error {
	mine, err := l.written(ctx, run, anyway)
	if err != nil || len(mine) == 0 {
		return err
	}
	all, err := l.Ledger.Runs(ctx, 0)
	if err != nil {
		return err
	}
	if err := l.occupied(ctx, all, run.ID, mine); err != nil {
		return err
	}
	for _, other := range all {
		if other.ID <= run.ID {
			continue
		}
		theirs, err := l.written(ctx, other, done)
		if err != nil {
			return err
		}
		if table, both := mine.clash(theirs); both {
			return superseded(run, other, table).Hint("the same command with --new and --existing replace begins anew")
		}
		if other.Outcome == plan.OutcomeCancelled || root(all, other) == root(all, run) {
			continue
		}
		table, err := l.twice(ctx, flowOf(run), mine, other)
		if err != nil {
			return err
		}
		if table != nil {
			return superseded(run, other, *table)
		}
	}
	return nil
}

func superseded(run, by ledger.Run, table catalog.Name) *fault.Error {
	return fault.New(fault.Config, "run.superseded", "%s wrote to %s after %s did", by.Name(), table, run.Name()).
		Hint("godwit cancel %s", run.Name())
}

// Occupied refuses what writes to tables that a run which somebody works on
// writes to: they would undo each other's work.
func (l Look) Occupied(ctx context.Context, tables Tables) error {
	if len(tables) == 0 {
		return nil
	}
	all, err := l.Ledger.Runs(ctx, 0)
	if err != nil {
		return err
	}
	return l.occupied(ctx, all, 0, tables)
}

// Of run 0 nothing is there yet.
func (l Look) occupied(ctx context.Context, all []ledger.Run, run int64, tables Tables) error {
	for _, other := range all {
		if other.ID == run || other.State == ledger.Ended || !l.Ledger.Held(other) {
			continue
		}
		theirs, err := l.written(ctx, other, anyway)
		if err != nil {
			return err
		}
		if table, both := tables.clash(theirs); both {
			return fault.New(fault.Conflict, "run.occupied", "%s is writing to %s, and %s works on it", other.Name(), table, other.Owner).
				Hint("godwit status %s shows how far it is", other.Name()).
				Hint("godwit cancel %s ends it for good", other.Name())
		}
	}
	return nil
}

// Added refuses to add rows to tables that a run which has not come to its end was
// bringing the same ones into: they would be there twice. A flow that was changed is
// another run, so the same command does not go on with that one. Run is the one that
// adds them, or calls the one that does; 0 is none.
func (l Look) Added(ctx context.Context, run int64, b *Flow, tables Tables) error {
	if !tables.adds() {
		return nil
	}
	all, err := l.Ledger.Runs(ctx, 0)
	if err != nil {
		return err
	}
	for _, other := range all {
		if over(other) || run != 0 && root(all, other) == root(all, ledger.Run{ID: run}) {
			continue
		}
		table, err := l.twice(ctx, b, tables, other)
		if err != nil {
			return err
		}
		if table != nil {
			return appended(all, other, *table)
		}
	}
	return nil
}

func appended(all []ledger.Run, other ledger.Run, table catalog.Name) error {
	name := other.Name() // or who called it: that is what people go on with
	for _, r := range all {
		if r.ID == root(all, other) {
			name = r.Name()
		}
	}
	return fault.New(fault.Config, "run.appended", "%s is not finished and was bringing rows into %s from the same source: they would be there twice", other.Name(), table).
		Hint("godwit resume %s goes on with it, by its flow as it was then", name).
		Hint("or godwit cancel %s gives it up; what it brought stays in %s: take that away, then the same command", name, table).
		Hint("or the same command with --new adds all rows beside them")
}

// over reports whether nobody can go on with a run.
func over(run ledger.Run) bool {
	return run.State == ledger.Ended && run.Outcome != plan.OutcomeFailed && run.Outcome != "stopped"
}

// root is the run that called a run, or called that one, up to the first.
func root(all []ledger.Run, run ledger.Run) int64 {
	parents := make(map[int64]int64, len(all))
	for _, r := range all {
		parents[r.ID] = r.Parent
	}
	id := run.ID
	for parents[id] != 0 {
		id = parents[id]
	}
	return id
}

// twice gives a table into which another run may have brought what is to be added.
func (l Look) twice(ctx context.Context, b *Flow, tables Tables, other ledger.Run) (*catalog.Name, error) {
	accounts, err := l.Ledger.View().Accounts(ctx, other.ID)
	if err != nil {
		return nil, err
	}
	brought := map[string]bool{}
	for _, a := range accounts {
		brought[a.Unit] = brought[a.Unit] || a.Current && a.Applied > 0
	}
	theirs, err := l.written(ctx, other, func(u ledger.Unit) bool {
		if brought[u.ID] || u.State == ledger.Done || u.Attempt == 0 {
			return brought[u.ID]
		}
		return u.Fault == nil || !certain(u.Fault.Kind)
	})
	if err != nil {
		return nil, err
	}
	return tables.twice(theirs, b.same(flowOf(other))), nil
}

// certain are the kinds of faults behind which no commit is in doubt.
func certain(k fault.Kind) bool { return k == fault.Data || k == fault.Config || k == fault.Denied }

func flowOf(run ledger.Run) *Flow {
	var f struct{ Flow json.RawMessage }
	if json.Unmarshal(run.Plan, &f) != nil {
		return &Flow{}
	}
	return Read(f.Flow)
}

func anyway(ledger.Unit) bool { return true }

func done(u ledger.Unit) bool { return u.State == ledger.Done }

// written lists the tables that some units of a run bring rows into.
func (l Look) written(ctx context.Context, run ledger.Run, which func(ledger.Unit) bool) (Tables, error) {
	b, tables := flowOf(run), Tables{}
	for _, kind := range l.Rows {
		units, err := l.Ledger.View().Units(ctx, run.ID, ledger.Filter{Kind: kind}, 0)
		if err != nil {
			return nil, err
		}
		for _, u := range units {
			if which(u) {
				tables.Add(b, u.Spec, "")
			}
		}
	}
	return tables, nil
}

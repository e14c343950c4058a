package run

import (
	"context"

	"godwit/internal/catalog"
	"godwit/internal/control/doctor"
	"godwit/internal/control/flow"
	"godwit/internal/control/run/opened"
	"godwit/internal/control/run/reach"
	"godwit/internal/fault"
	"godwit/internal/unit"
)

// What Doctor finds, see package doctor.
type (
	Diagnosis = doctor.Diagnosis
	Finding   = doctor.Finding
	Side      = doctor.Side
)

// Doctor examines everything that a flow would use, and the flows that it may run, and
// changes nothing.
func (r *Runs) Doctor(ctx context.Context, b *flow.Bound) (*doctor.Diagnosis, error) {
	found, err := r.examine(ctx, b, nil)
	if err != nil {
		return nil, err
	}
	called, err := reach.Flows(b, r.Language)
	if err != nil {
		return nil, err
	}
	for _, f := range called {
		if f.Bound == nil {
			found.Called(f.Way, f.Err, !f.Sure)
			continue
		}
		other, err := r.examine(ctx, f.Bound, &f)
		if err != nil {
			return nil, fault.Wrap(err, "%s", f.Way)
		}
		found.Add(f.Way, other, !f.Sure)
	}
	return found, nil
}

// examine examines what a flow would use itself; outside is how another one runs it.
func (r *Runs) examine(ctx context.Context, b *flow.Bound, outside *reach.Flow) (*doctor.Diagnosis, error) {
	open := r.endpoints(b.Connections)
	defer open.Close()
	ctx, done := r.watched(ctx, open)
	defer done()
	steps, needs, err := reach.Needs(b, r.Verb, outside)
	if err != nil {
		return nil, err
	}
	found, err := doctor.Examine(ctx, open, needs)
	if err != nil {
		return nil, err
	}
	found.Misread(b.Against(columns(b, needs, found)).Faults())
	for i, s := range steps {
		if outside != nil && needs[i].Unsure {
			continue
		}
		if err := r.refusal(ctx, open, s, needs[i], found.Facts[i]); err != nil {
			found.Refuse(needs[i].To, err)
		}
	}
	return found, nil
}

// columns are those of what the loops of a flow ask, by step.
func columns(b *flow.Bound, needs []unit.Needs, found *doctor.Diagnosis) flow.Rows {
	rows := flow.Rows{}
	for _, s := range b.All() {
		for i, n := range needs {
			if s.Each != nil && n.Items != nil && n.Place == s.Pos.String() && found.Facts[i].Columns != nil {
				rows[s.ID] = found.Facts[i].Columns
			}
		}
	}
	return rows
}

// refusal is why a step that moves something would not be planned.
func (r *Runs) refusal(ctx context.Context, open *opened.Pool, s flow.Step, n unit.Needs, facts doctor.Facts) error {
	if n.Existing == "" || !facts.Known {
		return nil
	}
	if err := doctor.MakeRoom(ctx, open, n, &facts.Facts); err != nil {
		return err
	}
	if err := doctor.Unknown(ctx, open, n, facts.Facts, nil, r.known); err != nil {
		return err
	}
	verb, _ := r.Verb(s.Verb)
	_, err := verb.Plan(s.ID, s.Spec, facts.Facts)
	return err
}

// known are the UIDs of all runs of this ledger; without one there are none.
func (r *Runs) known(ctx context.Context) (map[string]bool, error) {
	known := map[string]bool{}
	if r.Ledger == nil {
		return known, nil
	}
	all, err := r.Ledger.Runs(ctx, 0)
	for _, run := range all {
		known[run.UID] = true
	}
	return known, err
}

// Inspect looks at one connection, all of it.
func (r *Runs) Inspect(ctx context.Context, name string, at flow.BoundConnection) (*catalog.Database, error) {
	open := r.endpoints(map[string]flow.BoundConnection{name: at})
	defer open.Close()
	ctx, done := r.watched(ctx, open)
	defer done()
	return doctor.Inspect(ctx, open, name, catalog.Selection{}, true)
}

// watched has Waits told what is waited for under the context, before a run
// is open. stop ends that.
func (r *Runs) watched(ctx context.Context, open *opened.Pool) (labelled context.Context, stop func()) {
	if r.Waits == nil {
		return ctx, func() {}
	}
	return doctor.Watched(ctx, open, open.Names, "looking "+r.Owner, r.Waits)
}

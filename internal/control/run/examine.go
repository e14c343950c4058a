package run

import (
	"context"

	"godwit/internal/catalog"
	"godwit/internal/control/doctor"
	"godwit/internal/control/flow"
	"godwit/internal/control/run/late"
	"godwit/internal/control/run/opened"
	"godwit/internal/fault"
	"godwit/internal/unit"
)

// What Doctor finds, see package doctor.
type (
	Diagnosis = doctor.Diagnosis
	Finding   = doctor.Finding
	Side      = doctor.Side
)

// Doctor examines everything that a flow would use and changes nothing.
func (r *Runs) Doctor(ctx context.Context, b *flow.Bound) (*doctor.Diagnosis, error) {
	open := r.endpoints(b.Connections)
	defer open.Close()
	ctx, done := r.watched(ctx, open)
	defer done()
	var needs []unit.Needs
	work, writers, awaited := b.Work(), late.NewWriters(b, r.verb), late.NewAwaited(b, r.verb)
	for _, s := range work {
		verb, ok := r.verb(s.Verb)
		if !ok {
			return nil, fault.New(fault.Internal, "verb.unknown", "step %s: no verb %q", s.ID, s.Verb)
		}
		n, err := verb.Needs(s.Spec)
		if err != nil {
			return nil, fault.Wrap(err, "step %s", s.ID)
		}
		n.Unsure, n.Awaited = writers.Made(n, s.ID), awaited[s.ID]
		if s.Pos.File != "" {
			n.Place = s.Pos.String()
		}
		needs = append(needs, n)
	}
	found, err := doctor.Examine(ctx, open, needs)
	if err != nil {
		return nil, err
	}
	for i, s := range work {
		if err := r.refusal(ctx, open, s, needs[i], found.Facts[i]); err != nil {
			found.Refuse(needs[i].To, err)
		}
	}
	return found, nil
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
	verb, _ := r.verb(s.Verb)
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

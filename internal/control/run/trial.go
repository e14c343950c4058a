package run

import (
	"context"

	"godwit/internal/connector"
	"godwit/internal/control/doctor"
	"godwit/internal/control/flow"
	"godwit/internal/control/run/trial"
	"godwit/internal/fault"
)

type (
	Tried     = trial.Tried
	Explained = trial.Explained
	Lineage   = trial.Lineage
)

// Trials calls do for each step of a flow that has a map, until it fails.
// Nothing is changed, and of the source no record is read.
func (r *Runs) Trials(ctx context.Context, b *flow.Bound, do func(Tried, connector.Opener) error) error {
	open := r.endpoints(b.Connections)
	defer open.Close()
	ctx, done := r.watched(ctx, open)
	defer done()
	found := false
	for _, s := range b.Steps {
		verb, ok := r.Verb(s.Verb)
		if !ok || verb.Trial == nil || verb.Trial.File(s.Spec) == "" {
			continue
		}
		found = true
		needs, err := verb.Needs(s.Spec)
		if err != nil {
			return fault.Wrap(err, "step %s", s.ID)
		}
		t := Tried{Step: s, Trial: verb.Trial, Query: needs.Records.Query, Parts: needs.Records.Parts, From: needs.From}
		if t.Facts, err = doctor.Records(ctx, open, needs); err != nil {
			return fault.Wrap(err, "step %s", s.ID)
		}
		if err := do(t, open); err != nil {
			return err
		}
	}
	if !found {
		return fault.New(fault.Config, "map.none", "flow %s has no step with a map", b.Flow)
	}
	return nil
}

// Explain tells what becomes of the record of a key, see trial.Explain.
func (r *Runs) Explain(ctx context.Context, b *flow.Bound, step, key string, limit int64) ([]Explained, error) {
	return trial.Explain(ctx, func(do func(Tried, connector.Opener) error) error { return r.Trials(ctx, b, do) }, step, key, limit)
}

// Lineage tells what the fields that steps make are made of, of one of them if it is
// named.
func (r *Runs) Lineage(ctx context.Context, b *flow.Bound, step string) (list []Lineage, err error) {
	err = r.Trials(ctx, b, func(t Tried, _ connector.Opener) error {
		if step != "" && t.Step.ID != step {
			return nil
		}
		made, err := t.Trial.Lineage(t.Step.Spec, t.Facts)
		list = append(list, Lineage{Step: t.Step.ID, Lineage: made})
		return fault.Wrap(err, "step %s", t.Step.ID)
	})
	return list, err
}

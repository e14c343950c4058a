package run

import (
	"context"
	"slices"

	"godwit/internal/catalog"
	"godwit/internal/connector"
	"godwit/internal/control/doctor"
	"godwit/internal/control/flow"
	"godwit/internal/control/run/opened"
	"godwit/internal/control/run/order"
	"godwit/internal/control/run/planned"
	"godwit/internal/control/run/reach"
	"godwit/internal/fault"
	"godwit/internal/unit"
)

// What a run of a flow would do, see package planned.
type (
	Plan        = planned.Plan
	PlannedStep = planned.PlannedStep
)

// Plan computes what a run would do and writes nothing. What a diagnosis of
// the same flow has just seen is not looked at again; it may be nil. The error
// is the first refusal: that of a verb (target.not-empty), a connection, a
// selection.
func (r *Runs) Plan(ctx context.Context, b *flow.Bound, seen *doctor.Diagnosis) (*Plan, error) {
	open := r.endpoints(b.Connections)
	defer open.Close()
	ctx, done := r.watched(ctx, open)
	defer done()
	p := &Plan{}
	i := -1 // of the diagnosis: it knows those of Work
	writers, away := order.NewWriters(b, r.Verb), order.NewAway(b, r.Verb)
	for _, s := range b.All() {
		if s.Snapshot != "" {
			if _, err := connector.Capable[connector.Snapshots](ctx, open, s.Snapshot, "be read at one point in time"); err != nil {
				return nil, fault.Wrap(err, "snapshot of step %s", s.ID)
			}
		}
		switch {
		case s.Spec == nil:
			continue
		case s.Verb == flow.Calls:
			p.Steps = append(p.Steps, PlannedStep{Step: s, Later: "another flow, as a run of its own: planned when it begins"})
			continue
		case s.Waits():
			one, err := r.waits(ctx, open, s)
			if err != nil {
				return nil, fault.Wrap(err, "step %s", s.ID)
			}
			p.Steps = append(p.Steps, one)
			continue
		case s.Late != "":
			p.Steps = append(p.Steps, PlannedStep{Step: s, Later: "depends on items and results: known when it begins", Notes: r.undo(s)})
			continue
		}
		i++
		one, err := r.plan(ctx, open, b, s, p, seen.Known(i), away)
		if err != nil && writers.Made(one.Needs, s.ID) && fault.KindOf(err) == fault.Config {
			one, err = PlannedStep{Step: s, Needs: one.Needs, Later: "what it needs may come from a step before it: " + fault.Of(err).Text}, nil
		}
		if err != nil && fault.KindOf(err) == fault.Unavailable && away.Note(s.ID, one.Needs, err) {
			one, err = PlannedStep{Step: s, Needs: one.Needs, Later: "behind what waits for its systems: planned when it begins; now " + fault.Of(err).Text}, nil
		}
		if err != nil {
			return nil, fault.Wrap(err, "step %s", s.ID)
		}
		p.Steps = append(p.Steps, one)
	}
	if b.Full && !slices.ContainsFunc(p.Steps, func(s PlannedStep) bool { return incremental(s.Needs) }) {
		return nil, fault.New(fault.Config, "run.full", "no step of flow %s reads since a mark: it reads everything as it is", b.Flow).Hint("leave --full away")
	}
	p.Hash, p.Parts = b.Hash(p.Changes())
	var err error
	if p.Lost, err = reach.Losses(b, r.Language, p.Foreseen); err == nil && r.Ledger != nil {
		p.Outlived, err = planned.Outlived(ctx, r.Ledger.View(), b)
	}
	return p, err
}

// waits is a step that waits instead of working. Its system need not be there
// yet, and must be one that can be asked.
func (r *Runs) waits(ctx context.Context, open *opened.Pool, s flow.Step) (one PlannedStep, err error) {
	verb, ok := r.Verb(s.Verb)
	if !ok {
		return one, fault.New(fault.Internal, "verb.unknown", "no verb %q", s.Verb)
	}
	w := verb.Waits(s.Spec)
	one = PlannedStep{Step: s, Waits: &w}
	if one.Needs, err = verb.Needs(s.Spec); err == nil && one.Needs.From != "" && s.Late == "" {
		err = doctor.Answers(ctx, open, one.Needs)
	}
	return one, err
}

// undo are the notes of a step that is taken back, or put back, as far as its
// words are known.
func (r *Runs) undo(s flow.Step) []unit.Note {
	verb, ok := r.Verb(s.Verb)
	if !ok || !verb.Holds && (verb.Undoes == nil || !verb.Undoes(s.Spec)) {
		return nil
	}
	return verb.Notes(s.Spec, catalog.Facts{})
}

// plan plans one step.
func (r *Runs) plan(ctx context.Context, open *opened.Pool, b *flow.Bound, s flow.Step, p *Plan, seen *catalog.Facts, away *order.Away) (one PlannedStep, err error) {
	verb, ok := r.Verb(s.Verb)
	if !ok {
		return one, fault.New(fault.Internal, "verb.unknown", "no verb %q", s.Verb)
	}
	one.Step = s
	if one.Needs, err = verb.Needs(s.Spec); err != nil {
		return one, err
	}
	if err = away.Of(s.ID, one.Needs); err != nil {
		return one, err
	}
	if one.Facts, err = r.foresee(ctx, open, one.Needs, p, seen); err != nil {
		return one, err
	}
	if err = r.remember(ctx, b.Flow, s.ID, b.Full, one.Needs, &one.Facts); err != nil {
		return one, err
	}
	if one.Units, err = verb.Plan(s.ID, s.Spec, one.Facts); err == nil && verb.Notes != nil {
		one.Notes = verb.Notes(s.Spec, one.Facts)
	}
	return one, err
}

// foresee gathers a step's facts. What an earlier step would have made is
// taken as made: a verification is planned over the tables that the copy
// before it brings.
func (r *Runs) foresee(ctx context.Context, open *opened.Pool, needs unit.Needs, p *Plan, seen *catalog.Facts) (catalog.Facts, error) {
	for _, before := range p.Steps {
		if before.Later == "" && before.Needs.From == needs.From && before.Needs.To == needs.To && before.Needs.Existing != "" && needs.Records == nil {
			facts := before.Facts
			facts.Target, facts.TargetDefinitions = facts.Source, facts.Definitions
			return facts, nil
		}
	}
	looking := doctor.Looking{Open: open, Cores: r.Cores}
	if seen == nil {
		return looking.Gather(ctx, needs)
	}
	facts := *seen
	facts.Cores = r.Cores
	if needs.Compare {
		err := looking.Compare(ctx, needs, &facts)
		return facts, err
	}
	err := doctor.MakeRoom(ctx, open, needs, &facts)
	return facts, err
}

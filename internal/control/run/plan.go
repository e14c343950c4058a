package run

import (
	"cmp"
	"context"
	"slices"

	"godwit/internal/catalog"
	"godwit/internal/control/doctor"
	"godwit/internal/control/flow"
	"godwit/internal/fault"
	"godwit/internal/unit"
)

// Plan is what a run of a flow would do, as both sides stand now.
type Plan struct {
	Hash  string // of flow, inputs, environment, definitions and what is destroyed; not of sizes
	Parts string // of each of them, see flow.Stale
	Steps []PlannedStep
}

// PlannedStep is one step with the facts it was planned from.
type PlannedStep struct {
	Step  flow.Step
	Needs unit.Needs
	Facts catalog.Facts
	Units []unit.Unit
	Notes []unit.Note
}

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
	for i, s := range b.Steps {
		verb, ok := r.verb(s.Verb)
		if !ok {
			return nil, fault.New(fault.Internal, "verb.unknown", "step %s: no verb %q", s.ID, s.Verb)
		}
		needs, err := verb.Needs(s.Spec)
		if err != nil {
			return nil, fault.Wrap(err, "step %s", s.ID)
		}
		facts, err := r.foresee(ctx, open, needs, p, seen.Known(i))
		if err != nil {
			return nil, fault.Wrap(err, "step %s", s.ID)
		}
		if err := r.remember(ctx, b.Flow, s.ID, b.Full, needs, &facts); err != nil {
			return nil, err
		}
		units, err := verb.Plan(s.ID, s.Spec, facts)
		if err != nil {
			return nil, fault.Wrap(err, "step %s", s.ID)
		}
		step := PlannedStep{Step: s, Needs: needs, Facts: facts, Units: units}
		if verb.Notes != nil {
			step.Notes = verb.Notes(s.Spec, facts)
		}
		p.Steps = append(p.Steps, step)
	}
	if b.Full && !slices.ContainsFunc(p.Steps, func(s PlannedStep) bool { return incremental(s.Needs) }) {
		return nil, fault.New(fault.Config, "run.full", "no step of flow %s reads since a mark: it reads everything as it is", b.Flow).Hint("leave --full away")
	}
	p.Hash, p.Parts = b.Hash(p.changes())
	return p, nil
}

// foresee gathers a step's facts. What an earlier step would have made is
// taken as made: a verification is planned over the tables that the copy
// before it brings.
func (r *Runs) foresee(ctx context.Context, open *endpoints, needs unit.Needs, p *Plan, seen *catalog.Facts) (catalog.Facts, error) {
	for _, before := range p.Steps {
		if before.Needs.From == needs.From && before.Needs.To == needs.To && before.Needs.Existing != "" && needs.Records == nil {
			facts := before.Facts
			facts.Target, facts.TargetDefinitions = facts.Source, facts.Definitions
			return facts, nil
		}
	}
	if seen == nil {
		return doctor.Looking{Open: open, Cores: r.Cores}.Gather(ctx, needs)
	}
	facts := *seen
	facts.Cores = r.Cores
	err := doctor.MakeRoom(ctx, open, needs, &facts)
	return facts, err
}

// changes are the definitions that are made, and what is destroyed.
func (p *Plan) changes() (definitions [][]string, destroyed []string) {
	for _, s := range p.Steps {
		for _, d := range s.Facts.Definitions {
			definitions = append(definitions, []string{d.Kind, d.Name.String(), d.SQL})
		}
		for _, d := range s.Facts.Clearing {
			destroyed = append(destroyed, d.SQL)
		}
		if r := s.Needs.Records; r != nil && (r.Replaces || r.Removes) {
			destroyed = append(destroyed, s.Step.ID+": rows")
		}
	}
	return definitions, destroyed
}

// Name is the hash with its parts: what --plan takes.
func (p *Plan) Name() string { return p.Hash + "-" + p.Parts }

// units counts those of all steps, with the one that each step begins with.
func (p *Plan) units() int {
	n := len(p.Steps)
	for _, s := range p.Steps {
		n += len(s.Units)
	}
	return n
}

// bytes is the size of what is moved or looked at, each table once.
func (p *Plan) bytes() int64 {
	var sum int64
	seen := map[*catalog.Database]bool{}
	for _, s := range p.Steps {
		if db := s.Facts.Source; !seen[db] {
			seen[db] = true
			for _, t := range db.Tables {
				sum += t.Bytes
			}
		}
	}
	return sum
}

// DestroyedBlobs lists the target's large objects that the plan takes away.
func (s PlannedStep) DestroyedBlobs() []uint32 {
	if s.Needs.Existing != replace || s.Facts.Target == s.Facts.Source {
		return nil
	}
	return s.Facts.SameBlobs()
}

// Destroyed lists the target's tables whose rows the plan drops or empties,
// largest first.
func (s PlannedStep) Destroyed() []catalog.Table {
	if len(s.Facts.Clearing) == 0 || s.Facts.Target == nil || s.Facts.Target == s.Facts.Source {
		return nil
	}
	cleared := map[catalog.Name]bool{} // tables, and schemas by their own name
	for _, d := range s.Facts.Clearing {
		cleared[d.Name] = cleared[d.Name] || d.Kind == "DROP SCHEMA"
		for _, t := range d.Tables {
			cleared[t] = true
		}
	}
	var list []catalog.Table
	for _, t := range s.Facts.Target.Tables { // those of schemas that the source does not have stay
		if t.Kind == catalog.Plain && (cleared[t.Name] || cleared[catalog.Name{Object: t.Name.Schema}]) {
			list = append(list, t)
		}
	}
	slices.SortStableFunc(list, func(a, b catalog.Table) int { return cmp.Compare(b.Bytes, a.Bytes) })
	return list
}

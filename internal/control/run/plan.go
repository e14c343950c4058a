package run

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"slices"

	"godwit/internal/catalog"
	"godwit/internal/control/doctor"
	"godwit/internal/control/flow"
	"godwit/internal/fault"
	"godwit/internal/unit"
)

// Plan is what a run of a flow would do, as both sides stand now.
type Plan struct {
	Hash  string
	Steps []PlannedStep
}

// PlannedStep is one step with the facts it was planned from.
type PlannedStep struct {
	Step  flow.Step
	Needs unit.Needs
	Facts catalog.Facts
	Units []unit.Unit
}

// Plan computes what a run would do and writes nothing. What a diagnosis of
// the same flow has just seen is not looked at again; it may be nil. The error
// is the first refusal: that of a verb (target.not-empty), a connection, a
// selection.
func (r *Runs) Plan(ctx context.Context, b *flow.Bound, seen *doctor.Diagnosis) (*Plan, error) {
	open := r.endpoints(b.Connections)
	defer open.Close()
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
		units, err := verb.Plan(s.ID, s.Spec, facts)
		if err != nil {
			return nil, fault.Wrap(err, "step %s", s.ID)
		}
		p.Steps = append(p.Steps, PlannedStep{s, needs, facts, units})
	}
	p.Hash = r.hash(b, p)
	return p, nil
}

// foresee gathers a step's facts. What an earlier step would have made is
// taken as made: a verification is planned over the tables that the copy
// before it brings.
func (r *Runs) foresee(ctx context.Context, open *endpoints, needs unit.Needs, p *Plan, seen *catalog.Facts) (catalog.Facts, error) {
	for _, before := range p.Steps {
		if before.Needs.From == needs.From && before.Needs.To == needs.To && before.Needs.Existing != "" {
			facts := before.Facts
			facts.Target, facts.TargetDefinitions = facts.Source, facts.Definitions
			return facts, nil
		}
	}
	if seen == nil {
		return looking{open: open, cores: r.Cores}.gather(ctx, needs)
	}
	facts := *seen
	facts.Cores = r.Cores
	err := makeRoom(ctx, open, needs, &facts)
	return facts, err
}

// hash covers flow, inputs, environment, the definitions selected and the
// objects destroyed; not sizes, not chunks.
func (r *Runs) hash(b *flow.Bound, p *Plan) string {
	h := sha256.New()
	enc := json.NewEncoder(h)
	h.Write(meaning(b)) // a hash takes everything
	for _, s := range p.Steps {
		for _, d := range s.Facts.Definitions {
			_ = enc.Encode([]string{d.Kind, d.Name.String(), d.SQL})
		}
		for _, d := range s.Facts.Clearing {
			_ = enc.Encode(d.SQL)
		}
	}
	return hex.EncodeToString(h.Sum(nil))[:12]
}

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
	var list []catalog.Table
	for _, t := range s.Facts.Target.Tables {
		if t.Kind == catalog.Plain {
			list = append(list, t)
		}
	}
	slices.SortStableFunc(list, func(a, b catalog.Table) int { return int(max(-1, min(1, b.Bytes-a.Bytes))) })
	return list
}

// Package planned holds what a run of a flow would do, as both sides stand. Start
// at Plan.
package planned

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"godwit/internal/catalog"
	"godwit/internal/control/flow"
	"godwit/internal/control/run/reach"
	"godwit/internal/ledger/records"
	"godwit/internal/unit"
)

// Plan is what a run of a flow would do, as both sides stand now.
type Plan struct {
	Hash  string // of flow, inputs, environment, definitions and what is destroyed; not of sizes
	Parts string // of each of them, see Stale
	Steps []PlannedStep
	Lost  []reach.Loss // of steps that are not planned, and of flows that are called
	// Outlived are aliases in force that steps have told of which the flow does not have
	// any more.
	Outlived []records.Telling
}

// PlannedStep is one step with the facts it was planned from.
type PlannedStep struct {
	Step  flow.Step
	Needs unit.Needs
	Facts catalog.Facts
	Units []unit.Unit
	Notes []unit.Note
	// Later says why nothing of it is known before it begins, "" when all is.
	Later string
	Waits *unit.Waiting // of a step that waits instead of working
}

// Changes are the definitions that are made, and what is destroyed.
func (p *Plan) Changes() (definitions [][]string, destroyed []string) {
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

// Foreseen reports whether a step is planned as a whole.
func (p *Plan) Foreseen(s flow.Step) bool {
	i := slices.IndexFunc(p.Steps, func(o PlannedStep) bool { return o.Step.ID == s.ID })
	return i >= 0 && p.Steps[i].Later == ""
}

// Name is the hash with its parts: what --plan takes.
func (p *Plan) Name() string { return p.Hash + "-" + p.Parts }

// Stale says what differs between the plan of a name and this one, empty when nothing
// does. A hash alone is a name too; then it cannot say what.
func (p *Plan) Stale(name string) string {
	hash, rest, _ := strings.Cut(name, "-")
	if hash == p.Hash {
		return ""
	}
	then, of := strings.Split(rest, "-"), strings.Split(p.Parts, "-")
	if len(then) != len(of) {
		return "flow, inputs, definitions or what would be destroyed changed"
	}
	var changed []string
	if then[0] != of[0] {
		changed = append(changed, "the flow, its inputs or its environment changed")
	}
	for i, what := range []string{"the source's definitions", "what would be destroyed"} {
		if then[i+1] == of[i+1] {
			continue
		}
		before, _, _ := strings.Cut(then[i+1], ".")
		after, _, _ := strings.Cut(of[i+1], ".")
		changed = append(changed, fmt.Sprintf("%s changed, %s objects then, %s now", what, before, after))
	}
	if changed == nil {
		return "something changed"
	}
	return strings.Join(changed, "; ")
}

// Units counts those of all steps, with the one that each step begins with.
func (p *Plan) Units() int {
	n := len(p.Steps)
	for _, s := range p.Steps {
		n += len(s.Units)
	}
	return n
}

// Bytes is the size of what is moved or looked at, each table once.
func (p *Plan) Bytes() int64 {
	var sum int64
	seen := map[*catalog.Database]bool{}
	for _, s := range p.Steps {
		if db := s.Facts.Source; db != nil && !seen[db] {
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
	if s.Needs.Existing != "replace" || s.Facts.Target == s.Facts.Source {
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

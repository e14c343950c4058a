// Package redrive makes the flow that processes again what a run did not load. It
// touches no system. Start at Maker.
package redrive

import (
	"bytes"
	"context"
	"encoding/json"
	"maps"
	"slices"
	"strings"

	"godwit/internal/catalog"
	"godwit/internal/control/flow"
	"godwit/internal/control/plan"
	"godwit/internal/control/run/chronicle"
	"godwit/internal/control/run/hand"
	"godwit/internal/fault"
	"godwit/internal/ledger"
	"godwit/internal/unit"
)

// Flow is the name under which redrives run: redrive-1, redrive-2 ...
const Flow = "redrive"

// Filter selects exceptions.
type Filter = ledger.ExceptionFilter

// Again says which open exceptions of a run are processed again, and how.
type Again struct {
	Filter
	Limit  int  // at most so many, the first ones by rank; 0 is all
	AsSent bool // written as they were sent, without mapping them again
}

// Redriving is a redrive that is not begun.
type Redriving struct {
	Flow    *flow.Bound
	Filter  Filter            // with the limit
	Steps   []string          // of the run, in the order of the flow's
	Blocks  []string          // those of them in which groups wait for what is left out
	Changes []unit.Note       // settings that are changed meanwhile
	AtWork  []ledger.LaterRun // later runs that some are left to
}

// Maker makes redrives. It is safe for concurrent use.
type Maker struct {
	Ledger    *ledger.Ledger
	Language  flow.Language
	Publishes []string // kinds of units that publish what their step held back
	Graph     func(ledger.Run) (*plan.Graph, error)
	// Today binds the flow of a run anew, with the inputs and the environment that
	// the run had.
	Today func(ledger.Run) (*flow.Bound, error)
}

// Make makes the flow that processes open exceptions of a run again, by what b says
// today: the run's own flow, bound anew. Each step of it that has left some becomes a
// step of the redrive, also one that stood in a group or in a for_each: with the item
// that it had. Settings that are changed around such a step, in the flows that called
// its own too, are changed around that of the redrive. Conditions are not asked again,
// and nothing else of the flow runs. Faults: redrive.nothing when the filter selects
// none, redrive.at-work when later runs are at work with all of them, redrive.step when a step
// is not in the flow any more, redrive.rows when its verb does not process any again, redrive.as-sent, redrive.connection.
func (m Maker) Make(ctx context.Context, of ledger.Run, b *flow.Bound, a Again) (*Redriving, error) {
	look := m.Ledger.View().Exceptions()
	if a.Limit > 0 {
		var err error
		if a.Filter, err = look.First(ctx, of.ID, a.Filter, a.Limit); err != nil {
			return nil, err
		}
	}
	ids, err := look.Steps(ctx, of.ID, a.Filter)
	if err != nil {
		return nil, err
	}
	if len(ids) == 0 {
		return nil, m.nothing(ctx, of)
	}
	again := *b
	out := &Redriving{Flow: &again, Filter: a.Filter}
	if out.AtWork, err = atWork(ctx, look, of, a.Filter); err != nil {
		return nil, err
	}
	again.Flow, again.Steps, again.Finally, again.Files, again.Late = Flow, nil, nil, nil, nil
	again.Connections = maps.Clone(b.Connections)
	own, err := m.level(ctx, of, b, ids)
	if err != nil {
		return nil, err
	}
	outside, err := m.callers(ctx, of, out)
	if err != nil {
		return nil, err
	}
	for _, step := range b.All() { // in the flow's order: what comes first may be what the next looks up
		for _, id := range ids {
			if flow.StepOf(id) != step.ID {
				continue
			}
			s, err := m.step(ctx, of, step, id, a, own)
			if err != nil {
				return nil, err
			}
			settings, err := own.settings(id, "")
			if err != nil {
				return nil, err
			}
			if verb, _ := m.Language.Verb(s.Verb); blocks(verb, s.Spec) {
				out.Blocks = append(out.Blocks, id)
			}
			again.Steps, out.Steps = put(again.Steps, append(slices.Clone(outside), settings...), s), append(out.Steps, id)
		}
	}
	for _, id := range ids {
		if !slices.Contains(out.Steps, id) {
			return nil, fault.New(fault.Config, "redrive.step", "%s left exceptions in step %s, which flow %s does not have any more", of.Name(), id, b.Flow).
				Hint("give the step its id back")
		}
	}
	out.Changes = m.changes(again.Steps)
	return out, nil
}

// step is that of a redrive for the exceptions of one step of a run.
func (m Maker) step(ctx context.Context, of ledger.Run, step flow.Step, id string, a Again, own *level) (flow.Step, error) {
	verb, _ := m.Language.Verb(step.Verb)
	if verb.Redrive == nil {
		return step, fault.New(fault.Config, "redrive.rows", "%s left rows out in step %s, which is a %s: it has no map that a redrive could process them by", of.Name(), id, step.Verb).
			Hint("mend them at the source, or what refuses them at the target, then copy their table again; godwit dead show %s ID --source shows one", of.Name()).
			Hint("--step selects the exceptions of another step")
	}
	if err := m.published(ctx, of, id); err != nil {
		return step, err
	}
	schema, err := Schema(ctx, m.Ledger.View(), of, id)
	if err != nil {
		return step, err
	}
	again := unit.Redrive{Of: of.Name(), Step: id, Filter: unit.Body(a.Filter), Schema: schema}
	if a.AsSent {
		f := a.Filter
		f.Step = id
		if again.Sent, err = hand.Sent(ctx, m.Ledger.View().Exceptions(), of, f); err != nil {
			return step, fault.Wrap(err, "step %s", id)
		}
	}
	spec, err := own.spec(step, id)
	if err != nil {
		return step, err
	}
	return alone(step, named(id), verb.Redrive(spec, again)), nil
}

// blocks reports whether a step's records wait for those before them in their group.
func blocks(verb unit.Verb, spec any) bool {
	n, err := verb.Needs(spec)
	return err == nil && n.Records != nil && n.Records.Blocks
}

// alone is a step with its own attributes, and nothing of what it is one of many by.
func alone(s flow.Step, id string, spec any) flow.Step {
	return flow.Step{ID: id, Verb: s.Verb, Pos: s.Pos, Spec: spec, Retry: s.Retry, Window: s.Window, OnError: s.OnError, Timeout: s.Timeout}
}

// named is what a redrive calls a step: one of a for_each without brackets, which
// names of steps do not have.
func named(id string) string { return strings.NewReplacer("[", ".", "]", "").Replace(id) }

// nothing says that a run has none, and which runs that it started have some.
func (m Maker) nothing(ctx context.Context, of ledger.Run) error {
	e := fault.New(fault.Config, "redrive.nothing", "%s has no open exceptions that this selects", of.Name()).
		Hint("godwit dead list %s shows them", of.Name())
	names, err := chronicle.CalledOpen(ctx, m.Ledger.View(), of)
	if err != nil {
		return err
	}
	for _, name := range names {
		e.Hint("%s, which it started, has some: godwit redrive %s", name, name)
	}
	return e
}

// atWork are the later runs that some are left to, since they have read them anew. It
// refuses when nothing else is selected.
func atWork(ctx context.Context, look ledger.Exceptions, of ledger.Run, f Filter) ([]ledger.LaterRun, error) {
	list, others, err := look.AtWork(ctx, of.ID, f)
	if err != nil || len(list) == 0 || others > 0 {
		return list, err
	}
	last := list[len(list)-1]
	refused := fault.New(fault.Config, "redrive.at-work", "%s has read records anew that %s left out, and is not over", last.Run, of.Name())
	if last.Alive {
		refused.Hint("wait until it is over: then they are as it leaves them; godwit status %s shows how far it is", last.Run)
	} else {
		refused.Hint("godwit resume %s goes on with them; then they are as it leaves them", last.Run)
	}
	return nil, refused.Hint("godwit cancel %s gives up there what it is not done with; that is redriven here then", last.Run)
}

// published refuses a step whose records are still held back: what a redrive
// wrote now would give way to them.
func (m Maker) published(ctx context.Context, of ledger.Run, step string) error {
	for _, kind := range m.Publishes {
		units, err := m.Ledger.View().Units(ctx, of.ID, ledger.Filter{Step: step, Kind: kind}, 0)
		if err != nil {
			return err
		}
		if slices.ContainsFunc(units, func(u ledger.Unit) bool { return u.State != ledger.Done }) {
			return fault.New(fault.Config, "redrive.unpublished", "what %s read in step %s is not published: its dead letters would be replaced again", of.Name(), step).
				Hint("godwit resume %s publishes it; of a run that is cancelled nothing was changed: run the flow again", of.Name())
		}
	}
	return nil
}

// Schema is that of the records of a step of a run, as they were read.
func Schema(ctx context.Context, v *ledger.View, of ledger.Run, step string) (*catalog.Schema, error) {
	var units []ledger.Unit
	for _, kind := range []string{"load", "produce"} {
		found, err := v.Units(ctx, of.ID, ledger.Filter{Step: step, Kind: kind}, 1)
		if err != nil {
			return nil, err
		}
		units = append(units, found...)
	}
	var spec struct{ Schema *catalog.Schema }
	if len(units) == 0 {
		return nil, fault.New(fault.Config, "redrive.rows", "%s step %s is a copy: rows that it left out are not records of a map", of.Name(), step).
			Hint("mend them at the source, or what refuses them at the target, then copy their table again")
	}
	if json.Unmarshal(units[0].Spec, &spec) != nil || spec.Schema == nil {
		return nil, fault.New(fault.Internal, "ledger.damaged", "%s step %s: what its records are made of is not known", of.Name(), step)
	}
	return spec.Schema, nil
}

// Read says what a frozen flow processes again; nil is no redrive.
func Read(frozen []byte) *unit.Redrive {
	type step struct {
		Spec  struct{ Again *unit.Redrive }
		Steps []json.RawMessage
	}
	var first func(steps []json.RawMessage) *unit.Redrive
	first = func(steps []json.RawMessage) *unit.Redrive {
		for _, text := range steps {
			var s step
			if json.Unmarshal(text, &s) != nil {
				continue // a spec of another shape: no load's
			}
			if s.Spec.Again != nil {
				return s.Spec.Again
			}
			if again := first(s.Steps); again != nil {
				return again
			}
		}
		return nil
	}
	var b struct{ Steps []json.RawMessage }
	if json.Unmarshal(frozen, &b) != nil {
		return nil
	}
	return first(b.Steps)
}

// same reports whether two connections of a name are one.
func same(a, b flow.BoundConnection) bool {
	return a.System == b.System && bytes.Equal(unit.Body(a.Settings), unit.Body(b.Settings))
}

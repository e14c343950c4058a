package redrive

import (
	"context"
	"maps"
	"slices"
	"strings"

	"godwit/internal/catalog"
	"godwit/internal/control/flow"
	"godwit/internal/control/run/order"
	"godwit/internal/control/run/scope"
	"godwit/internal/fault"
	"godwit/internal/ledger"
	"godwit/internal/record"
	"godwit/internal/unit"
)

// What stands around the steps that are processed again: settings that are changed
// for them. Whoever declared them relies on them whenever the step makes its calls.

// level is a flow as it is today, with what steps of a run of it began with.
type level struct {
	maker  Maker
	run    ledger.Run
	around order.Around // settings, and loops
	names  *scope.Names // nil: nothing of it is filled in
	known  map[string]record.Object
}

// level reads in the journal of a run what its steps, and the settings around them,
// began with.
func (m Maker) level(ctx context.Context, run ledger.Run, b *flow.Bound, steps []string) (*level, error) {
	l := &level{maker: m, run: run}
	l.around = order.NewAround(b, func(s flow.Step) bool {
		verb, _ := m.Language.Verb(s.Verb)
		return verb.Holds || s.Each != nil
	})
	names, err := scope.New(run, b, m.Language)
	if err != nil || b.Late == nil {
		return l, err
	}
	l.names = names
	wanted := slices.Clone(steps)
	for _, step := range steps {
		for _, o := range l.around[flow.StepOf(step)] {
			wanted = append(wanted, o.Item(step))
		}
	}
	graph, err := m.Graph(run)
	if err == nil {
		l.known, err = names.Then(ctx, m.Ledger.View(), graph, wanted)
	}
	return l, err
}

// spec is that of a step, named with its items, with what it began with.
func (l *level) spec(step flow.Step, id string) (any, error) {
	if l.names == nil || step.Late == "" {
		return step.Spec, nil
	}
	if l.known[id] == nil {
		return nil, fault.New(fault.Internal, "ledger.damaged", "%s: its journal does not tell with what step %s began", l.run.Name(), id)
	}
	return l.names.Step(id, l.known[id])
}

// settings are the steps that change settings around a step, named with its items,
// the outermost first and without anything in them.
func (l *level) settings(id, prefix string) (list []flow.Step, err error) {
	around := l.around[flow.StepOf(id)]
	for i, o := range around {
		if verb, _ := l.maker.Language.Verb(o.Step.Verb); !verb.Holds {
			continue
		}
		name, spec := o.Item(id), o.Step.Spec
		if l.names != nil && o.Step.Late != "" {
			if spec, err = l.names.Step(name, l.then(name, id, around[i+1:])); err != nil {
				return nil, err
			}
		}
		list = append(list, alone(o.Step, named(prefix+name), spec))
	}
	return list, nil
}

// then is what was known when settings were changed. Such that have come around the
// step since then know what it knew, but for the items of loops inside them.
func (l *level) then(name, id string, inside []order.Outer) record.Object {
	if known := l.known[name]; known != nil {
		return known
	}
	known := maps.Clone(l.known[id])
	for _, o := range inside {
		if o.Step.Each != nil {
			delete(known, o.Step.Each.As)
		}
	}
	return known
}

// callers are the settings around the steps that called a run, and those that called
// the runs of these, the outermost first. Their connections become the redrive's.
func (m Maker) callers(ctx context.Context, of ledger.Run, out *Redriving) (list []flow.Step, err error) {
	if of.Parent == 0 {
		return nil, nil
	}
	all, err := m.Ledger.View().Runs(ctx, 0)
	if err != nil {
		return nil, err
	}
	for called := of; called.Parent != 0; {
		i := slices.IndexFunc(all, func(r ledger.Run) bool { return r.ID == called.Parent })
		if i < 0 {
			return nil, fault.New(fault.Internal, "ledger.damaged", "%s: the run that called it is not in the ledger", called.Name())
		}
		caller := all[i]
		b, err := m.Today(caller)
		if err != nil {
			return nil, fault.Wrap(err, "%s, which called %s", caller.Name(), called.Name())
		}
		step, _, _ := strings.Cut(called.ParentNode, "/")
		l, err := m.level(ctx, caller, b, []string{step})
		if err != nil {
			return nil, err
		}
		settings, err := l.settings(step, caller.Name()+".")
		if err != nil {
			return nil, fault.Wrap(err, "settings around %s in %s", step, caller.Name())
		}
		for _, s := range settings {
			if err := m.connect(out, caller, b, s); err != nil {
				return nil, err
			}
		}
		list, called = append(settings, list...), caller
	}
	return list, nil
}

// connect gives a redrive the connections of a step of another flow.
func (m Maker) connect(out *Redriving, caller ledger.Run, b *flow.Bound, s flow.Step) error {
	verb, _ := m.Language.Verb(s.Verb)
	needs, err := verb.Needs(s.Spec)
	if err != nil {
		return err
	}
	theirs, ok := b.Connections[needs.To]
	if !ok {
		return nil // told when it is opened
	}
	own, there := out.Flow.Connections[needs.To]
	if there && !same(own, theirs) {
		return fault.New(fault.Config, "redrive.connection", "%s changes settings of %s around its call, and the called flow has another connection of that name", caller.Name(), needs.To).
			Hint("give one of the two connections another name")
	}
	out.Flow.Connections[needs.To] = theirs
	return nil
}

// put adds a step, inside of the steps around it that are there, or that it brings.
func put(list, around []flow.Step, s flow.Step) []flow.Step {
	if len(around) == 0 {
		return append(list, s)
	}
	i := slices.IndexFunc(list, func(o flow.Step) bool { return o.ID == around[0].ID })
	if i < 0 {
		i, list = len(list), append(list, around[0])
	}
	list[i].Steps = put(list[i].Steps, around[1:], s)
	return list
}

// changes says which settings steps change.
func (m Maker) changes(steps []flow.Step) (notes []unit.Note) {
	for _, s := range steps {
		if verb, _ := m.Language.Verb(s.Verb); verb.Holds {
			notes = append(append(notes, verb.Notes(s.Spec, catalog.Facts{})...), m.changes(s.Steps)...)
		}
	}
	return notes
}

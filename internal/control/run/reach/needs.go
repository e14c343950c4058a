package reach

import (
	"slices"

	"godwit/internal/catalog"
	"godwit/internal/control/flow"
	"godwit/internal/control/run/order"
	"godwit/internal/fault"
	"godwit/internal/unit"
)

// Needs are what the steps of a flow need that look at systems before the run, with
// these steps: of the flow itself in the order of Work. Behind them come what its
// loops ask, and the systems of steps of which more is not known yet. Outside is nil,
// or how another flow runs this one; what uses its inputs then may be left out.
func Needs(b *flow.Bound, verbs func(string) (unit.Verb, bool), outside *Flow) (steps []flow.Step, needs []unit.Needs, err error) {
	l := look{bound: b, outside: outside, writers: order.NewWriters(b, verbs), awaited: order.NewAwaited(b, verbs)}
	for _, s := range b.Work() {
		verb, ok := verbs(s.Verb)
		if !ok {
			return nil, nil, fault.New(fault.Internal, "verb.unknown", "step %s: no verb %q", s.ID, s.Verb)
		}
		n, err := verb.Needs(s.Spec)
		if err != nil {
			return nil, nil, fault.Wrap(err, "step %s", s.ID)
		}
		n.Unsure, n.Verb = l.writers.Made(n, s.ID), verb.Called()
		if l.add(s, n) {
			steps = append(steps, s)
		}
	}
	for _, s := range b.All() {
		if s.Each != nil && s.Each.At != "" {
			n, err := asked(s.Each)
			if err != nil {
				return nil, nil, err
			}
			n.Unsure = l.writers.Before(s.ID)
			l.add(s, n)
		}
		if verb, ok := verbs(s.Verb); ok && s.Late != "" && !s.Waits() && s.Verb != flow.Calls && !l.writers.Before(s.ID) {
			l.places(s, verb)
		}
	}
	return steps, l.needs, nil
}

// look collects needs.
type look struct {
	bound   *flow.Bound
	outside *Flow
	writers order.Writers
	awaited order.Awaited
	needs   []unit.Needs
}

// add adds what a step needs, unless a connection is not known yet.
func (l *look) add(s flow.Step, n unit.Needs) bool {
	at := n.Connections()
	if n.Records != nil {
		for _, lookup := range n.Records.Lookups {
			at = append(at, lookup.At)
		}
	}
	n.Awaited = l.awaited[s.ID]
	if s.Pos.File != "" {
		n.Place = s.Pos.String()
	}
	if l.outside != nil {
		n.Unsure, n.Awaited = n.Unsure || l.outside.Unsure, slices.Concat(n.Awaited, l.outside.Awaited)
		if slices.ContainsFunc(at, func(name string) bool { _, known := l.bound.Connections[name]; return name != "" && !known }) {
			return false
		}
	}
	l.needs = append(l.needs, n)
	return true
}

// places adds the systems of a step that is not known as a whole, as far as it
// names them.
func (l *look) places(s flow.Step, verb unit.Verb) {
	n, err := verb.Needs(s.Spec)
	if err != nil || l.outside != nil && l.outside.Unsure {
		return // known when it begins
	}
	for _, name := range []string{n.From, n.To} {
		known := func(o unit.Needs) bool { return o.From == name || o.To == name }
		if _, there := l.bound.Connections[name]; there && !slices.ContainsFunc(l.needs, known) {
			l.add(s, unit.Needs{From: name, To: name, Select: catalog.Only()})
		}
	}
}

// asked is what a for_each needs. What its query is given may be known only when it
// begins.
func asked(e *flow.Each) (unit.Needs, error) {
	n := unit.Needs{From: e.At, Items: &catalog.Query{}}
	if e.Late != "" {
		return n, nil
	}
	args, err := unit.Frozen(e.Args)
	if err != nil {
		return n, err
	}
	n.Items = &catalog.Query{SQL: e.Query, Args: args}
	return n, nil
}

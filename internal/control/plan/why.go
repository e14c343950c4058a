package plan

import (
	"fmt"
	"slices"
	"time"

	"godwit/internal/control/plan/why"
)

// Gate is one reason why a unit or node does not go on.
type Gate = why.Gate

// Why names what holds a unit that is not running, or a node that is not
// over: first what concerns the whole run, last what is nearest to a start.
// Nothing for what runs, is over, or is not known.
func (m *Machine) Why(id string, now time.Time) []Gate {
	if w := m.units[id]; w != nil {
		if w.State == Running || w.State == Done || w.State == Failed {
			return nil
		}
		return append(m.around(m.at(w), now), why.Of(w)...)
	}
	in := m.places[id]
	if in == nil || in.phase == left {
		return nil
	}
	return append(m.around(in, now), in.gates()...)
}

// around is what holds everything in a node.
func (m *Machine) around(in *instance, now time.Time) (gates []Gate) {
	if p := m.run.pausedBy; m.run.paused {
		text := "paused"
		if p.Actor != "" {
			text += " by " + p.Actor
		}
		if p.Reason != "" {
			text += fmt.Sprintf(" %q", p.Reason)
		}
		gates = append(gates, Gate{Kind: "pause", Text: text, Since: p.At})
	}
	for up := in; up != nil; up = up.up {
		if up.window != nil && !in.must {
			if open, edge := up.window.At(now); !open {
				gates = append(gates, Gate{Kind: "window", Until: edge.UTC(), On: []string{up.id},
					Text: "window opens " + edge.In(up.window.Zone()).Format("Mon 02 Jan 15:04 MST")})
			}
		}
	}
	for up := in; up.up != nil; up = up.up {
		if up.phase == idle && up.up.phase == entered {
			gates = append(gates, up.before()...)
		}
	}
	return gates
}

// before is what an idle node waits for in its list.
func (in *instance) before() (gates []Gate) {
	if l := in.up.loop; in.item {
		return []Gate{{Kind: "limit", On: []string{in.up.id},
			Text: fmt.Sprintf("%d of %d items at the same time", l.active, in.node.Each.Width())}}
	}
	list := in.up.kids
	if slices.Contains(in.up.finally, in) {
		list = in.up.finally
		if !allLeft(in.up.kids) {
			gates = append(gates, Gate{Kind: "order", Text: "at the end of " + in.up.name(), On: []string{in.up.id}})
		}
	} else if in.up.node.Kind == Parallel {
		return nil
	}
	for _, k := range list {
		switch {
		case k == in:
			return gates
		case k.phase == left && k.fatal() && list[0].up.kids != nil:
			return append(gates, Gate{Kind: "failed", Text: k.id + " failed", On: []string{k.id}})
		case k.phase == entered:
			gates = append(gates, Gate{Kind: "order", Text: "after " + k.id, On: []string{k.id}})
			gates = append(gates, k.gates()...)
		}
	}
	return gates
}

func (in *instance) name() string {
	if in.up == nil {
		return "the run"
	}
	return in.id
}

// Standing is what nodes wait for that have begun: a time, an answer, a person.
func (m *Machine) Standing() (gates []Gate) {
	m.root.each(func(in *instance) { gates = append(gates, in.gates()...) })
	return gates
}

// gates is what an entered node itself waits for.
func (in *instance) gates() []Gate {
	due := in.life.due
	switch {
	case in.loop != nil, in.phase != entered, !in.answer:
	case in.asks() && !in.life.approved:
		return []Gate{{Kind: "approve", Text: fmt.Sprintf("approval %q of %s", in.node.Approve.Text, in.id), Until: due, On: []string{in.id}}}
	case in.node.Kind == Wait:
		return []Gate{{Kind: "time", Text: in.id + " waits for its time", Until: due, On: []string{in.id}}}
	case in.node.Kind == WaitFor:
		return []Gate{{Kind: "probe", Text: in.id + " is not answered with true", Until: due, On: []string{in.id}}}
	}
	return nil
}

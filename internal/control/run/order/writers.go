package order

import (
	"godwit/internal/control/flow"
	"godwit/internal/unit"
)

// Writers are the steps of a flow with the connections that they write to.
type Writers []writer

type writer struct {
	step  string
	to    string // "" = known when it begins
	many  bool   // in a for_each: it may come before itself
	makes bool   // it may make tables
}

// NewWriters finds those of a flow.
func NewWriters(b *flow.Bound, verbs func(string) (unit.Verb, bool)) (list Writers) {
	var add func(steps []flow.Step, many bool)
	add = func(steps []flow.Step, many bool) {
		for _, s := range steps {
			many := many || s.Each != nil
			list = append(list, writer{step: s.ID}) // what is inside comes behind it
			add(s.Steps, many)
			add(s.Finally, many)
			if s.Verb == flow.Calls { // whatever that one does
				list = append(list, writer{step: s.ID, many: many, makes: true})
				continue
			}
			verb, ok := verbs(s.Verb)
			if !ok {
				continue
			}
			w := writer{step: s.ID, many: many, makes: s.Verb == "sql" || s.Verb == "copy"}
			n, err := verb.Needs(s.Spec)
			switch {
			case s.Late != "" && (err != nil || n.To == ""):
			case err == nil && (n.Existing != "" || n.Records != nil || n.Statement):
				w.to = n.To
			default:
				continue
			}
			list = append(list, w)
		}
	}
	add(b.Steps, false)
	add(b.Finally, false)
	return list
}

// Made reports whether a step before another one may make what that needs.
func (w Writers) Made(n unit.Needs, step string) bool {
	if n.Records == nil {
		return false
	}
	for _, one := range w {
		if one.step == step {
			return false
		}
		if one.makes && (one.to == n.From || one.to == n.To || one.to == "") {
			return true
		}
	}
	return false
}

// Before reports whether a step before another one may make something.
func (w Writers) Before(step string) bool {
	for _, one := range w {
		if one.step == step {
			return false
		}
		if one.makes {
			return true
		}
	}
	return false
}

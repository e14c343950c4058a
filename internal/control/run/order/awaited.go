package order

import (
	"slices"

	"godwit/internal/control/flow"
	"godwit/internal/unit"
)

// Awaited are the connections that steps before one wait for, by that one's id.
type Awaited map[string][]string

// NewAwaited finds those of a flow.
func NewAwaited(b *flow.Bound, verbs func(string) (unit.Verb, bool)) Awaited {
	all := Awaited{}
	var add func(steps []flow.Step, before []string, atOnce bool) []string
	add = func(steps []flow.Step, before []string, atOnce bool) []string {
		after := before
		for _, s := range steps {
			all[s.ID] = before
			own := add(s.Steps, before, s.Verb == flow.AtOnce)
			if verb, ok := verbs(s.Verb); ok && s.Verb == flow.WaitsFor {
				if n, err := verb.Needs(s.Spec); err == nil && n.From != "" {
					own = append(slices.Clip(own), n.From)
				}
			}
			add(s.Finally, own, false)
			if after = append(slices.Clip(after), own...); !atOnce {
				before = own
			}
		}
		return after
	}
	add(b.Finally, add(b.Steps, nil, false), false)
	return all
}

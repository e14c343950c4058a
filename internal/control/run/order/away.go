package order

import (
	"slices"

	"godwit/internal/control/flow"
	"godwit/internal/unit"
)

// Away is why awaited connections gave no answer while a flow was planned: none of
// them is asked a second time, which may take minutes.
type Away struct {
	awaited Awaited
	why     map[string]error
}

// NewAway knows of none yet.
func NewAway(b *flow.Bound, verbs func(string) (unit.Verb, bool)) *Away {
	return &Away{awaited: NewAwaited(b, verbs), why: map[string]error{}}
}

// Of is why a system that a step needs, and that steps before it wait for, is away.
func (w *Away) Of(step string, n unit.Needs) error {
	for _, name := range w.awaited.needed(step, n) {
		if err := w.why[name]; err != nil {
			return err
		}
	}
	return nil
}

// Note reports whether steps before one wait for a system that it needs, and keeps
// why it cannot be planned, where there is no doubt which of them it is.
func (w *Away) Note(step string, n unit.Needs, err error) bool {
	names := w.awaited.needed(step, n)
	if len(names) == 1 {
		w.why[names[0]] = err
	}
	return len(names) > 0
}

// needed are the connections of a step that steps before it wait for.
func (a Awaited) needed(step string, n unit.Needs) []string {
	names := slices.DeleteFunc(n.Connections(), func(name string) bool { return !slices.Contains(a[step], name) })
	slices.Sort(names)
	return slices.Compact(names)
}

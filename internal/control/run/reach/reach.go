// Package reach says what a flow comes to beyond the work of its own steps: what
// its loops ask, the flows that it may run, and theirs. It touches no system.
// Start at Flows.
package reach

import (
	"fmt"
	"slices"

	"godwit/internal/control/flow"
	"godwit/internal/control/run/order"
)

// deepest is how far calls are followed.
const deepest = 8

// Flow is one that another one may run.
type Flow struct {
	flow.Reached          // Sure is so of all calls that lead to it
	Way          string   // flow project (step projects)
	Unsure       bool     // a step before the call may make what it needs
	Awaited      []string // connections that steps before the call wait for
}

// Flows lists what a flow may run, and what that may run, each once: first those
// that are named, then those that data chooses among.
func Flows(b *flow.Bound, lang flow.Language) ([]Flow, error) {
	w := walk{lang: lang, seen: map[string]bool{}}
	if err := w.add(b, Flow{Reached: flow.Reached{Sure: true}}, 0); err != nil {
		return nil, err
	}
	slices.SortStableFunc(w.all, func(a, b Flow) int {
		switch {
		case a.Sure == b.Sure:
			return 0
		case a.Sure:
			return -1
		}
		return 1
	})
	return w.all, nil
}

type walk struct {
	lang flow.Language
	seen map[string]bool
	all  []Flow
}

func (w *walk) add(b *flow.Bound, by Flow, depth int) error {
	list, err := b.Reached(w.lang)
	if err != nil || depth == deepest {
		return err
	}
	writers, awaited := order.NewWriters(b, w.lang.Verb), order.NewAwaited(b, w.lang.Verb)
	for _, r := range list {
		f := Flow{Reached: r, Way: fmt.Sprintf("flow %s (step %s)", r.Name, r.Step.ID), Unsure: by.Unsure || writers.Before(r.Step.ID),
			Awaited: slices.Concat(by.Awaited, awaited[r.Step.ID])}
		f.Sure = r.Sure && by.Sure
		key := fmt.Sprint(r.Name, r.Step.ID, f.Sure)
		if r.Bound != nil {
			key = fmt.Sprint(r.Name, r.Bound.InputsText(), r.Whole, f.Sure)
		}
		if w.seen[key] {
			continue
		}
		w.seen[key] = true
		w.all = append(w.all, f)
		if r.Bound != nil {
			if err := w.add(r.Bound, f, depth+1); err != nil {
				return err
			}
		}
	}
	return nil
}

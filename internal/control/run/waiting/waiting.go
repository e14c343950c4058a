// Package waiting tells what steps of a run wait for although nothing is broken: a
// closed window, a time, an answer, a person. Start at Look and Spells.
package waiting

import (
	"slices"
	"strings"
	"time"

	"godwit/internal/control/plan"
	"godwit/internal/unit"
)

// Doing is what such a step does, in the rows that are kept for other processes
// to see.
const Doing = "held"

// outside are the gates that hold whole steps from outside.
var outside = []string{"pause", "window"}

// Probes is the kind of the units that ask for an answer.
const Probes = "probe"

// Look looks at a run's Machine.
type Look struct {
	Run   string // its name
	Graph *plan.Graph
	// Waiting says what an instance of a step waits for.
	Waiting func(id string, s plan.Scope) (unit.Waiting, error)
}

// Steps are those that are held, with what holds them.
func (l Look) Steps(m *plan.Machine, now time.Time) (all []unit.Progress) {
	add := func(id string, w unit.Wait) {
		i := slices.IndexFunc(all, func(p unit.Progress) bool { return p.Unit == id })
		if i < 0 {
			i = len(all)
			all = append(all, unit.Progress{Unit: id, At: now, Doing: Doing})
		}
		all[i].Waits = append(all[i].Waits, w)
	}
	for _, n := range l.Graph.Steps {
		for _, g := range m.Why(n.ID, now) {
			if slices.Contains(outside, g.Kind) {
				add(n.ID, unit.Wait{Gate: g.Kind, Text: g.Text, Since: g.Since, Until: g.Until})
			}
		}
	}
	gates := m.Standing()
	for _, g := range gates {
		id := g.On[0]
		w := unit.Wait{Gate: g.Kind, Text: g.Text, Until: g.Until}
		s, _ := m.Scope(id)
		if told, err := l.Waiting(id, s); err == nil {
			w.Text = words(g, told.Text)
		}
		if g.Kind == "approve" {
			if w.Fix = []string{"godwit approve " + l.Run}; asked(gates) > 1 {
				w.Fix[0] += " " + id
			}
		}
		add(id, w)
	}
	return all
}

func asked(gates []plan.Gate) (n int) {
	for _, g := range gates {
		if g.Kind == "approve" {
			n++
		}
	}
	return n
}

// words adds until when, of what is over by itself then.
func words(g plan.Gate, text string) string {
	if g.Kind != "time" || strings.Contains(text, "until ") {
		return text
	}
	return text + ", until " + g.Until.UTC().Format("2006-01-02 15:04:05 MST")
}

// OnHold is what does not run although nothing is broken: a step that is held,
// units whose next attempt is not due.
type OnHold struct {
	ID    string    `json:"id"` // of the step or unit
	Step  bool      `json:"step,omitempty"`
	Units int       `json:"units,omitempty"` // that wait for the same, this one among them
	Wait  unit.Wait `json:"wait"`
}

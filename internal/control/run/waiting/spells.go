package waiting

import (
	"slices"
	"time"

	"godwit/internal/unit"
)

// Spells remembers which waits were told. Used by one goroutine.
type Spells struct {
	told []spell
}

type spell struct {
	step string
	wait unit.Wait
}

// Change gives the events of what began and what is over since it was called last.
func (s *Spells) Change(steps []unit.Progress, now time.Time) (events []unit.Event) {
	var seen []spell
	for _, p := range steps {
		for _, w := range p.Waits {
			if i := s.find(s.told, p.Unit, w.Gate); i >= 0 {
				seen = append(seen, s.told[i])
				continue
			}
			w.Since = now
			seen = append(seen, spell{p.Unit, w})
			events = append(events, unit.Event{Kind: unit.WaitBegan, Node: p.Unit, Body: unit.Body(w)})
		}
	}
	for _, t := range s.told {
		if s.find(seen, t.step, t.wait.Gate) < 0 {
			events = append(events, unit.Event{Kind: unit.WaitOver, Node: t.step, Body: unit.Body(t.wait)})
		}
	}
	s.told = seen
	return events
}

func (*Spells) find(list []spell, step, gate string) int {
	return slices.IndexFunc(list, func(t spell) bool { return t.step == step && t.wait.Gate == gate })
}

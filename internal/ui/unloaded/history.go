package unloaded

import (
	"slices"
	"strings"
	"time"

	"godwit/internal/control/run"
	"godwit/internal/ui/layout"
)

// Turn is one thing that happened to a record.
type Turn struct {
	At      time.Time `json:"at"`
	Run     string    `json:"run"`
	What    string    `json:"what"`
	Actor   string    `json:"actor,omitempty"` // of what a person did, or asked for
	Reason  string    `json:"reason,omitempty"`
	Mapping string    `json:"mapping,omitempty"` // version of the map
}

// history is all that is known to have happened to the record, oldest first.
func (t Trace) history() []Turn {
	turns := []Turn{}
	for _, w := range t.Letters {
		first := Turn{At: w.First, Run: w.Run, What: string(w.Outcome) + " [" + w.Code + "]", Mapping: w.Mapping}
		if w.Attempts > 1 { // its reason and its map are those of the last time
			first.What, first.Mapping = "not loaded", ""
		}
		turns = append(turns, first)
		for _, p := range w.Patches {
			turns = append(turns, Turn{At: p.At, Run: w.Run, What: "patched " + changed(p), Actor: p.Actor, Reason: p.Reason})
		}
		for _, d := range w.Redrives {
			turns = append(turns, redrivenAs(d))
		}
		if by, is := strings.CutPrefix(w.Closed, "dismissed by "); is {
			actor, reason, _ := strings.Cut(by, ": ")
			turns = append(turns, Turn{At: w.ClosedAt, Run: w.Run, What: "dismissed", Actor: actor, Reason: reason})
		}
	}
	for _, i := range t.warned() {
		turns = append(turns, Turn{At: i.First, Run: i.Run, What: "loaded with a warning: " + strings.TrimSpace(i.Rule+" "+i.Field)})
	}
	for _, a := range t.Accepted {
		turns = append(turns, Turn{At: a.At, Run: a.Run, What: "accepted " + strings.TrimSpace(a.Rule+" "+a.Field), Actor: a.Actor, Reason: a.Reason})
	}
	for _, s := range t.Standing {
		turns = append(turns, Turn{At: s.At, Run: s.Run, What: string(s.State) + " at " + s.Place.At, Mapping: s.Mapping})
	}
	slices.SortStableFunc(turns, func(a, b Turn) int { return a.At.Compare(b.At) })
	return turns
}

func redrivenAs(d run.Redriven) Turn {
	turn := Turn{At: d.At, Run: d.Run, What: string(d.Outcome), Actor: d.Actor, Mapping: d.Mapping}
	if d.Code != "" {
		turn.What += " [" + d.Code + "]"
	}
	return turn
}

// changed names the fields of a patch.
func changed(p run.Patch) string {
	var fields []string
	for _, c := range p.Changes {
		fields = append(fields, c.Field)
	}
	return strings.Join(fields, ", ")
}

// told is the history as a table.
func (t Trace) told(edge int) []string {
	var rows [][]string
	var reasons []string
	for _, turn := range t.history() {
		rows = append(rows, []string{t.stamp(turn.At), turn.Run, turn.What, turn.Actor, version(turn.Mapping)})
		reasons = append(reasons, turn.Reason)
	}
	return beside([]layout.Column{{Head: "when"}, {Head: "run"}, {Head: "what", Most: 40}, {Head: "by", Most: 16}, {Head: "map"}}, rows, "why", reasons, edge)
}

// version is a map's for people: its first digits, which tell it from others.
func version(mapping string) string { return mapping[:min(12, len(mapping))] }

package unloaded

import (
	"fmt"
	"strconv"

	"godwit/internal/control/run"
	"godwit/internal/ui/layout"
	"godwit/internal/ui/view"
	"godwit/internal/unit"
)

// Redrive is what a redrive would process again.
type Redrive struct {
	Run     string
	Flow    string
	Filter  run.Filter
	Limit   int
	AsSent  bool
	Steps   []Step
	Changes []unit.Note // settings that are changed meanwhile
	InHand  []run.InHand
	AtWork  []run.LaterRun
	HeldUp  []run.HeldUp
	// Superseded are those of the records that later runs have read, which have some open.
	Superseded int64
	Later      []string
}

// Step is a step of the flow with the causes that it would process.
type Step struct {
	Step   string      `json:"step"`
	Causes []run.Cause `json:"causes"`
}

// Records is how many there are, those that it leaves to others too.
func (r Redrive) Records() int64 {
	var n int64
	for _, s := range r.Steps {
		for _, c := range s.Causes {
			n += c.Records
		}
	}
	return n
}

// Command runs it.
func (r Redrive) Command() string {
	limit, sent := "", ""
	if r.Limit > 0 {
		limit = "--limit " + strconv.Itoa(r.Limit)
	}
	if r.AsSent {
		sent = "--as-sent"
	}
	return command("redrive", r.Run, Flags(r.Filter), limit, sent)
}

// Draw is Screen's.
func (r Redrive) Draw(edge int) []string {
	var causes []string
	for _, s := range r.Steps {
		for _, c := range s.Causes {
			causes = append(causes, c.Cause)
		}
	}
	names := short(unique(causes))
	var rows [][]string
	var texts []string
	for _, s := range r.Steps {
		for _, c := range s.Causes {
			rows = append(rows, []string{s.Step, names[c.Cause], string(c.Outcome), view.Count(c.Records), view.Count(c.Keys), fields(c)})
			texts = append(texts, reason(c))
		}
	}
	if len(rows) > 1 {
		rows, texts = append(rows, []string{"total", "", "", view.Count(r.Records()), "", ""}), append(texts, "")
	}
	lines := beside([]layout.Column{{Head: "step", Most: 24}, {Head: "cause"}, {Head: "was"}, {Head: "records", Right: true},
		{Head: "keys", Right: true}, {Head: "field", Most: 24}}, rows, "reason, values", texts, edge)
	how := " would be processed again by flow "
	if r.AsSent {
		how = " would be written again as they were sent, to the tables of flow "
	}
	for i, c := range r.Changes {
		if i == 0 {
			lines = append(lines, "")
		}
		lines = append(lines, c.Label+" "+c.Text)
	}
	if stays := r.stays(); len(stays) > 0 {
		lines = append(lines, "")
		for _, text := range stays {
			lines = append(lines, layout.Wrap("", text, 2, edge)...)
		}
	}
	lines = append(lines, "", view.Plural(r.Records()-r.Superseded-r.left(), "record")+" of "+r.Run+how+r.Flow+" as it is now.")
	if r.Superseded > 0 {
		lines = append(lines, view.Plural(r.Superseded, "record")+" would end as superseded: later runs have read them"+haveOpen(r.Later)+".")
		if next := again(r.Later); next != "" {
			lines = append(lines, "Those that are open there: "+next)
		}
	}
	if r.Records() == r.Superseded+r.left() {
		return append(lines, "Nothing was changed. This closes them here, and does nothing else: "+r.Command())
	}
	return append(lines, "Nothing was changed. Run this: "+r.Command())
}

// left is how many are left to later runs.
func (r Redrive) left() (n int64) {
	for _, l := range r.AtWork {
		n += l.Records
	}
	return n
}

// stays says which of the records would not be processed, or not to their end.
func (r Redrive) stays() (texts []string) {
	for _, h := range r.InHand {
		free := h.Records - h.Doubt
		switch {
		case h.Alive:
			texts = append(texts, fmt.Sprintf("%s in hand of %s, which is at work: left to it.", are(h.Records), h.Run))
			continue
		case free > 0:
			texts = append(texts, fmt.Sprintf("%s in hand of %s, which nobody is at work with: this redrive would take them over; godwit resume %s goes on with it.", are(free), h.Run, h.Run))
		}
		if h.Doubt > 0 {
			texts = append(texts, fmt.Sprintf("%s in chunks of %s of which it is not known whether the target has them: left to it; godwit resume %s, or godwit cancel %s, finds out.", are(h.Doubt), h.Run, h.Run, h.Run))
		}
	}
	for _, l := range r.AtWork {
		goesOn := "godwit resume " + l.Run + " goes on with them"
		if l.Alive {
			goesOn = "it is at work with them, godwit status " + l.Run + " shows how far"
		}
		texts = append(texts, fmt.Sprintf("%s left to %s, which has read them anew and is not over: %s; godwit cancel %s gives up there what it is not done with.", are(l.Records), l.Run, goesOn, l.Run))
	}
	for _, h := range r.HeldUp {
		texts = append(texts, fmt.Sprintf("%s of step %s, in %s, would stay pending behind records of their group that are not part of this, the first %s: take these with them, or dismiss them.",
			view.Plural(h.Records, "record"), h.Step, view.Plural(h.Groups, "group"), h.First))
	}
	return texts
}

// are begins a sentence about records.
func are(n int64) string {
	if n == 1 {
		return "1 record is"
	}
	return view.Count(n) + " records are"
}

// Value is the dry run for programs.
func (r Redrive) Value() any {
	var changes []string
	for _, c := range r.Changes {
		changes = append(changes, c.Text)
	}
	return struct {
		Run     string         `json:"run"`
		Flow    string         `json:"flow"`
		Records int64          `json:"records"`
		Steps   []Step         `json:"steps"`
		Changes []string       `json:"changes,omitempty"`
		InHand  []run.InHand   `json:"in_hand,omitempty"` // of other redrives
		AtWork  []run.LaterRun `json:"at_work,omitempty"` // later runs that some are left to
		HeldUp  []run.HeldUp   `json:"held_up,omitempty"` // behind records that are not part of it
		Command string         `json:"command"`
		// Superseded are those of the records that are not written.
		Superseded int64    `json:"superseded,omitempty"`
		Later      []string `json:"later,omitempty"`
	}{r.Run, r.Flow, r.Records(), r.Steps, changes, r.InHand, r.AtWork, r.HeldUp, r.Command(), r.Superseded, r.Later}
}

package unloaded

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"time"

	"godwit/internal/control/run"
	"godwit/internal/record"
	"godwit/internal/ui/view"
)

// Trace is what is known of one record over all runs, or over one.
type Trace struct {
	Now     time.Time
	Entity  string
	Key     string
	Run     string      // only this one, "" = all
	Letters []run.Whole // oldest first
	Issues  []run.Issue // of records that were loaded and of those that were not
	// Standing is how it stands beyond runs, whatever the run.
	Standing []run.Standing
	Accepted []run.Acceptance
}

// warned are the issues of the record where it was loaded.
func (t Trace) warned() []run.Issue {
	var list []run.Issue
	for _, i := range t.Issues {
		if i.Exception == 0 {
			list = append(list, i)
		}
	}
	return list
}

// Draw is Screen's.
func (t Trace) Draw(edge int) []string {
	r := &rows{edge: edge}
	where := "any run of this ledger"
	if t.Run != "" {
		where = t.Run
	}
	warned := t.warned()
	if len(t.Letters)+len(warned)+len(t.Standing) == 0 {
		r.lines = append(r.lines, t.Entity+"/"+t.Key+"   nothing is known of it in "+where)
		r.add("", "A record that was loaded without trouble leaves no row of its own: it is in the sums of the accounts.")
		r.add("", "Entity and key are written as godwit dead list shows them.")
		return r.lines
	}
	r.lines = append(r.lines, t.Entity+"/"+t.Key+"   "+t.state())
	for _, s := range t.Standing {
		t.stands(r, s)
	}
	for _, w := range t.Letters {
		t.letter(r, w)
	}
	for _, i := range warned {
		r.lines = append(r.lines, "")
		r.add(i.Run, t.stamp(i.First)+"   loaded with a warning   step "+i.Step)
		r.add("", issue(i.Issue))
	}
	if len(t.Letters)+len(warned) == 0 {
		return r.lines
	}
	r.lines = append(append(r.lines, ""), t.told(edge)...)
	r.lines = append(r.lines, "")
	label := "next"
	for _, w := range t.Letters {
		if w.Closed == "" {
			r.add(label, redo(w.Run, w.Exception))
			label = ""
		}
	}
	r.add("note", "Runs that loaded the record without trouble are not listed: they leave no row of it.")
	return r.lines
}

func (t Trace) stamp(at time.Time) string { return view.Stamp(at.In(t.Now.Location()), t.Now) }

// state is how it stands: the last word that is known.
func (t Trace) state() string {
	switch {
	case len(t.Letters) == 0 && len(t.warned()) > 0:
		return "loaded, with warnings"
	case len(t.Letters) == 0:
		return string(t.Standing[0].State)
	}
	last := t.Letters[len(t.Letters)-1]
	return Letter{Whole: last}.state() + "   " + last.Run
}

// stands tells what is remembered of it at one place.
func (t Trace) stands(r *rows, s run.Standing) {
	at := s.Place.At
	if s.Env != "" {
		at += ", " + s.Env
	}
	r.lines = append(r.lines, "")
	r.add("stands", fmt.Sprintf("%s at %s   %s   by %s   map %s", s.State, at, view.Plural(s.Attempts, "attempt"), s.Run, version(s.Mapping)))
	r.add("", "settled "+t.stamp(s.At))
	for _, call := range slices.Sorted(maps.Keys(s.Kept)) {
		for _, name := range slices.Sorted(maps.Keys(s.Kept[call])) {
			r.add("", "kept: "+call+" "+name+" "+record.Show(s.Kept[call][name], true))
		}
	}
	if s.Gone {
		r.add("", "the target was emptied since: nothing refers to it")
	}
}

func (t Trace) letter(r *rows, w run.Whole) {
	l := Letter{Now: t.Now, Whole: w}
	r.lines = append(r.lines, "")
	head := t.stamp(w.First) + "   " + string(w.Outcome) + " [" + w.Cause[:min(leastDigits, len(w.Cause))] + "]   step " + w.Step +
		"   id " + strconv.FormatInt(w.ID, 10)
	if o := owners(w.Issues); o != "" {
		head += "   owner " + o
	}
	r.add(w.Run, head)
	l.about(r)
	l.attempts(r)
}

// Value is the trace for programs.
func (t Trace) Value() any {
	letters := []any{}
	for _, w := range t.Letters {
		letters = append(letters, Letter{Whole: w}.Value())
	}
	return struct {
		Entity string         `json:"entity"`
		Key    string         `json:"key"`
		Run    string         `json:"run,omitempty"`
		All    []any          `json:"exceptions"`
		Issues []run.Issue    `json:"issues"`
		Stands []run.Standing `json:"standing,omitempty"`
		Life   []Turn         `json:"history"`
	}{t.Entity, t.Key, t.Run, letters, append([]run.Issue{}, t.Issues...), t.Standing, t.history()}
}

package unloaded

import (
	"encoding/json"
	"strconv"
	"time"

	"godwit/internal/control/run"
	"godwit/internal/record"
	"godwit/internal/ui/layout"
	"godwit/internal/ui/view"
)

// Letter is everything about one record that was not loaded. What it held is
// shown only with Source and Sent.
type Letter struct {
	Now time.Time
	run.Whole
	WithSource, WithSent bool
}

// rows are labelled lines.
type rows struct {
	lines []string
	edge  int
}

const labels = 10

func (r *rows) add(label, text string) {
	if text != "" {
		r.lines = append(r.lines, layout.Wrap(layout.Left(label, max(labels, layout.Width(label)+2)), text, labels, r.edge)...)
	}
}

// Draw is Screen's.
func (l Letter) Draw(edge int) []string {
	r := &rows{edge: edge}
	head := l.Entity + "/" + l.Key
	if l.Key == "" {
		head = l.Entity + " without key"
	}
	r.add("", head+"   "+l.state()+"   "+l.Whole.Run+" id "+strconv.FormatInt(l.ID, 10))
	if o := owners(l.Issues); o != "" {
		r.lines[0] += "   owner " + o
	}
	r.lines[0] = r.lines[0][labels:]
	l.about(r)
	l.attempts(r)
	if l.WithSource {
		r.add("source", payload(l.Exception.Source))
		for _, p := range l.Patches {
			r.add("patched", payload(p.Source))
		}
	}
	if l.WithSent {
		r.add("sent", payload(l.Sent))
	}
	next := redo(l.Whole.Run, l.Exception)
	if l.Closed != "" {
		next = ""
	}
	if len(l.Later) > 0 {
		r.add("later", view.Few(l.Later)+" has it open, as it was read then")
		next = again(l.Later)
	}
	r.add("next", next)
	if !l.WithSource && !l.WithSent {
		flags := "--source"
		if len(l.Sent) > 0 {
			flags += " --sent"
		}
		r.add("", command("dead show", l.Whole.Run, strconv.FormatInt(l.ID, 10), flags)+"   shows what the record held")
	}
	return r.lines
}

func (l Letter) state() string {
	if l.Closed != "" {
		return "closed: " + l.Closed
	}
	return string(l.Outcome) + " [" + l.Cause[:min(leastDigits, len(l.Cause))] + "]"
}

// about says what is wrong.
func (l Letter) about(r *rows) {
	r.add("reason", l.Text+" ["+l.Code+"]")
	field, value := l.At()
	r.add("field", of(field, value))
	if f := l.Refusal; f != nil {
		text := f.Text
		if f.Where != "" {
			text += "   " + f.Where
		}
		if f.State != "" {
			text += "   code of the server " + f.State
		}
		r.add("refused", text)
	}
	label := "issues"
	for _, i := range l.Issues {
		r.add(label, issue(i))
		label = ""
	}
}

// attempts say when it was tried.
func (l Letter) attempts(r *rows) {
	stamp := func(t time.Time) string { return view.Stamp(t.In(l.Now.Location()), l.Now) }
	at := l.Unit
	if l.Chunk > 0 {
		at += " chunk " + view.Count(l.Chunk)
	}
	text := view.Plural(l.Attempts, "attempt") + ", first " + stamp(l.First)
	if !l.Last.Equal(l.First) {
		text += ", last " + stamp(l.Last)
	}
	if l.Mapping != "" {
		text += "   map " + version(l.Mapping)
	}
	r.add("tried", text+"   "+at)
	label := "patched"
	for _, p := range l.Patches {
		r.add(label, patched(p, stamp(p.At)))
		label = ""
	}
	label = "redriven"
	for _, d := range l.Redrives {
		r.add(label, stamp(d.At)+"   "+redriven(d))
		label = ""
	}
	if l.Closed != "" {
		r.add("closed", l.Closed+"   "+stamp(l.ClosedAt))
	} else if l.Claimed != "" && (len(l.Redrives) == 0 || l.Redrives[len(l.Redrives)-1].Run != l.Claimed) {
		r.add("taken", "by "+l.Claimed+", which has not come to it yet")
	}
}

// patched is what a person changed, in words.
func patched(p run.Patch, at string) string {
	text := at + "   by " + p.Actor
	if p.Reason != "" {
		text += ": " + p.Reason
	}
	for _, c := range p.Changes {
		text += "   " + c.Field + " " + c.Before + " -> " + c.After
	}
	return text
}

// redriven is one attempt of another run in words.
func redriven(d run.Redriven) string {
	text := d.Run + "   " + string(d.Outcome)
	if d.Cause != "" {
		text += " [" + d.Cause[:min(leastDigits, len(d.Cause))] + "]: " + d.Text
	}
	if d.Mapping != "" {
		text += "   map " + version(d.Mapping)
	}
	return text
}

// payload is a record's content as one JSON text.
func payload(raw json.RawMessage) string {
	if len(raw) == 0 {
		return "nothing is kept"
	}
	return string(raw)
}

// Value is the letter for programs.
func (l Letter) Value() any {
	v := struct {
		record.Exception
		Run      string         `json:"run"`
		ClosedAt time.Time      `json:"closed_at,omitzero"`
		Claimed  string         `json:"claimed,omitempty"`
		Redrives []run.Redriven `json:"redrives"`
		Patches  []run.Patch    `json:"patches"`
		Later    []string       `json:"later,omitempty"`
	}{l.Exception, l.Whole.Run, l.ClosedAt, l.Claimed, append([]run.Redriven{}, l.Redrives...), append([]run.Patch{}, l.Patches...), l.Later}
	if !l.WithSource {
		v.Exception.Source = nil
		for i := range v.Patches {
			v.Patches[i].Source = nil
		}
	}
	if !l.WithSent {
		v.Sent = nil
	}
	return v
}

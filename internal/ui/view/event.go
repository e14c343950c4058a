package view

import (
	"encoding/json"
	"strings"
	"time"

	"godwit/internal/fault"
	"godwit/internal/unit"
)

// Levels of events. Lines show what is above debug.
const (
	LevelDebug = "debug"
	LevelInfo  = "info"
	LevelWarn  = "warn"
	LevelError = "error"
)

// Event is one object of the stream (see Stream) and, by Text, one line of the
// log. Body is one of the structs of this file or a JSON object as it came;
// its fields stand beside the common ones.
type Event struct {
	Seq   int64     `json:"seq,omitempty"`
	Time  time.Time `json:"time"`
	Type  string    `json:"type"`
	Run   string    `json:"run,omitempty"`
	Step  string    `json:"step,omitempty"`
	Unit  string    `json:"unit,omitempty"`
	Level string    `json:"level"`
	Text  string    `json:"text"`
	Body  any       `json:"-"`
}

// RunStarted is the body of run.started.
type RunStarted struct {
	Flow    string `json:"flow,omitempty"`
	Plan    string `json:"plan,omitempty"`
	Units   int64  `json:"units,omitempty"`
	Bytes   int64  `json:"bytes,omitempty"`
	Workers int64  `json:"workers,omitempty"`
	Actor   string `json:"actor,omitempty"`
}

// RunState is the body of run.paused, resumed, cancelled and approved.
type RunState struct {
	Actor   string `json:"actor,omitempty"`
	Reason  string `json:"reason,omitempty"`
	Crashed bool   `json:"crashed,omitempty"`
}

// RunFinished is the body of run.finished.
type RunFinished struct {
	Outcome string `json:"outcome"`
	Exit    int    `json:"exit"`
}

// Progress is the body of progress: one heartbeat of a run.
type Progress struct {
	Share   float64    `json:"share"` // of the work, 0 to 1
	Bytes   int64      `json:"bytes"`
	RateBps float64    `json:"rate_bps"`
	End     *time.Time `json:"end,omitempty"` // missing = not known yet
	EndLow  *time.Time `json:"end_low,omitempty"`
	EndHigh *time.Time `json:"end_high,omitempty"`
	Active  int64      `json:"active"`
	Waiting int64      `json:"waiting"`
	Dead    int64      `json:"dead"`
}

// UnitEnded is the body of unit.started, done, retry, failed, yielded and undone.
type UnitEnded struct {
	Attempt int          `json:"attempt,omitempty"`
	Seconds float64      `json:"seconds,omitempty"`
	Rows    int64        `json:"rows,omitempty"`
	Bytes   int64        `json:"bytes,omitempty"`
	Next    *time.Time   `json:"next,omitempty"` // when a retry is due
	Fault   *fault.Fault `json:"fault,omitempty"`
}

// WaitEvent is the body of wait.began and wait.over.
type WaitEvent struct {
	Gate      string     `json:"gate"`
	Text      string     `json:"reason"`
	Since     *time.Time `json:"since,omitempty"`
	Until     *time.Time `json:"until,omitempty"`
	Holder    string     `json:"holder,omitempty"`
	Statement string     `json:"statement,omitempty"`
	Fix       []string   `json:"fix,omitempty"`
	Seconds   float64    `json:"seconds,omitempty"` // of wait.over
}

// ErrorEvent is the body of error: a fault, or a place in a flow.
type ErrorEvent struct {
	Kind     string       `json:"kind,omitempty"`
	Code     string       `json:"code"`
	Position string       `json:"position,omitempty"` // file:line:column
	Lines    []fault.Line `json:"lines,omitempty"`
	Next     []string     `json:"next,omitempty"`
}

// SnapshotEvent is the body of snapshot.opened and snapshot.lost.
type SnapshotEvent struct {
	Connection string `json:"connection"`
	ID         string `json:"id"`
	Position   string `json:"position,omitempty"`
	Reason     string `json:"reason,omitempty"`
}

// VerifyTable is the body of verify.table.
type VerifyTable struct {
	Entity string `json:"entity"`
	Result string `json:"result"` // equal, explained, differs, not_verified
	Method string `json:"method,omitempty"`
	Rows   int64  `json:"rows"`
	Left   string `json:"left,omitempty"` // fingerprints
	Right  string `json:"right,omitempty"`
	Others int64  `json:"others,omitempty"` // rows at the target when not the same
	Count  int64  `json:"count,omitempty"`  // rows that differ
	Why    string `json:"why,omitempty"`
	// Of records that were mapped again.
	Of      string      `json:"of,omitempty"`      // what a record is one of
	Missing int64       `json:"missing,omitempty"` // of count, rows that the target lacks
	Extra   int64       `json:"extra,omitempty"`   // of count, rows that only the target has
	Aside   *unit.Aside `json:"aside,omitempty"`   // records that no row stands for
}

// VerifyDifference is the body of verify.difference.
type VerifyDifference struct {
	Entity string   `json:"entity"`
	What   string   `json:"what,omitempty"` // missing, extra, changed, count, table, sequence, definition
	Key    []string `json:"key,omitempty"`
	Column string   `json:"column,omitempty"`
	Left   string   `json:"left,omitempty"`  // of a column: what is at the source
	Right  string   `json:"right,omitempty"` // and at the target
	Text   string   `json:"difference,omitempty"`
}

// Finding is the body of doctor.finding.
type Finding struct {
	Severity   string   `json:"severity"` // blocks, warns, ok
	Connection string   `json:"connection"`
	Code       string   `json:"code"`
	Object     string   `json:"object,omitempty"`
	Text       string   `json:"finding"`
	Fixes      []string `json:"fix,omitempty"`
	Or         []string `json:"or,omitempty"` // ways out in words; "map it: roles ..." has its label before the colon
	Position   string   `json:"position,omitempty"`
	More       string   `json:"-"` // flag that lists the objects
}

// Failed makes the error event of a fault.
func Failed(at time.Time, run string, f fault.Fault) Event {
	return Event{Time: at, Type: unit.ErrorSeen, Run: run, Level: LevelError, Text: f.String(),
		Body: ErrorEvent{Kind: string(f.Kind), Code: f.Code, Lines: f.Lines, Next: f.Next}}
}

// Found makes the event of a doctor's finding.
func Found(at time.Time, f Finding) Event {
	level := map[string]string{"blocks": LevelError, "warns": LevelWarn}[f.Severity]
	if level == "" {
		level = LevelDebug
	}
	return Event{Time: at, Type: unit.DoctorFinding, Level: level, Body: f,
		Text: strings.TrimSpace(f.Severity+" "+f.Connection) + ": " + f.Text}
}

// Heartbeat makes the progress event of a status.
func (s Status) Heartbeat() Event {
	p := Progress{Share: s.Forecast.Share, Active: s.Counts.Active, Waiting: s.Counts.Waits, Dead: s.Counts.Dead}
	parts := []string{Percent(p.Share)}
	if len(s.Bars) > 0 && s.Bars[0].Bytes {
		p.Bytes, p.RateBps = s.Bars[0].Done, s.Bars[0].Rate
		parts = append(parts, Size(p.Bytes), Rate(p.RateBps))
	}
	if f := s.Forecast; f.Known {
		p.End, p.EndLow, p.EndHigh = &f.End, &f.Low, &f.High
	}
	parts = append(parts, s.Forecast.done(s.Now, s.Started), "dead "+Count(p.Dead), "waits "+Count(p.Waiting))
	return Event{Time: s.Now, Type: "progress", Run: s.Run, Level: LevelInfo, Text: strings.Join(parts, "  "), Body: p}
}

// MarshalJSON writes the common fields and then those of the body.
func (e Event) MarshalJSON() ([]byte, error) {
	type common Event
	head, err := json.Marshal(common(e))
	if err != nil || e.Body == nil {
		return head, err
	}
	body, err := json.Marshal(e.Body)
	if raw, ok := e.Body.(json.RawMessage); ok {
		body, err = uncommon(raw)
	}
	if err != nil || len(body) <= 2 || body[0] != '{' {
		return head, err
	}
	head[len(head)-1] = ','
	return append(head, body[1:]...), nil
}

// uncommon takes out of a foreign body what would stand in the object twice.
func uncommon(raw json.RawMessage) ([]byte, error) {
	var fields map[string]json.RawMessage
	if json.Unmarshal(raw, &fields) != nil {
		return nil, nil // no object: the text says what can be said
	}
	for _, name := range []string{"seq", "time", "type", "run", "step", "unit", "level", "text"} {
		delete(fields, name)
	}
	return json.Marshal(fields)
}

package view

import (
	"cmp"
	"encoding/json"
	"strconv"
	"strings"
	"time"

	"godwit/internal/fault"
	"godwit/internal/ui/layout"
	"godwit/internal/unit"
)

// NodeEntered is node.entered: the items of a loop are told by their keys and
// number, their values are not for a log.
type NodeEntered struct {
	Due    time.Time   `json:"due,omitzero"`
	Answer bool        `json:"answer,omitempty"`
	Items  int         `json:"items,omitempty"`
	Keys   []string    `json:"keys,omitempty"`
	Units  []unit.Unit `json:"units,omitempty"`
}

func tellNode(out *Event, e unit.Event) {
	switch outcome := body[unit.Left](e).Outcome; e.Kind {
	case unit.NodeLeft:
		out.Level, out.Text = LevelInfo, "step "+e.Node+" "+outcome
		return
	case unit.NodeEnding:
		out.Text = cmp.Or(e.Node, out.Run) + ": what was done is kept"
		if outcome == "failed" || outcome == "cancelled" {
			out.Level, out.Text = LevelWarn, cmp.Or(e.Node, out.Run)+" "+outcome+": what was done is taken back, the last first"
		}
		return
	}
	b := body[unit.Entered](e)
	out.Body = NodeEntered{b.Due, b.Answer, len(b.Items), b.Keys, b.Units}
}

// Tell translates a journal event of a run. A kind that this package does not
// know keeps its body and is told by its name. The event's time keeps its own
// zone; a body that cannot be read is told as well, without its details.
func Tell(run string, e unit.Event) Event {
	out := Event{Seq: e.Seq, Time: e.At, Type: e.Kind, Run: run, Step: e.Node, Unit: e.Unit, Level: LevelDebug, Text: e.Kind}
	if len(e.Body) > 0 {
		out.Body = e.Body
	}
	name := UnitName(e.Unit)
	switch e.Kind {
	case unit.RunStarted:
		tellStarted(&out, e)
	case unit.RunPaused, unit.RunResumed, unit.RunCancelled, unit.RunApproved, unit.RunTuned, unit.RunAmended:
		tellState(&out, e)
	case unit.RunFinished:
		b := body[unit.Finished](e)
		out.Level, out.Body = LevelInfo, RunFinished(b)
		out.Text = run + " " + b.Outcome + "   exit " + strconv.Itoa(b.Exit)
	case unit.NodeEntered, unit.NodeEnding, unit.NodeLeft:
		tellNode(&out, e)
	case unit.UnitExpanded:
		out.Text = name + ": " + Plural(len(body[unit.Expanded](e).Units), "unit") + " found"
	case unit.UnitStarted:
		out.Text, out.Body = name+" started", UnitEnded{Attempt: e.Attempt}
	case unit.UnitDone, unit.UnitYielded, unit.UnitUndone, unit.UnitRetry, unit.UnitFailed:
		tellEnded(&out, e, name)
	case unit.WaitBegan, unit.WaitOver:
		tellWait(&out, e, name)
	case unit.SnapshotOpened, unit.SnapshotLost:
		tellSnapshot(&out, e)
	case unit.LimitHeld:
		out.Level, out.Text = LevelInfo, body[unit.Held](e).String()
	case unit.ErrorSeen:
		f := body[fault.Fault](e)
		out.Level, out.Text = LevelError, f.String()
		out.Body = ErrorEvent{Kind: string(f.Kind), Code: f.Code, Lines: f.Lines, Next: f.Next}
	case unit.VerifyTable:
		tellVerified(&out, e)
	case unit.VerifyDiffers:
		tellDifference(&out, e)
	case unit.SettingTold:
		out.Level, out.Text = body[unit.Told](e).Told()
	case unit.WatermarkMoved:
		m := body[unit.Moved](e)
		step, _, _ := strings.Cut(e.Unit, "/")
		out.Level, out.Text = LevelInfo, "step "+step+" read "+m.Read+"   the next run reads "+m.Next
	case unit.AlarmTold:
		b := body[unit.Alarm](e)
		if out.Level, out.Text, out.Body = LevelInfo, b.String(), b; !b.Delivered {
			out.Level = LevelWarn
		}
	default:
		out.Level = LevelInfo
		if name != "" {
			out.Text = name + ": " + e.Kind
		}
	}
	out.Text = layout.Clean(out.Text)
	return out
}

// body reads what is known of an event's body and passes over the rest.
func body[T any](e unit.Event) T {
	v, _ := unit.Decode[T](e)
	return v
}

func tellStarted(out *Event, e unit.Event) {
	b := body[RunStarted](e)
	if b.Actor == "" {
		b.Actor = e.Actor
	}
	out.Level, out.Body = LevelInfo, b
	parts := []string{out.Run + " started"}
	if b.Plan != "" {
		parts = append(parts, "plan "+b.Plan)
	}
	if b.Units > 0 {
		parts = append(parts, Plural(b.Units, "unit")+", "+Size(b.Bytes))
	}
	if b.Workers > 0 {
		parts = append(parts, Plural(b.Workers, "worker"))
	}
	out.Text = strings.Join(parts, "   ")
}

func tellState(out *Event, e unit.Event) {
	resumed := body[unit.Resumed](e)
	out.Level, out.Body = LevelInfo, RunState{Actor: e.Actor, Reason: e.Reason, Crashed: resumed.Crashed}
	out.Text = out.Run + " " + strings.TrimPrefix(e.Kind, "run.")
	if e.Kind == unit.RunTuned {
		out.Body = e.Body
		out.Text += " " + body[unit.Tuned](e).String()
	}
	if e.Actor != "" {
		out.Text += " by " + e.Actor
	}
	if resumed.Crashed {
		out.Text += ": the owner before died; what it had in flight is done again"
	}
	if e.Reason != "" {
		out.Text += ` "` + e.Reason + `"`
	}
}

func tellEnded(out *Event, e unit.Event, name string) {
	b := body[unit.Ended](e)
	told := UnitEnded{Attempt: e.Attempt, Seconds: b.Seconds, Rows: b.Rows, Bytes: b.Bytes, Fault: b.Fault}
	if !b.Due.IsZero() {
		told.Next = &b.Due
	}
	out.Body = told
	took := ""
	if b.Seconds > 0 {
		took = "   " + Span(time.Duration(b.Seconds*float64(time.Second)))
	}
	text := ""
	if b.Fault != nil {
		text = ": " + strings.TrimPrefix(b.Fault.Text, strings.TrimPrefix(name, "flow ")+": ")
	}
	switch e.Kind {
	case unit.UnitDone:
		out.Text = name + " done"
		if b.Rows > 0 {
			out.Text += "   " + Plural(b.Rows, "row")
		}
		out.Text += took
	case unit.UnitYielded:
		out.Text = name + " stopped at a chunk border" + took
	case unit.UnitUndone:
		out.Level, out.Text = LevelWarn, name+" is done again: "+cmp.Or(e.Reason, "its effect is gone from the target")
		if e.Reason == unit.TakenBack {
			out.Text = "step " + e.Node + " taken back"
		}
	case unit.UnitRetry:
		out.Level, out.Text = LevelWarn, name+text
		next := "; attempt " + strconv.Itoa(e.Attempt+1)
		if !b.Due.IsZero() {
			next += " in " + About(b.Due.Sub(e.At))
		}
		out.Text += next
	case unit.UnitFailed:
		out.Level, out.Text = LevelError, name+" failed"+text
		if b.Fault != nil {
			out.Text += " [" + b.Fault.Code + "]"
		}
	}
}

func tellWait(out *Event, e unit.Event, name string) {
	w := body[unit.Wait](e)
	b := WaitEvent{Gate: w.Gate, Text: w.Text, Holder: w.Holder, Statement: w.Statement, Fix: w.Fix}
	if !w.Since.IsZero() {
		b.Since = &w.Since
	}
	if !w.Until.IsZero() {
		b.Until = &w.Until
	}
	if name == "" && e.Node != "" {
		name = "step " + e.Node
	}
	out.Level, out.Text = LevelInfo, name+"  "+w.Text
	if w.Gate == "lock" && w.Holder != "" {
		out.Text = name + "  lock held by " + w.Holder
	}
	if e.Kind == unit.WaitOver {
		out.Text = name
		if b.Since != nil {
			b.Seconds = e.At.Sub(w.Since).Seconds()
			out.Text += "  after " + Span(e.At.Sub(w.Since))
		}
	} else {
		out.Level = LevelWarn
	}
	out.Body = b
}

func tellSnapshot(out *Event, e unit.Event) {
	b := body[unit.Snapshot](e)
	out.Level, out.Body = LevelInfo, SnapshotEvent{b.Connection, b.ID, b.At, b.Why}
	out.Text = "snapshot " + b.ID + " of " + b.Connection + " opened"
	if b.At != "" {
		out.Text += " at " + b.At
	}
	if e.Kind == unit.SnapshotLost {
		out.Level, out.Text = LevelWarn, "snapshot "+b.ID+" of "+b.Connection+" lost: "+b.Why
	}
}

func tellVerified(out *Event, e unit.Event) {
	b := body[VerifyTable](e)
	out.Body = b
	out.Text = joined(b.Entity+" "+strings.ReplaceAll(b.Result, "_", " "), cmp.Or(b.Why, Aside(b.Aside)))
	if b.Result != "equal" {
		out.Level = LevelWarn
	}
}

func tellDifference(out *Event, e unit.Event) {
	b := body[VerifyDifference](e)
	var journal struct { // its text would stand beside the line's own
		Text string `json:"text"`
	}
	_ = json.Unmarshal(e.Body, &journal) // what cannot be read is not told
	if b.Text == "" {
		b.Text = journal.Text
	}
	out.Level, out.Body = LevelWarn, b
	out.Text = b.Entity
	if len(b.Key) > 0 {
		out.Text += " " + strings.Join(b.Key, ", ")
	}
	out.Text = joined(out.Text+" differs", b.Text)
}

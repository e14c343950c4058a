package chronicle

import (
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"godwit/internal/fault"
	"godwit/internal/unit"
)

// Waited is a spell in which a step waited instead of working: from its
// beginning to its end, also over processes that died meanwhile.
type Waited struct {
	Step, Gate   string // gate: time, probe, approve
	Text         string // for what
	Outcome      string // "" = not over
	Actor        string // who approved
	Began, Ended time.Time
}

// waiter is a step that waits: by which gate, and for what as far as its flow says.
type waiter struct{ gate, text string }

// frozenNode is a step as it stands in a run's plan.
type frozenNode struct {
	ID, Kind       string
	Steps, Finally []frozenNode
	Wait           struct {
		For   time.Duration
		Until time.Time
		Expr  string
	}
	WaitFor struct {
		Unit struct {
			Spec struct{ Spec struct{ At, Until string } }
		}
	} `json:"wait_for"`
	Approve struct{ Text string }
}

// waiters are the steps of a flow that wait, by their ids.
func waiters(plan json.RawMessage) map[string]waiter {
	var frozen struct {
		Graph struct{ Steps, Finally []frozenNode }
	}
	if json.Unmarshal(plan, &frozen) != nil {
		return nil // told by who reads the rest of it
	}
	all := map[string]waiter{}
	var add func([]frozenNode)
	add = func(list []frozenNode) {
		for _, n := range list {
			if w := n.waiter(); w.gate != "" {
				all[n.ID] = w
			}
			add(n.Steps)
			add(n.Finally)
		}
	}
	add(frozen.Graph.Steps)
	add(frozen.Graph.Finally)
	return all
}

func (n frozenNode) waiter() waiter {
	of := n.WaitFor.Unit.Spec.Spec
	switch {
	case n.Kind == "approve":
		return waiter{"approve", "asks " + strconv.Quote(n.Approve.Text)}
	case n.Kind == "wait_for" && of.Until == "":
		return waiter{"probe", strings.TrimSpace("waits for " + of.At)}
	case n.Kind == "wait_for":
		return waiter{"probe", strings.Join(strings.Fields("waits until "+of.Until), " ")}
	case n.Kind == "wait" && n.Wait.Expr != "":
		return waiter{"time", "waits " + n.Wait.Expr}
	case n.Kind == "wait" && n.Wait.Until.IsZero():
		return waiter{"time", "waits " + n.Wait.For.String()}
	case n.Kind == "wait":
		return waiter{"time", "waits until " + n.Wait.Until.Format(time.RFC3339)}
	}
	return waiter{}
}

// wait goes on with the spells.
func (s *Story) wait(e unit.Event) {
	step, _, _ := strings.Cut(e.Node, "[")
	gate := s.gates[step].gate
	if gate == "" {
		return
	}
	i := slices.IndexFunc(s.Waited, func(w Waited) bool { return w.Step == e.Node && w.Outcome == "" })
	switch {
	case e.Kind == unit.NodeEntered && i < 0:
		if b, err := unit.Decode[unit.Entered](e); err == nil && len(b.Items) == 0 {
			s.Waited = append(s.Waited, Waited{Step: e.Node, Gate: gate, Text: s.gates[step].text, Began: e.At})
		}
	case i < 0:
	case e.Kind == unit.WaitBegan:
		if w, err := unit.Decode[unit.Wait](e); err == nil && w.Gate == gate {
			s.Waited[i].Text = w.Text
		}
	case e.Kind == unit.RunApproved:
		s.Waited[i].Actor = e.Actor
	case e.Kind == unit.NodeLeft:
		b, _ := unit.Decode[unit.Left](e)
		s.Waited[i].Outcome, s.Waited[i].Ended = b.Outcome, e.At
		if b.Outcome == "skipped" {
			s.Waited = slices.Delete(s.Waited, i, i+1)
		}
	}
}

// Waits reports whether an event is told by a spell of Waited.
func (s *Story) Waits(e unit.Event) bool {
	step, _, _ := strings.Cut(e.Node, "[")
	w, err := unit.Decode[unit.Wait](e)
	return err == nil && e.Node != "" && s.gates[step].gate == w.Gate
}

// unanswered adds to the fault of a step that waited in vain what it was answered
// last, and how it is waited on.
func (s *Story) unanswered(node string, f fault.Fault) fault.Fault {
	f.Lines = slices.Clone(f.Lines)
	add := func(label, text string) { f.Lines = append(f.Lines, fault.Line{Label: label, Text: text}) }
	for _, u := range s.units {
		if u.Step != node || u.Kind != probes {
			continue
		}
		var of struct{ Spec struct{ At, Until string } }
		if json.Unmarshal(u.Spec, &of) == nil && of.Spec.Until != "" {
			add("until", strings.Join(strings.Fields(of.Spec.Until), " "))
		}
		times := fmt.Sprintf("%d times", u.Attempt)
		if u.Attempt == 1 {
			times = "once"
		}
		add("asked", strings.TrimSpace(of.Spec.At+" "+times))
		if text := s.answers[u.ID]; text != "" {
			add("answer", text)
		}
	}
	f.Next = append(slices.Clone(f.Next), "godwit resume "+s.Run.Name()+" waits again, with all its time")
	return f
}

// heard notes what units that ask were answered.
func (s *Story) heard(e unit.Event) {
	b, err := unit.Decode[unit.Ended](e)
	if err != nil {
		return
	}
	text := ""
	if json.Unmarshal(b.Facts, &text) != nil && b.Fault != nil {
		text = b.Fault.Text
	}
	if s.answers == nil {
		s.answers = map[string]string{}
	}
	s.answers[e.Unit] = text
}

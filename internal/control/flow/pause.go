package flow

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"godwit/internal/control/flow/decode"
	"godwit/internal/control/plan/graph"
	"godwit/internal/expression/pieces"
	"godwit/internal/fault"
	"godwit/internal/unit"
)

// The verbs whose steps wait instead of working.
const (
	Waits    = "wait"     // for a time
	WaitsFor = "wait_for" // for an answer
	Asks     = "approve"  // for a person
)

// Waits reports whether the step waits instead of working.
func (s Step) Waits() bool { return slices.Contains([]string{Waits, WaitsFor, Asks}, s.Verb) }

// Wait is the spec of a step that waits for a time.
type Wait struct {
	Time Moment `flow:"time,required,alone" help:"how long, as 10m, or until when, as 2026-12-01T08:00:00+01:00 or 2026-12-01 08:00 Europe/Berlin" json:"time"`
	// Expr gives the time when it is only known as the step begins, and Text is what
	// is written; else empty.
	Expr string `json:"expr,omitempty"`
	Text string `json:"text,omitempty"`
}

// Moment is a duration from when the step begins, or a time.
type Moment struct {
	For   time.Duration `json:"for,omitempty"`
	Until time.Time     `json:"until,omitzero"`
}

// ReadPlain is tag.PlainReader's.
func (m *Moment) ReadPlain(v any) error {
	text, ok := v.(string)
	if !ok {
		return fault.New(fault.Config, "flow.value", "is a text, not %v", v).Hint("write a duration with its unit, as 10m")
	}
	p, err := graph.ReadPause(text)
	if err != nil {
		return fault.New(fault.Config, "flow.value", "%w", err).
			Hint("write 10m, 2026-12-01T08:00:00+01:00, or 2026-12-01 08:00 Europe/Berlin")
	}
	m.For, m.Until = p.For, p.Until
	return nil
}

// words says what is waited for.
func (w *Wait) words() string {
	switch {
	case w.Expr != "":
		return "waits " + w.Text
	case !w.Time.Until.IsZero():
		return "waits until " + w.Time.Until.Format("2006-01-02 15:04:05 MST")
	}
	return "waits " + decode.TextOf(w.Time.For)
}

// WaitVerb is the verb for the language. The Machine does all of it.
func WaitVerb() unit.Verb {
	return unit.Verb{
		Name: Waits, Help: "Wait for some time, or until a time; the clock goes on while nobody drives the run",
		Spec:   func() any { return &Wait{} },
		Needs:  func(any) (unit.Needs, error) { return unit.Needs{}, nil },
		Limits: func(any, int) map[string]int { return nil },
		Waits:  func(spec any) unit.Waiting { return unit.Waiting{Text: spec.(*Wait).words()} },
	}
}

// Ask is the spec of a step that waits for a person.
type Ask struct {
	Text    string        `flow:"ask,required" help:"question that a person answers by godwit approve RUN" json:"ask"`
	Role    string        `flow:"role" enum:"operator,owner" default:"operator" help:"who is to answer; it stands beside the question, the command line knows no roles" json:"role"`
	Timeout time.Duration `flow:"timeout" help:"longest wait, then the step fails; without it, as long as it takes" json:"timeout,omitempty"`
}

// ApproveVerb is the verb for the language. The Machine does all of it.
func ApproveVerb() unit.Verb {
	return unit.Verb{
		Name: Asks, Help: "Wait until a person approves: godwit approve RUN",
		Spec:   func() any { return &Ask{} },
		Needs:  func(any) (unit.Needs, error) { return unit.Needs{}, nil },
		Limits: func(any, int) map[string]int { return nil },
		Waits: func(spec any) unit.Waiting {
			a := spec.(*Ask)
			return unit.Waiting{Text: fmt.Sprintf("asks %q, for the %s", a.Text, a.Role), Timeout: a.Timeout, Otherwise: "fail"}
		},
	}
}

// waiting checks and fills in what only steps that wait have.
func (d *decoder) waiting(s *Step, value *Node, attributes *Node) {
	if d.Later.Waits() {
		written := value
		for _, key := range []string{"time", "ask"} {
			if f := value.Field(key); f != nil {
				written = f.Value
			}
		}
		switch own := s.Spec.(type) {
		case *Wait:
			own.Expr, own.Text = d.joined(written), written.Text
		case *Ask: // until it is filled in, for the plan
			own.Text = cmp.Or(own.Text, written.Text)
		}
	}
	if s.Each != nil || d.filling {
		return // attributes are those of all items together
	}
	for _, f := range attributes.Fields {
		next := map[string]string{
			"retry": "take it away: a step that waits has nothing that is tried again", "snapshot": "take it away: a step that waits moves nothing",
			"timeout": "write it in " + s.Verb + ": {timeout: " + f.Value.Text + "}",
		}
		if s.Verb == WaitsFor {
			next["retry"] = "take it away: every and timeout of wait_for say how it is asked again"
		}
		if s.Verb == Waits {
			next["timeout"] = "take it away: it is over at its time"
		}
		if hint := next[f.Name]; hint != "" {
			d.Add(f.Spot, "flow.value", fmt.Sprintf("%s of a step does not go with %s", f.Name, s.Verb), hint)
		}
	}
}

// joined is a text with ${...} as one expression.
func (d *decoder) joined(n *Node) string {
	pieces, err := pieces.Cut(n.Text)
	if err != nil {
		return "" // told
	}
	if len(pieces) == 1 && pieces[0].Expr {
		return strings.TrimSpace(pieces[0].Text)
	}
	var parts []string
	for _, p := range pieces {
		if p.Expr {
			parts = append(parts, "string("+strings.TrimSpace(p.Text)+")")
			continue
		}
		parts = append(parts, strconv.Quote(p.Text))
	}
	return strings.Join(parts, " + ")
}

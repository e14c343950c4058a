// Package message is what receivers of alarms are sent: the JSON of webhooks and
// commands, and the text of mails. Its form does not change within V.
package message

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"godwit/internal/record"
)

// Message is one message about a run. Times are RFC 3339.
type Message struct {
	Type      string      `json:"type"` // alarm
	V         int         `json:"v"`    // 1
	ID        string      `json:"id"`   // the same when it is sent again
	Test      bool        `json:"test"` // sent by godwit alarms test: nothing has happened
	Run       string      `json:"run"`
	Flow      string      `json:"flow"`
	Env       string      `json:"env"`
	Rehearsal bool        `json:"rehearsal"`
	At        time.Time   `json:"at"`    // when it was made
	Event     string      `json:"event"` // the first of Events
	Events    []Event     `json:"events"`
	Counts    Counts      `json:"counts"`
	Outcome   string      `json:"outcome,omitempty"` // once the run has ended: done, failed, stopped, cancelled
	Exit      *int        `json:"exit,omitempty"`
	Text      string      `json:"text"` // all of it in one line
	Next      []string    `json:"next"` // commands that tell more or go on
	Report    *Attachment `json:"report,omitempty"`
}

// Event is what happened, Count times since the message before.
type Event struct {
	Event string    `json:"event"`
	Count int64     `json:"count"`
	First time.Time `json:"first"`
	Last  time.Time `json:"last"`
	Run   string    `json:"run"`  // where it happened: the run, or one that it called
	Text  string    `json:"text"` // of the first
	Next  []string  `json:"-"`
	Seq   int64     `json:"-"` // last event of the journal that it covers, 0 for none
	State bool      `json:"-"` // it is so from some moment on, and told once
}

// Counts are the run's records as of now, with those of the runs that it called.
type Counts struct {
	Read      int64 `json:"read"`
	Applied   int64 `json:"applied"`
	Unchanged int64 `json:"unchanged"`
	Filtered  int64 `json:"filtered"`
	Rejected  int64 `json:"rejected"`
	Dead      int64 `json:"dead"`
	Pending   int64 `json:"pending"`
	Issues    int64 `json:"issues"`
}

// CountsOf are those of an account.
func CountsOf(a record.Account, issues int64) Counts {
	return Counts{a.Read, a.Applied, a.Equal + a.Superseded + a.Redelivered, a.Filtered, a.Rejected, a.Dead, a.Pending, issues}
}

// Attachment is a file that goes with a message; JSON has its content in base64.
type Attachment struct {
	Name    string `json:"name"`
	Type    string `json:"type"`
	Content []byte `json:"content"`
}

// JSON is the message for programs.
func (m Message) JSON() ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	err := e.Encode(m)
	return b.Bytes(), err
}

// Subject is the line above a mail.
func (m Message) Subject() string {
	var what []string
	for _, e := range m.Events {
		what = append(what, e.Event)
	}
	at := ""
	if m.Env != "" {
		at = " (" + m.Env + ")"
	}
	return "[godwit] " + mark(m.Test, "test: ") + mark(m.Rehearsal, "rehearsal: ") + m.Run + at + ": " + strings.Join(what, ", ")
}

func mark(is bool, text string) string {
	if !is {
		return ""
	}
	return text
}

// Line is the message in one line.
func (m Message) Line() string {
	var parts []string
	for _, e := range m.Events {
		text := e.Event + ": " + e.Text
		if e.Count > 1 {
			text += fmt.Sprintf(" (%d times)", e.Count)
		}
		if e.Run != m.Run {
			text = e.Run + " " + text
		}
		parts = append(parts, text)
	}
	return mark(m.Test, "TEST ") + m.Run + "  " + strings.Join(parts, "; ")
}

// Body is a mail's text; list is what its reader has to mend, empty for nothing.
func (m Message) Body(list string) string {
	var b strings.Builder
	if m.Test {
		b.WriteString("This is a test: nothing has happened.\n\n")
	}
	fmt.Fprintf(&b, "Run   %s\n", m.Run)
	if m.Env != "" {
		fmt.Fprintf(&b, "Where %s\n", m.Env+mark(m.Rehearsal, ", a rehearsal"))
	}
	if m.Exit != nil {
		fmt.Fprintf(&b, "End   %s, exit %d\n", m.Outcome, *m.Exit)
	}
	b.WriteString("\n")
	for _, e := range m.Events {
		fmt.Fprintf(&b, "%s  %s", e.Last.Format("2006-01-02 15:04:05 MST"), e.Event)
		if e.Count > 1 {
			fmt.Fprintf(&b, " (%d times)", e.Count)
		}
		fmt.Fprintf(&b, "\n    %s\n", e.Text)
	}
	c := m.Counts
	fmt.Fprintf(&b, "\nRecords: %d read, %d applied, %d unchanged, %d filtered, %d rejected, %d dead, %d pending; %d issues\n",
		c.Read, c.Applied, c.Unchanged, c.Filtered, c.Rejected, c.Dead, c.Pending, c.Issues)
	if list != "" {
		b.WriteString("\n" + list)
	}
	if len(m.Next) > 0 {
		b.WriteString("\nNext:\n")
		for _, n := range m.Next {
			b.WriteString("    " + n + "\n")
		}
	}
	return b.String()
}

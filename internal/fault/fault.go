// Package fault gives errors a kind, a stable code and a next step. The kind
// is set where it is known (a connector sees the SQLSTATE); everything above
// asks for it: the Machine to retry, the command line to choose an exit code.
package fault

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"
)

// Kind says what may be done about an error.
type Kind string

// The kinds. Unavailable, Throttled and Conflict pass by themselves and are
// retried; Internal is retried carefully; the others need a person.
const (
	Config      Kind = "config"
	Denied      Kind = "denied"
	Unavailable Kind = "unavailable"
	Throttled   Kind = "throttled"
	Conflict    Kind = "conflict"
	Data        Kind = "data"
	Cancelled   Kind = "cancelled"
	Internal    Kind = "internal"
)

// Line is one labelled line below an error's first: {"row", "id=4711"}.
type Line struct {
	Label string `json:"label"`
	Text  string `json:"text"`
}

// Fault is an error as it stands in the journal, in --json and in the report.
// It is a value: safe to copy, and it never holds a secret or a row's content
// that was not declared printable.
type Fault struct {
	Kind  Kind     `json:"kind"`
	Code  string   `json:"code"`
	Text  string   `json:"text"`
	Lines []Line   `json:"lines,omitempty"`
	Next  []string `json:"next,omitempty"`
	// Since is from when on it has been so, of what was waited for before it became an
	// error; zero: it is new.
	Since time.Time `json:"since,omitzero"`
}

// Error is a fault on its way up: operation and object are added by Wrap, once
// per layer, without losing kind, code, lines and next steps.
type Error struct {
	Fault
	err error
}

// New makes an error of a kind with a stable code ("data.too-long"). The text
// says operation and object; a %w in it keeps the cause.
func New(kind Kind, code, format string, args ...any) *Error {
	err := fmt.Errorf(format, args...)
	return &Error{Fault: Fault{Kind: kind, Code: code, Text: err.Error()}, err: errors.Unwrap(err)}
}

// With adds a labelled line and returns the same error.
func (e *Error) With(label, format string, args ...any) *Error {
	e.Lines = append(e.Lines, Line{label, fmt.Sprintf(format, args...)})
	return e
}

// Hint adds a next step, ready to be typed or read, and returns the same error.
func (e *Error) Hint(format string, args ...any) *Error {
	e.Next = append(e.Next, fmt.Sprintf(format, args...))
	return e
}

func (e *Error) Error() string { return e.Text }

// Unwrap returns the cause, if New was given one.
func (e *Error) Unwrap() error { return e.err }

// Wrap puts operation and object before err's text. It returns nil for nil.
func Wrap(err error, format string, args ...any) error {
	if err == nil {
		return nil
	}
	f := Of(err)
	f.Text = fmt.Sprintf(format, args...) + ": " + f.Text
	return &Error{Fault: f, err: err}
}

// Stood says from when on it has been so, unless the error knows.
func Stood(err error, since time.Time) error {
	f := Of(err)
	if f.Since.IsZero() {
		f.Since = since.UTC()
	}
	return &Error{Fault: f, err: err}
}

// Of flattens any error into a Fault. Errors without a kind are internal;
// those of a cancelled or expired context are cancelled; of several joined
// ones the first decides and the others' texts follow.
func Of(err error) Fault {
	var e *Error
	switch {
	case err == nil:
		return Fault{}
	case errors.As(err, &e):
		f := e.Fault
		f.Text = err.Error()
		return f
	case errors.Is(err, context.Canceled):
		return Fault{Kind: Cancelled, Code: "run.cancelled", Text: err.Error()}
	case errors.Is(err, context.DeadlineExceeded):
		return Fault{Kind: Unavailable, Code: "time.out", Text: err.Error()}
	}
	return Fault{Kind: Internal, Code: "internal", Text: err.Error()}
}

// KindOf is Of(err).Kind.
func KindOf(err error) Kind { return Of(err).Kind }

// CodeOf is Of(err).Code.
func CodeOf(err error) string { return Of(err).Code }

// Passing reports whether an error of this kind may pass by itself.
func (k Kind) Passing() bool {
	return k == Unavailable || k == Throttled || k == Conflict
}

// Error makes a Fault read from the journal an error again.
func (f Fault) Error() string { return f.Text }

// String is the fault as a log line: text and code.
func (f Fault) String() string {
	return strings.TrimSpace(f.Text) + " [" + f.Code + "]"
}

package statement

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"godwit/internal/catalog"
	"godwit/internal/unit"
)

// Statement is the spec of the sql verb.
type Statement struct {
	At       string            `flow:"at,required,name" help:"connection"`
	Query    string            `flow:"query,required,sql" help:"statement, or a file that ends in .sql; :path binds a value in scope"`
	With     map[string]string `flow:"with,exprs" help:"values for :names in query"`
	Unmarked bool              `flow:"unmarked" default:"false" help:"run it outside of a transaction, for statements that must; after a crash it may then run twice"`
	Undo     *Undo             `flow:"undo" help:"what takes the statement back: it runs when the list of steps around fails or is cancelled, the last first"`
	Args     []byte            `flow:",args"`
}

// Undo is the statement that takes one back: at the same connection, in the same
// manner.
type Undo struct {
	Query string            `flow:"query,required,sql" help:"statement, or a file that ends in .sql; :path binds a value in scope, as it was when the step began"`
	With  map[string]string `flow:"with,exprs" help:"values for :names in query"`
	Args  []byte            `flow:",args"`
}

// Verb is the sql verb.
func Verb() unit.Verb {
	return unit.Verb{
		Name:  "sql",
		Help:  "Run a statement; rows and count are there for later steps",
		Spec:  func() any { return &Statement{} },
		Check: func(spec any) []unit.Problem { return spec.(*Statement).check() },
		Needs: func(spec any) (unit.Needs, error) {
			at := spec.(*Statement).At
			return unit.Needs{From: at, To: at, Select: catalog.Only(), Statement: true}, nil
		},
		Limits: func(any, int) map[string]int { return nil },
		Kinds:  map[string]unit.Kind{"statement": {Marked: true}, "marks": {Resting: true}, "undo": {}},
		Undoes: func(spec any) bool { return spec.(*Statement).Undo != nil },
		Notes:  func(spec any, _ catalog.Facts) []unit.Note { return spec.(*Statement).notes() },
		Plan: func(step string, spec any, _ catalog.Facts) ([]unit.Unit, error) {
			return plan(step, spec.(*Statement)), nil
		},
	}
}

// control are the words of statements about the transaction itself.
var control = []string{"begin", "start", "commit", "end", "rollback", "abort", "savepoint", "release", "prepare"}

var firstWord = regexp.MustCompile(`^(?:\s|--[^\n]*(?:\n|$)|/\*(?s:.*?)\*/|;)*([A-Za-z]*)`)

func (s *Statement) check() []unit.Problem {
	wrong := controls("query", s.Query)
	if s.Undo != nil {
		wrong = append(wrong, controls("undo.query", s.Undo.Query)...)
	}
	return wrong
}

func controls(path, query string) []unit.Problem {
	word := strings.ToLower(firstWord.FindStringSubmatch(query)[1])
	if slices.Contains(control, word) {
		return []unit.Problem{{Path: path, Code: "statement.control", Text: fmt.Sprintf("%s is about the transaction, which the step has for itself", strings.ToUpper(word)),
			Next: []string{"leave it out: each statement runs in a transaction of its own, together with its mark"}}}
	}
	return nil
}

// spec is a unit of kind statement.
type spec struct {
	To       string `json:"to"`
	Query    string `json:"query"`
	Args     []byte `json:"args,omitempty"`
	Unmarked bool   `json:"unmarked,omitempty"`
	Of       string `json:"of,omitempty"` // of what takes back: the statement's unit
}

const classOther = "other"

func plan(step string, s *Statement) []unit.Unit {
	run := unit.Unit{
		ID: unit.ID(step, "statement", "all", 1), Step: step, Kind: "statement", Class: classOther, Weight: 1, Tags: []string{"ran"}, Gives: true,
		Spec: unit.Body(spec{s.At, s.Query, s.Args, s.Unmarked, ""}),
	}
	marks := unit.Unit{
		ID: unit.ID(step, "marks", "all", 1), Step: step, Kind: "marks", Class: classOther, Weight: 1,
		Spec: unit.Body(map[string]string{"to": s.At}),
	}
	switch {
	case s.Undo != nil: // the mark says what is to be taken back, as long as something may be
		run.Undo = &unit.Undo{Keep: marks, Back: unit.Unit{
			ID: unit.ID(step, "undo", "all", 1), Step: step, Kind: "undo", Class: classOther, Weight: 1,
			Spec: unit.Body(spec{s.At, s.Undo.Query, s.Undo.Args, s.Unmarked, run.ID}),
		}}
	case !s.Unmarked:
		marks.After = []string{"ran"}
		return []unit.Unit{run, marks}
	}
	return []unit.Unit{run}
}

// notes say what takes the statement back.
func (s *Statement) notes() []unit.Note {
	if s.Undo == nil {
		return nil
	}
	return []unit.Note{{Label: "undo", Text: "when its list fails or is cancelled: " + strings.Join(strings.Fields(s.Undo.Query), " ")}}
}

package statement

import (
	"encoding/json"
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
	Args     []byte            `flow:",args"`
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
		Kinds:  map[string]unit.Kind{"statement": {Marked: true}, "marks": {Resting: true}},
		Plan: func(step string, spec any, _ catalog.Facts) ([]unit.Unit, error) {
			return plan(step, spec.(*Statement)), nil
		},
	}
}

// control are the words of statements about the transaction itself.
var control = []string{"begin", "start", "commit", "end", "rollback", "abort", "savepoint", "release", "prepare"}

var firstWord = regexp.MustCompile(`^(?:\s|--[^\n]*(?:\n|$)|/\*(?s:.*?)\*/|;)*([A-Za-z]*)`)

func (s *Statement) check() []unit.Problem {
	word := strings.ToLower(firstWord.FindStringSubmatch(s.Query)[1])
	if slices.Contains(control, word) {
		return []unit.Problem{{Path: "query", Code: "statement.control", Text: fmt.Sprintf("%s is about the transaction, which the step has for itself", strings.ToUpper(word)),
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
}

const classOther = "other"

func plan(step string, s *Statement) []unit.Unit {
	run := unit.Unit{
		ID: unit.ID(step, "statement", "all", 1), Step: step, Kind: "statement", Class: classOther, Weight: 1, Tags: []string{"ran"}, Gives: true,
		Spec: encode(spec{s.At, s.Query, s.Args, s.Unmarked}),
	}
	if s.Unmarked {
		return []unit.Unit{run}
	}
	return []unit.Unit{run, {
		ID: unit.ID(step, "marks", "all", 1), Step: step, Kind: "marks", Class: classOther, Weight: 1, After: []string{"ran"},
		Spec: encode(map[string]string{"to": s.At}),
	}}
}

func encode(v any) json.RawMessage {
	b, err := json.Marshal(v)
	if err != nil {
		panic(fmt.Sprintf("encode unit spec: %v", err))
	}
	return b
}

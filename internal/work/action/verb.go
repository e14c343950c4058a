package action

import (
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"godwit/internal/catalog"
	"godwit/internal/unit"
	"godwit/internal/unit/request"
)

// WaitFor is the spec of the wait_for verb.
type WaitFor struct {
	At        string            `flow:"at,required,name" help:"connection that is asked; without query and request, whether it answers at all"`
	Query     string            `flow:"query,sql" help:"statement whose rows until looks at, or a file that ends in .sql; :path binds a value in scope"`
	With      map[string]string `flow:"with,exprs" help:"values for :names in query"`
	Request   string            `flow:"request,request" help:"of APIs: GET /PATH below the connection's URL, whose answer until looks at; a value of ${} is encoded as one part of the path"`
	Params    request.Params    `flow:"params" help:"of request: parameters by their names; null is left out, a list is given as often as it is long"`
	Until     string            `flow:"until,expr" help:"what has to be so: over rows of a query, over status, headers and body of a request"`
	Every     time.Duration     `flow:"every" default:"10s" help:"time between an answer and the next question"`
	Timeout   time.Duration     `flow:"timeout" help:"longest wait; without it, as long as it takes"`
	Otherwise string            `flow:"otherwise" enum:"fail,continue,end" default:"fail" help:"what then: the step fails, the flow goes on, or it ends as skipped, exit 0"`
	Args      []byte            `flow:",args"`
	Scope     []byte            `flow:",scope"`
}

// Verb is the wait_for verb.
func Verb() unit.Verb {
	return unit.Verb{
		Name:  "wait_for",
		Help:  "Wait until a system answers, or answers what is wanted",
		Spec:  func() any { return &WaitFor{} },
		Check: func(spec any) []unit.Problem { return spec.(*WaitFor).check() },
		Needs: func(spec any) (unit.Needs, error) {
			s := spec.(*WaitFor)
			n := unit.Needs{From: s.At, Select: catalog.Only()}
			if s.Query != "" || s.Request != "" {
				n.Records = &unit.Records{Query: catalog.Query{SQL: s.Query, Request: s.Request}}
			}
			return n, nil
		},
		Limits: func(any, int) map[string]int { return nil },
		Waits: func(spec any) unit.Waiting {
			s := spec.(*WaitFor)
			return unit.Waiting{Text: s.words(), Every: s.Every, Timeout: s.Timeout, Otherwise: s.Otherwise}
		},
		Kinds: map[string]unit.Kind{"probe": {}},
		Plan: func(step string, spec any, _ catalog.Facts) ([]unit.Unit, error) {
			b, err := json.Marshal(spec)
			return []unit.Unit{{ID: unit.ID(step, "probe", "all", 1), Step: step, Kind: "probe", Class: "other", Weight: 1, Spec: b}}, err
		},
	}
}

// words says what is waited for.
func (s *WaitFor) words() string {
	at := s.At
	if at == "" {
		at = "the connection" // that is only known when the step begins
	}
	if s.Until == "" {
		return "waits until " + at + " answers"
	}
	return "waits until " + strings.Join(strings.Fields(s.Until), " ") + " at " + at
}

// check finds what the tags cannot say.
func (s *WaitFor) check() []unit.Problem {
	wrong := func(path, text string, next ...string) []unit.Problem {
		return []unit.Problem{{Path: path, Code: "wait.invalid", Text: text, Next: next}}
	}
	switch {
	case s.Query != "" && s.Request != "":
		return wrong("request", "wait_for has a query or a request, not both", "make two steps of it")
	case s.Query == "" && s.Request == "" && s.Until != "":
		return wrong("until", "until looks at an answer, and nothing is asked", "add query, a statement whose rows it looks at, or request, GET and a path")
	case s.Query != "" && s.Until == "":
		return wrong("query", "query in wait_for needs until", `until: "rows[0].open == 0"`)
	case s.Request != "" && s.Until == "":
		return wrong("request", "request in wait_for needs until", `until: "status == 200"`)
	case s.Query == "" && len(s.With) > 0:
		return wrong("with", "with in wait_for belongs to query")
	case s.Request == "" && len(s.Params) > 0:
		return wrong("params", "params in wait_for belong to request")
	case s.Request != "" && request.Wrong(s.Request, "GET") != "":
		return wrong("request", "request in wait_for: "+request.Wrong(s.Request, "GET"))
	case s.Every <= 0:
		return wrong("every", "every in wait_for is longer than nothing", "every: 10s")
	case s.Until == "":
		return nil
	}
	var all []unit.Problem
	_, problems := s.compile()
	for _, p := range problems {
		one := unit.Problem{Path: "until", Code: "wait.invalid", Text: fmt.Sprintf("until %d:%d: %s", p.Line, p.Column, p.Text)}
		if p.Next != "" {
			one.Next = []string{p.Next}
		}
		all = append(all, one)
	}
	return all
}

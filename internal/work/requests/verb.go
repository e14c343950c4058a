package requests

import (
	"cmp"
	"fmt"

	"godwit/internal/catalog"
	"godwit/internal/expression"
	"godwit/internal/record"
	"godwit/internal/unit"
	"godwit/internal/unit/request"
)

// HTTP is the spec of the http verb.
type HTTP struct {
	At      string            `flow:"at,required,name" help:"connection"`
	Request string            `flow:"request,required,request" help:"METHOD /PATH below the connection's URL; a value of ${} is encoded as one part of the path"`
	Params  request.Value     `flow:"params" help:"parameters by their names; null is left out, a list is given as often as it is long"`
	Headers map[string]string `flow:"headers" help:"headers beside those of the connection"`
	Body    *request.Value    `flow:"body" help:"sent as JSON"`
	Success string            `flow:"success,expr" help:"what tells an answer from an error, over status, headers and body; default is the connection's"`
	InDoubt *request.Doubt    `flow:"in_doubt" help:"what to do when the answer is lost and nobody knows whether it took effect: repeat, idempotency_key, ask, or a look-up; must be there for POST and PATCH, default for others is repeat"`
	Undo    *Undo             `flow:"undo" help:"the request that takes it back: it is sent when the list of steps around fails or is cancelled, the last first"`
	Scope   []byte            `flow:",scope"`
}

// Undo is the request that takes one back, at the same connection. Beside what is
// in scope ${} knows status, headers and body of the answer to the one before.
type Undo struct {
	Request string            `flow:"request,required,request,template" help:"METHOD /PATH; status, headers and body are those of the answer to the request that is taken back"`
	Params  request.Value     `flow:"params,template" help:"parameters by their names"`
	Headers map[string]string `flow:"headers,template" help:"headers beside those of the connection"`
	Body    *request.Value    `flow:"body,template" help:"sent as JSON"`
	Success string            `flow:"success,expr" help:"what tells an answer from an error, over status, headers and body; default is the connection's"`
	InDoubt *request.Doubt    `flow:"in_doubt" help:"as of the request itself"`
}

// Verb is the http verb.
func Verb() unit.Verb {
	return unit.Verb{
		Name:  "http",
		Help:  "Send a request to an API, once; status, headers and body are there for later steps",
		Spec:  func() any { return &HTTP{} },
		Check: func(spec any) []unit.Problem { return spec.(*HTTP).check() },
		Early: func(spec any) []unit.Problem { return spec.(*HTTP).words() },
		Needs: func(spec any) (unit.Needs, error) {
			at := spec.(*HTTP).At
			return unit.Needs{From: at, To: at, Select: catalog.Only(), Requests: true}, nil
		},
		Limits: func(any, int) map[string]int { return nil },
		Kinds:  map[string]unit.Kind{kindRequest: {}, kindBack: {}, kindKept: {}},
		Undoes: func(spec any) bool { return spec.(*HTTP).Undo != nil },
		Notes:  func(spec any, _ catalog.Facts) []unit.Note { return spec.(*HTTP).notes() },
		Plan: func(step string, spec any, _ catalog.Facts) ([]unit.Unit, error) {
			return plan(step, spec.(*HTTP)), nil
		},
	}
}

// Kinds of units.
const (
	kindRequest = "request"
	kindBack    = "takeback"
	kindKept    = "kept"
)

// spec is that of all of a step's units.
type spec struct {
	HTTP
	Of string `json:"of,omitempty"` // of what takes back: the request's unit
}

func plan(step string, h *HTTP) []unit.Unit {
	one := func(kind string, of string) unit.Unit {
		return unit.Unit{ID: unit.ID(step, kind, "all", 1), Step: step, Kind: kind, Class: "other", Weight: 1, Spec: unit.Body(spec{*h, of})}
	}
	u := one(kindRequest, "")
	if u.Gives = true; h.Undo != nil {
		u.Undo = &unit.Undo{Back: one(kindBack, u.ID), Keep: one(kindKept, u.ID)}
	}
	return []unit.Unit{u}
}

var methods = []string{"GET", "POST", "PUT", "PATCH", "DELETE"}

// reads reports whether a request changes nothing.
func reads(text string) bool { return request.Method(text) == "GET" }

// words checks what is known whatever comes later.
func (h *HTTP) words() (wrong []unit.Problem) {
	wrong = sending("", h.Request, h.InDoubt)
	if h.Undo != nil {
		wrong = append(wrong, sending("undo.", h.Undo.Request, h.Undo.InDoubt)...)
	}
	return wrong
}

// sending checks a request and what is done when its answer is lost. What is not
// known yet is empty.
func sending(at, text string, d *request.Doubt) (wrong []unit.Problem) {
	if text == "" {
		return nil
	}
	if why := request.Wrong(text, methods...); why != "" {
		return problems(at, []request.Problem{{Path: "request", Text: "request: " + why}})
	}
	return problems(at, d.Problems(request.Method(text)))
}

// problems are those of a request below a key.
func problems(at string, of []request.Problem) (wrong []unit.Problem) {
	for _, p := range of {
		wrong = append(wrong, unit.Problem{Path: at + cmp.Or(p.Path, "request"), Code: "request.invalid", Text: at + p.Text, Next: p.Next})
	}
	return wrong
}

// check finds what the tags cannot say.
func (h *HTTP) check() (wrong []unit.Problem) {
	wrong = h.words()
	success := func(path, code string) {
		if code == "" {
			return
		}
		_, found := expression.Compile(code, answers(nil), catalog.KindBool)
		for _, p := range found {
			one := unit.Problem{Path: path, Code: "request.invalid", Text: path + ": " + p.Text}
			if p.Next != "" {
				one.Next = []string{p.Next}
			}
			wrong = append(wrong, one)
		}
	}
	success("success", h.Success)
	if _, err := request.ParamsOf(h.Params.V); err != nil {
		wrong = append(wrong, unit.Problem{Path: "params", Code: "request.invalid", Text: "params: " + err.Error()})
	}
	if h.Undo != nil {
		success("undo.success", h.Undo.Success)
	}
	known, err := record.DecodeObject(h.Scope)
	if err != nil || len(wrong) > 0 { // of what is wrong already nothing more is known
		return wrong
	}
	_, found := lookUp(h.InDoubt, knows(known))
	wrong = problems("", found)
	if h.Undo == nil {
		return wrong
	}
	_, found = h.Undo.compile(known)
	wrong = append(wrong, problems("undo.", found)...)
	_, found = lookUp(h.Undo.InDoubt, answers(known))
	return append(wrong, problems("undo.", found)...)
}

// lookUp compiles that of a request in doubt, nil when there is none.
func lookUp(d *request.Doubt, s expression.Scope) (*request.LookUp, []request.Problem) {
	if d.Does() != "" {
		return nil, nil
	}
	return d.LookUp(s)
}

// knows is what is in scope of the request itself.
func knows(known record.Object) expression.Scope { return expression.Scope{Env: known} }

// answers is what expressions about an answer may name, beside what is in scope.
func answers(known record.Object) expression.Scope {
	env := map[string]any{}
	s := request.Answer(env)
	for name, v := range known {
		if s.Roots[name] == nil && name != "status" {
			env[name] = v
		}
	}
	return s
}

func (u *Undo) compile(known record.Object) (*request.Template, []request.Problem) {
	f := request.Form{Request: u.Request, Params: u.Params, Body: u.Body}
	if u.Headers != nil {
		headers := record.Object{}
		for name, text := range u.Headers {
			headers[name] = text
		}
		f.Headers.V = headers
	}
	return request.Compile(f, answers(known))
}

// notes say what happens when the answer is lost, and what takes it back.
func (h *HTTP) notes() (notes []unit.Note) {
	if d := h.InDoubt; d != nil {
		text := map[string]string{"repeat": "sent again", "idempotency_key": "sent again with the same idempotency key", "ask": "asked"}[d.Does()]
		if d.Request != "" {
			text = "looked up by " + d.Request
		}
		notes = append(notes, unit.Note{Label: "in doubt", Text: fmt.Sprintf("when the answer to %s is lost: %s", h.Request, text)})
	}
	if h.Undo != nil {
		notes = append(notes, unit.Note{Label: "undo", Text: "when its list fails or is cancelled: " + h.Undo.Request})
	}
	return notes
}

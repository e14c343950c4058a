package request

import (
	"cmp"
	"fmt"

	"godwit/internal/catalog"
	"godwit/internal/expression"
	"godwit/internal/expression/path"
)

// Doubt is what is done about a request that may have taken effect.
type Doubt struct {
	Then    string `flow:"then,alone" enum:"repeat,idempotency_key,ask" help:"repeat: it is sent again, twice is once; idempotency_key: the same, with the header Idempotency-Key, which the system must know; ask: a person decides"`
	Request string `flow:"request,template" help:"a look-up: GET /PATH that shows what the request made"`
	Params  Value  `flow:"params,template" help:"parameters of the look-up"`
	Items   string `flow:"items,expr" help:"of the look-up: the list of what was found, over status, headers and body; a path as body.results is read page by page; default is the answer, unless it is 404"`
	How     string // what godwits before this one froze as Then
}

// What is done; "" is a look-up.
const (
	Repeat = "repeat"
	Keyed  = "idempotency_key"
	Ask    = "ask"
)

// Does is what is done when a request's answer was lost: one of the words, or ""
// for a look-up. Without anything said it is sent again.
func (d *Doubt) Does() string {
	switch {
	case d == nil:
		return Repeat
	case d.Request != "":
		return ""
	}
	return cmp.Or(d.Then, d.How)
}

// Problems are what is wrong with what is said for a request of a method, apart
// from expressions; Path "" is the request itself.
func (d *Doubt) Problems(method string) []Problem {
	bad := func(path, text string, next ...string) []Problem {
		return []Problem{{Path: path, Text: text, Next: next}}
	}
	switch {
	case d == nil && (method == "POST" || method == "PATCH"):
		return bad("", method+" needs in_doubt: sent twice it may take effect twice, and an answer can be lost",
			"in_doubt: {request: GET /PATH, params: {...}, items: body.results} looks whether it took effect",
			"in_doubt: idempotency_key when the system knows that header; repeat when twice is once; ask to be asked")
	case d == nil:
		return nil
	case method == "GET":
		return bad("in_doubt", "a request that only reads is never in doubt", "take the key away")
	case d.Then != "" && (d.Request != "" || d.Params.V != nil || d.Items != ""):
		return bad("in_doubt", "in_doubt is "+d.Then+" or a look-up, not both")
	case d.Then != "":
		return nil
	case d.Request == "":
		return bad("in_doubt", "in_doubt is repeat, idempotency_key, ask, or a look-up: {request: GET /PATH, params: {...}, items: body.results}")
	}
	if text := Wrong(d.Request, "GET"); text != "" {
		return bad("in_doubt.request", "a look-up: "+text)
	}
	return nil
}

// LookUp compiles the look-up of one whose Problems are none.
func (d *Doubt) LookUp(s expression.Scope) (*LookUp, []Problem) {
	l, problems := NewLookUp(d.Request, d.Params, d.Items, s)
	for i := range problems {
		problems[i].Path = "in_doubt." + problems[i].Path
	}
	return l, problems
}

// LookUp asks what there is of something. Safe for concurrent use.
type LookUp struct {
	*Template
	List  string // path of the list that was found, as body.results; "" = see Found
	items *expression.Program
}

// NewLookUp compiles one; its line is one that Wrong lets pass.
func NewLookUp(line string, params Value, items string, s expression.Scope) (*LookUp, []Problem) {
	t, problems := Compile(Form{Request: line, Params: params}, s)
	l := &LookUp{Template: t}
	if items == "" {
		return l, problems
	}
	if p, err := path.Parse(items); err == nil && len(p) > 0 && p[0].Name == "body" {
		l.List = items
	}
	var wrong []expression.Problem
	l.items, wrong = expression.Compile(items, Answer(s.Env), catalog.KindList)
	for _, p := range wrong {
		one := Problem{Path: "items", Text: fmt.Sprintf("items %d:%d: %s", p.Line, p.Column, p.Text)}
		if p.Next != "" {
			one.Next = []string{p.Next}
		}
		problems = append(problems, one)
	}
	return l, problems
}

// Found are what an answer says that there is: the elements of the list, or the
// answer's body.
func (l *LookUp) Found(m *expression.Machine, answer map[string]any) ([]any, error) {
	if l.items == nil {
		return []any{answer["body"]}, nil
	}
	v, err := m.Eval(l.items, answer)
	if err != nil {
		return nil, fmt.Errorf("items: %w", err)
	}
	list, ok := v.([]any)
	if !ok {
		return nil, fmt.Errorf("items: the answer has no list there")
	}
	return list, nil
}

// Whole reports whether the answer itself is what was found: 404 is none then.
func (l *LookUp) Whole() bool { return l.items == nil }

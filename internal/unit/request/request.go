// Package request reads what flows say about single requests: the line METHOD
// /PATH, parameters, headers and a body, with ${...} in them that are filled in
// when it is sent. It sends nothing. Start at Form.
package request

import (
	"fmt"
	"maps"
	"net/url"
	"regexp"
	"slices"
	"strings"

	"godwit/internal/catalog"
	"godwit/internal/expression"
	"godwit/internal/expression/path"
	"godwit/internal/record"
)

var line = regexp.MustCompile(`^[A-Z]+ /`)

// Is reports whether a text is a request, METHOD /PATH, and no statement.
func Is(text string) bool { return line.MatchString(text) }

// Form is a request as it is written.
type Form struct {
	Request string // METHOD /PATH
	Params  Value  // a mapping, or nothing
	Headers Value  // a mapping, or nothing
	Body    *Value // nil: none
}

// Filled is one that can be sent.
type Filled struct {
	Method, Path string // the path encoded
	Params       Params
	Headers      map[string]string
	Body         any // record.Missing: none
}

// KeyHeader is the header of a request that the system knows again by it.
const KeyHeader = "Idempotency-Key"

// WithKey are headers by which the system knows the request again: one that the flow
// writes itself stays. The headers that are given are not changed.
func WithKey(headers map[string]string, key string) map[string]string {
	for name := range headers {
		if strings.EqualFold(name, KeyHeader) {
			return headers
		}
	}
	all := map[string]string{KeyHeader: key}
	maps.Copy(all, headers)
	return all
}

// Problem is something wrong with what is said of a request. Path is the key that
// it is about.
type Problem struct {
	Path, Text string
	Next       []string
}

// Wrong is what is wrong with the line, empty for nothing. Methods are those
// that may stand in it.
func Wrong(text string, methods ...string) string {
	method, rest, _ := strings.Cut(text, " ")
	switch {
	case !slices.Contains(methods, method) && len(methods) == 1 && methods[0] == "GET":
		return "it is GET and a path, as GET /jobs: nothing else only reads"
	case !Is(text):
		return "it is a method and a path, as " + methods[0] + " /settings/mail"
	case !slices.Contains(methods, method):
		return fmt.Sprintf("%s is none of the methods here: %s", method, strings.Join(methods, ", "))
	case strings.ContainsAny(outside(rest), "?;#"):
		return "the path has no ?, ; or #: parameters stand in params"
	}
	return ""
}

var braces = regexp.MustCompile(`\$\{[^}]*\}`)

// outside is a text without its ${...}.
func outside(text string) string { return braces.ReplaceAllString(text, "") }

// Method is that of a line.
func Method(text string) string {
	method, _, _ := strings.Cut(text, " ")
	return method
}

// Template is a Form whose ${...} are compiled. Safe for concurrent use.
type Template struct {
	method                string
	path                  *expression.Template
	params, headers, body *expression.Template // nil: there are none
}

// Compile checks the ${...} of a form against what is in scope; its line is one
// that Wrong lets pass.
func Compile(f Form, s expression.Scope) (*Template, []Problem) {
	t := &Template{}
	var all []Problem
	one := func(key string, v any) *expression.Template {
		out, problems := expression.NewTemplate(v, key, s)
		all = append(all, Places("", problems)...)
		return out
	}
	mapping := func(key string, v any) *expression.Template {
		if v == nil {
			return nil
		}
		if _, ok := v.(record.Object); !ok {
			all = append(all, Problem{Path: key, Text: key + ": it is a mapping of names"})
			return nil
		}
		return one(key, v)
	}
	var rest string
	t.method, rest, _ = strings.Cut(f.Request, " ")
	t.path = one("request", rest)
	t.params, t.headers = mapping("params", f.Params.V), mapping("headers", f.Headers.V)
	if f.Body != nil {
		t.body = one("body", f.Body.V)
	}
	return t, all
}

// Places are problems of a template below a key: each begins with the place in it.
func Places(below string, problems []expression.Problem) (all []Problem) {
	for _, p := range problems {
		where, _, _ := strings.Cut(p.Text, ":")
		one := Problem{Path: below + where, Text: p.Text}
		if p.Next != "" {
			one.Next = []string{p.Next}
		}
		all = append(all, one)
	}
	return all
}

// Method is that of its request.
func (t *Template) Method() string { return t.method }

// Programs are all expressions of it, for what they read.
func (t *Template) Programs() (all []*expression.Program) {
	for _, of := range []*expression.Template{t.path, t.params, t.headers, t.body} {
		if of != nil {
			all = append(all, of.Programs()...)
		}
	}
	return all
}

// InPath are the expressions of its path.
func (t *Template) InPath() []*expression.Program { return t.path.Programs() }

// Fill fills a request in. What is put into the path is one part of it,
// whatever it holds.
func (t *Template) Fill(m *expression.Machine, docs map[string]any) (f Filled, err error) {
	f = Filled{Method: t.method, Body: record.Missing}
	if f.Path, err = m.FillText(t.path, docs, url.PathEscape); err != nil {
		return f, err
	}
	if f.Params, err = named(m, "params", t.params, docs); err != nil {
		return f, err
	}
	headers, err := named(m, "headers", t.headers, docs)
	if err != nil {
		return f, err
	}
	for name, values := range headers {
		if f.Headers == nil {
			f.Headers = map[string]string{}
		}
		if f.Headers[name] = values[len(values)-1]; strings.ContainsFunc(f.Headers[name], func(r rune) bool { return r < ' ' && r != '\t' || r == 0x7f }) {
			return f, fmt.Errorf("headers: %s: a header has no place for a line break or another control character", name)
		}
	}
	if t.body != nil {
		f.Body, err = m.Fill(t.body, docs)
	}
	return f, err
}

func named(m *expression.Machine, key string, t *expression.Template, docs map[string]any) (Params, error) {
	if t == nil {
		return nil, nil
	}
	v, err := m.Fill(t, docs)
	if err != nil {
		return nil, err
	}
	p, err := ParamsOf(v)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", key, err)
	}
	return p, nil
}

// Open is a document of which nothing is known before it comes.
func Open(path.Path) (t catalog.Type, problem, next string) { return t, "", "" }

// Answer is what expressions about an answer may name, beside what else is in
// scope.
func Answer(env map[string]any) expression.Scope {
	return expression.Scope{
		Roots: map[string]expression.Root{"headers": Open, "body": Open},
		Names: map[string]catalog.Type{"status": {Kind: catalog.KindInt}}, Env: env,
	}
}

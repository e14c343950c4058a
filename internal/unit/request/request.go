// Package request reads what flows say about single requests: the line METHOD
// /PATH, parameters, headers and a body, with ${...} in them that are filled in
// when it is sent. It sends nothing. Start at Form.
package request

import (
	"fmt"
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
	Headers map[string]string
	Body    *Value // nil: none
}

// Filled is one that can be sent.
type Filled struct {
	Method, Path string
	Params       Params
	Headers      map[string]string
	Body         any // record.Missing: none
}

// Problem is what is wrong with the line, empty for nothing. Methods are those
// that may stand in it.
func Problem(text string, methods ...string) string {
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
	method        string
	path          *expression.Template
	params, body  *expression.Template
	headers       map[string]*expression.Template
	withoutParams bool
}

// Where something is wrong in a form: the key, and why.
type Where struct {
	Key string
	expression.Problem
}

// Compile checks the ${...} of a form against what is in scope.
func Compile(f Form, s expression.Scope) (*Template, []Where) {
	t := &Template{headers: map[string]*expression.Template{}}
	var all []Where
	one := func(key string, v any) *expression.Template {
		out, problems := expression.NewTemplate(v, key, s)
		for _, p := range problems {
			all = append(all, Where{key, p})
		}
		return out
	}
	var rest string
	t.method, rest, _ = strings.Cut(f.Request, " ")
	t.path = one("request", rest)
	if t.withoutParams = f.Params.V == nil; !t.withoutParams {
		t.params = one("params", f.Params.V)
	}
	for name, text := range f.Headers {
		t.headers[name] = one("headers", text)
	}
	if f.Body != nil {
		t.body = one("body", f.Body.V)
	}
	return t, all
}

// Fill fills a request in. What is put into the path is one part of it,
// whatever it holds.
func (t *Template) Fill(m *expression.Machine, docs map[string]any) (f Filled, err error) {
	f = Filled{Method: t.method, Body: record.Missing, Headers: map[string]string{}}
	if f.Path, err = m.FillText(t.path, docs, url.PathEscape); err != nil {
		return f, err
	}
	if !t.withoutParams {
		v, err := m.Fill(t.params, docs)
		if err != nil {
			return f, err
		}
		if f.Params, err = ParamsOf(v); err != nil {
			return f, fmt.Errorf("params: %w", err)
		}
	}
	for name, text := range t.headers {
		if f.Headers[name], err = m.FillText(text, docs, nil); err != nil {
			return f, err
		}
	}
	if t.body != nil {
		f.Body, err = m.Fill(t.body, docs)
	}
	return f, err
}

// Open is a document of which nothing is known before it comes.
func Open(path.Path) (t catalog.Type, problem, next string) { return t, "", "" }

// Package request reads what flows say about single requests: the line METHOD
// /PATH, parameters, headers and a body, with ${...} in them that are filled in
// when it is sent. It sends nothing. Start at Form.
package request

import (
	"fmt"
	"net/url"
	"regexp"
	"strings"

	"godwit/internal/catalog"
	"godwit/internal/expression"
	"godwit/internal/expression/path"
	"godwit/internal/record"
	"godwit/internal/unit"
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
	Params       map[string][]string
	Headers      map[string]string
	Body         any // record.Missing: none
}

// Problem is what is wrong with the line, empty for nothing. Methods are those
// that may stand in it.
func Problem(text string, methods ...string) string {
	method, rest, _ := strings.Cut(text, " ")
	switch {
	case !Is(text):
		return "it is a method and a path, as " + methods[0] + " /settings/mail"
	case !contains(methods, method):
		return fmt.Sprintf("%s is none of the methods here: %s", method, strings.Join(methods, ", "))
	case strings.ContainsAny(outside(rest), "?;#"):
		return "the path has no ?, ; or #: parameters stand in params"
	}
	return ""
}

func contains(list []string, one string) bool {
	for _, each := range list {
		if each == one {
			return true
		}
	}
	return false
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
		if f.Params, err = Params(v); err != nil {
			return f, err
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

// Params are the values of parameters as texts: null is left out, a list is
// given as often as it is long.
func Params(v any) (map[string][]string, error) {
	object, ok := v.(record.Object)
	if !ok {
		return nil, fmt.Errorf("params: it is a mapping of names, as {state: open}")
	}
	out := map[string][]string{}
	for name, v := range object {
		values, ok := v.([]any)
		if !ok {
			values = []any{v}
		}
		for _, v := range values {
			switch v := v.(type) {
			case nil:
			case string:
				out[name] = append(out[name], v)
			case bool, int64, float64:
				out[name] = append(out[name], fmt.Sprint(v))
			case record.Decimal:
				out[name] = append(out[name], string(v))
			default:
				return nil, fmt.Errorf("params: %s is neither a single value nor a list of some", name)
			}
		}
	}
	return out, nil
}

// Open is a document of which nothing is known before it comes.
func Open(path.Path) (t catalog.Type, problem, next string) { return t, "", "" }

// Value is one as a flow holds it: what records hold, in lists and objects.
type Value struct{ V any }

// ReadPlain is the language's.
func (o *Value) ReadPlain(v any) error {
	o.V = plain(v)
	return nil
}

func plain(v any) any {
	switch v := v.(type) {
	case []unit.Pair:
		object := record.Object{}
		for _, p := range v {
			object[p.Name] = plain(p.Value)
		}
		return object
	case []any:
		list := make([]any, 0, len(v))
		for _, one := range v {
			list = append(list, plain(one))
		}
		return list
	}
	return v
}

// MarshalJSON writes the frozen form.
func (o Value) MarshalJSON() ([]byte, error) { return record.EncodeValue(o.V) }

// UnmarshalJSON reads the frozen form.
func (o *Value) UnmarshalJSON(b []byte) (err error) {
	o.V, err = record.DecodeValue(b)
	return err
}

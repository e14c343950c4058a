package expression

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"godwit/internal/expression/pieces"
	"godwit/internal/record"
)

// Template is a value in which texts may hold ${...}: what a request says, with
// places for what a record holds. It does not change and may be used by any
// number of goroutines, each with its own Machine.
type Template struct {
	value  any // of one without ${...}
	texts  []piece
	list   []*Template
	fields map[string]*Template
	names  []string // of fields, in order
	where  string   // path in the whole value, for messages
}

type piece struct {
	text    string
	program *Program
}

// NewTemplate compiles the ${...} in a value: nil, bool, int64, record.Decimal,
// string, []any and record.Object of such. Where is what problems call it.
func NewTemplate(v any, where string, s Scope) (*Template, []Problem) {
	t := &Template{where: where}
	var problems []Problem
	inner := func(v any, name string) *Template {
		one, found := NewTemplate(v, name, s)
		problems = append(problems, found...)
		return one
	}
	switch v := v.(type) {
	case string:
		problems = t.text(v, s)
	case []any:
		t.list = []*Template{}
		for i, e := range v {
			t.list = append(t.list, inner(e, fmt.Sprintf("%s[%d]", where, i)))
		}
	case record.Object:
		t.fields, t.names = map[string]*Template{}, slices.Sorted(maps.Keys(v))
		for _, name := range t.names {
			t.fields[name] = inner(v[name], where+"."+name)
		}
	default:
		t.value = v
	}
	if len(problems) > 0 {
		return nil, problems
	}
	return t, nil
}

func (t *Template) text(text string, s Scope) (problems []Problem) {
	parts, err := pieces.Cut(text)
	if err != nil {
		return []Problem{{Line: 1, Column: 1, Text: t.where + ": " + err.Error(), Next: "write $${ for the characters ${"}}
	}
	for _, p := range parts {
		if !p.Expr {
			t.texts = append(t.texts, piece{text: p.Text})
			continue
		}
		program, found := Compile(p.Text, s, "")
		for _, f := range found {
			f.Text = fmt.Sprintf("%s: ${%s}: %s", t.where, strings.TrimSpace(p.Text), f.Text)
			problems = append(problems, f)
		}
		t.texts = append(t.texts, piece{program: program})
	}
	return problems
}

// Programs are all expressions of a template, for what they read.
func (t *Template) Programs() []*Program {
	var all []*Program
	for _, p := range t.texts {
		if p.program != nil {
			all = append(all, p.program)
		}
	}
	for _, e := range t.list {
		all = append(all, e.Programs()...)
	}
	for _, name := range t.names {
		all = append(all, t.fields[name].Programs()...)
	}
	return all
}

// Fill gives the value of a template. A text that is one ${...} becomes what the
// expression gives, of its type; in others null is an error: a text has no place
// for it. See Eval for docs.
func (m *Machine) Fill(t *Template, docs map[string]any) (any, error) {
	switch {
	case t.texts != nil && len(t.texts) == 1 && t.texts[0].program != nil:
		v, err := m.Eval(t.texts[0].program, docs)
		return v, t.named(err)
	case t.texts != nil:
		return m.FillText(t, docs, nil)
	case t.fields != nil:
		out := make(record.Object, len(t.names))
		for _, name := range t.names {
			v, err := m.Fill(t.fields[name], docs)
			if err != nil {
				return nil, err
			}
			out[name] = v
		}
		return out, nil
	case t.list != nil:
		out := make([]any, 0, len(t.list))
		for _, e := range t.list {
			v, err := m.Fill(e, docs)
			if err != nil {
				return nil, err
			}
			out = append(out, v)
		}
		return out, nil
	}
	return t.value, nil
}

// FillText gives the text of a template that is one. What ${...} put in is
// passed through escape, when there is any; null is an error.
func (m *Machine) FillText(t *Template, docs map[string]any, escape func(string) string) (string, error) {
	var b strings.Builder
	for _, p := range t.texts {
		if p.program == nil {
			b.WriteString(p.text)
			continue
		}
		v, err := m.Eval(p.program, docs)
		if err != nil {
			return "", t.named(err)
		}
		if v == nil {
			return "", t.named(fmt.Errorf("${%s} is null, and a text has no place for it", strings.TrimSpace(p.program.Code)))
		}
		text, err := toText(v)
		if err != nil {
			return "", t.named(err)
		}
		if escape != nil {
			text = escape(text)
		}
		b.WriteString(text)
	}
	return b.String(), nil
}

func (t *Template) named(err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%s: %w", t.where, err)
}

// Eval runs a program with what its names stand for: docs hold the documents
// that its paths begin at, and single values; null is what is not there. Env
// keeps the values until the next Eval of a program that reads them.
func (m *Machine) Eval(p *Program, docs map[string]any) (any, error) {
	for name := range p.Uses {
		if v, ok := docs[name]; ok {
			m.Env[name] = v
		}
	}
	for _, v := range p.Vars {
		m.Env[v.Name] = nil
		if len(v.Path) == 0 {
			m.Env[v.Name] = docs[v.Root]
			continue
		}
		if got, err := v.Path.Get(docs[v.Root]); err == nil && got != record.Missing {
			m.Env[v.Name] = got
		}
	}
	return m.Run(p)
}

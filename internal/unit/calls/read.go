package calls

import (
	"fmt"
	"maps"
	"slices"

	"godwit/internal/expression"
	"godwit/internal/expression/path"
	"godwit/internal/record"
	"godwit/internal/unit/request"
)

// Read is how it is read what calls have made.
type Read struct {
	Request string            `flow:"request,required,template" help:"GET /PATH below the connection's URL; a value of ${} is encoded as one part of the path"`
	Params  request.Value     `flow:"params,template" help:"its parameters"`
	Items   string            `flow:"items,expr" help:"the list of what was found, over status, headers and body; a path as body.results is read page by page; default is the answer, and 404 says that nothing is there"`
	Key     string            `flow:"key,expr" help:"with items: over item, what tells the elements of the list apart, as key of each or of the record does"`
	Map     map[string]string `flow:"map,exprs" help:"where a field that was sent stands in the answer, over body, with items over item; default is each field under its own name"`
}

// Reading is a Read that is compiled.
type Reading struct {
	Read
	look   *request.LookUp
	key    *expression.Program
	fields []field
}

type field struct {
	name string
	at   path.Path
	*expression.Program
}

// Inside reports whether it is asked for each element of a call's list.
func (c *Compiled) Inside() bool { return c.Each != "" && c.Read.Items == "" }

// read compiles how something is read; sent tells which fields it was sent with, nil
// when that is not known. Inside, it is asked for each element of a list.
func (c *compiler) read(key string, r *Read, s expression.Scope, inside bool, sent expression.Root) *Reading {
	if r == nil {
		return nil
	}
	before, opened := maps.Clone(c.reads), c.opens // who reads back has the whole record: what is sent does not depend on it
	defer func() { c.reads, c.opens = before, opened }()
	bad := func(path, text string, next ...string) { c.bad(key+path, text, next...) }
	out := &Reading{Read: *r}
	line := r.Request
	if text := request.Wrong(r.Request, "GET"); text != "" {
		if line = ""; r.Request != "" {
			bad(".request", "request: "+text)
		}
	}
	var problems []request.Problem
	asked := s
	if !inside {
		asked = c.scope(false)
	}
	out.look, problems = request.NewLookUp(line, r.Params, r.Items, asked)
	for _, p := range problems {
		bad("."+p.Path, p.Text, p.Next...)
	}
	answer := expression.Scope{Env: s.Env, Roots: maps.Clone(s.Roots), Names: maps.Clone(s.Names)}
	of := request.Answer(nil)
	maps.Copy(answer.Roots, of.Roots)
	maps.Copy(answer.Names, of.Names)
	if r.Items != "" {
		answer.Roots["item"] = request.Open
	}
	if r.Key != "" && r.Items == "" {
		bad(".key", "key belongs to items: it tells the elements of the list apart")
	}
	out.key = c.expr(key+".key", r.Key, answer, "")
	for _, name := range slices.Sorted(maps.Keys(r.Map)) {
		f := field{name: name}
		var err error
		if f.at, err = path.Parse(name); err != nil {
			bad(".map", fmt.Sprintf("map: %q is no path of a field: %v", name, err))
			continue
		}
		if sent != nil {
			if _, problem, next := sent(f.at); problem != "" {
				bad(".map."+name, "map: "+problem, nonEmpty(next)...)
			}
		}
		f.Program = c.expr(key+".map."+name, r.Map[name], answer, "")
		out.fields = append(out.fields, f)
	}
	return out
}

// sends knows the fields that a call sends, nil when that is seen when it is sent.
func (c *compiler) sends(l *Call) expression.Root {
	if l.Multipart != nil {
		var names []string
		for _, p := range l.Multipart {
			names = append(names, p.Name)
		}
		return Fields("multipart", names...)
	}
	if l.Body == nil {
		return nil
	}
	if isRecord(l.Body) {
		return c.Record
	}
	if body, ok := l.Body.V.(record.Object); ok {
		return Fields("body", slices.Sorted(maps.Keys(body))...)
	}
	return nil
}

// Asks fills its request in.
func (r *Reading) Asks(m *expression.Machine, docs map[string]any) (request.Filled, error) {
	return r.look.Fill(m, docs)
}

// LookUp is what is asked.
func (r *Reading) LookUp() *request.LookUp { return r.look }

// Element is the key of an element that was found; ok is false when elements are not
// told apart.
func (r *Reading) Element(m *expression.Machine, docs map[string]any, item any) (key string, ok bool, err error) {
	if r.key == nil {
		return "", false, nil
	}
	defer within(docs, item)()
	v, err := m.Eval(r.key, docs)
	if err != nil || v == nil {
		return "", true, err
	}
	return record.KeyText(v), true, nil
}

// Values are pairs of what was sent and what was found, by field.
func (r *Reading) Values(m *expression.Machine, docs map[string]any, sent record.Object, found any) (list []Compared, err error) {
	if r.Map == nil {
		object, ok := found.(record.Object)
		if !ok {
			return nil, fmt.Errorf("it is no object: map says where the fields stand")
		}
		for _, name := range slices.Sorted(maps.Keys(sent)) {
			list = append(list, Compared{name, sent[name], object[name]})
		}
		return list, nil
	}
	if r.Items != "" {
		defer within(docs, found)()
	}
	for _, f := range r.fields {
		v, err := m.Eval(f.Program, docs)
		if err != nil {
			return nil, fmt.Errorf("map.%s: %w", f.name, err)
		}
		want, err := f.at.Get(sent)
		if err != nil || want == record.Missing {
			want = nil
		}
		list = append(list, Compared{f.name, want, v})
	}
	return list, nil
}

// Compared is a field on both sides.
type Compared struct {
	Name       string
	Sent, Seen any
}

// Wants reports whether a field is compared, or one below it.
func (r *Reading) Wants(name string) bool {
	return slices.ContainsFunc(r.fields, func(f field) bool { return f.at[0].Name == name })
}

// within has item be something for a while.
func within(docs map[string]any, item any) (back func()) {
	was, inside := docs["item"]
	docs["item"] = item
	return func() {
		if delete(docs, "item"); inside {
			docs["item"] = was
		}
	}
}

package calls

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"godwit/internal/catalog"
	"godwit/internal/expression"
	"godwit/internal/expression/path"
	"godwit/internal/nearest"
	"godwit/internal/unit/request"
)

// Scope is what calls are compiled against. A nil root knows nothing of what is
// below it, so every path leads somewhere.
type Scope struct {
	Doc, Record expression.Root
	Env         map[string]any // inputs and env
}

// Program are compiled calls. It does not change and may be used by any number of
// goroutines, each with its own expression.Machine.
type Program struct {
	Calls []*Compiled
	// Reads are the paths into the record as it was read that the calls need;
	// none of them is below another one.
	Reads []path.Path
	Read  *Reading // of the record's object; nil: it is not read back
	Env   map[string]any
	opens bool // an expression reads the mapped record; else it is sent as it is, if at all
}

// Compiled is a call that can be filled in.
type Compiled struct {
	Call
	when, each, key *expression.Program
	request         *request.Template
	parts           []part
	whole           bool  // the body is the record
	over            *onto // nil: the body is sent as it is
	keep            []kept
	looks           *request.LookUp // nil: nobody is asked
	Reading         *Reading        // nil: what it makes is not read back
	found           []kept
	object          []string // see Object
}

type part struct {
	Part
	json, object, media *expression.Template
}

type kept struct {
	name string
	*expression.Program
}

var (
	nameForm = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*$`)
	taken    = []string{"doc", "record", "op", "key", "item", "index", "response", "inputs", "env", "run", "status", "headers", "body", "value", "parent", "row", "other"}
)

type compiler struct {
	Scope
	list     []Call
	problems []request.Problem
	at       string // path of the call
	reads    map[string]path.Path
	opens    bool
}

// Compile checks calls, and how their object is read back (nil: not at all), and
// makes them ready. All problems are reported, in the order of the calls; with any
// there is no program.
func Compile(list []Call, read *Read, s Scope) (*Program, []request.Problem) {
	c := &compiler{Scope: s, list: list, reads: map[string]path.Path{}}
	p := &Program{Env: s.Env}
	names := map[string]bool{}
	for i := range list {
		c.at = fmt.Sprintf("[%d]", i)
		switch name := list[i].Name; {
		case !nameForm.MatchString(name):
			c.bad(".name", name+" is no name that an expression could use", "letters, digits and _")
		case slices.Contains(taken, name):
			c.bad(".name", name+" is a word of expressions: a call is called otherwise")
		case names[name]:
			c.bad(".name", "two calls are called "+name)
		}
		names[list[i].Name] = true
		p.Calls = append(p.Calls, c.call(&list[i]))
	}
	p.opens = c.opens
	c.at = ""
	p.Read = c.read("read", read, c.scope(false), false, c.Record)
	if len(c.problems) > 0 {
		return nil, c.problems
	}
	p.Reads = outermost(c.reads)
	objects(p.Calls)
	return p, nil
}

func (c *compiler) bad(key, text string, next ...string) {
	c.problems = append(c.problems, request.Problem{Path: c.at + key, Text: text, Next: next})
}

func (c *compiler) call(l *Call) *Compiled {
	out := &Compiled{Call: *l}
	s := c.scope(l.Each != "")
	out.each = c.expr(".each", l.Each, c.scope(false), catalog.KindList)
	out.when = c.expr(".when", l.When, s, catalog.KindBool)
	out.key = c.expr(".key", l.Key, s, "")
	switch {
	case l.Each != "" && l.Key == "":
		c.bad(".each", "each needs key: what tells the elements apart, so that none is sent twice", "key: item.id")
	case l.Each == "" && l.Key != "":
		c.bad(".key", "key belongs to each: the record has its own")
	}
	method := c.request(out, s)
	if l.Body != nil && method == "GET" {
		c.bad(".body", "GET has no body")
	}
	for i, one := range l.Multipart {
		out.parts = append(out.parts, c.part(".multipart."+one.Name, &l.Multipart[i], s))
	}
	if l.Multipart != nil && (l.Body != nil || method == "GET") {
		c.bad(".multipart", "multipart stands in the place of a body, of a request that has one")
	}
	c.onto(out, method, s)
	answer := s
	answer.Roots = maps.Clone(s.Roots)
	answer.Roots["response"] = rootOf("response", "status", "headers", "body")
	out.keep = c.keep(".keep", l.Keep, answer)
	if l.Each != "" && l.Keep != nil {
		c.bad(".keep", "what is kept belongs to the record: of a call with each there would be several")
	}
	c.doubt(out, method, s)
	c.existing(l, method)
	out.Reading = c.read(".read", l.Read, s, l.Each != "" && (l.Read == nil || l.Read.Items == ""), c.sends(l))
	if r := l.Read; r != nil && r.Items != "" && l.Each != "" && r.Key == "" {
		c.bad(".read.items", "items needs key: which element of the list is which of each", "key: item.externalId")
	}
	return out
}

// doubt compiles what is done when an answer was lost.
func (c *compiler) doubt(out *Compiled, method string, s expression.Scope) {
	d := out.InDoubt
	var of *request.Doubt
	if d != nil {
		of = &d.Doubt
	}
	problems := of.Problems(method)
	c.all(problems)
	switch {
	case d == nil:
		out.InDoubt = &Doubt{Doubt: request.Doubt{Then: request.Repeat}}
		return
	case len(problems) > 0:
		return
	case d.Then != "" && d.Keep != nil:
		c.bad(".in_doubt", "in_doubt is "+d.Then+" or a look-up, not both")
		return
	case d.Then != "":
		return
	}
	out.looks, problems = d.LookUp(s)
	c.all(problems)
	for _, p := range out.looks.Programs() {
		c.uses(p)
	}
	found := s
	found.Roots = maps.Clone(s.Roots)
	found.Roots["item"] = request.Open
	out.found = c.keep(".in_doubt.keep", d.Keep, found)
	for _, k := range out.found {
		if out.Keep[k.name] == "" {
			c.bad(".in_doubt.keep", "the call keeps no "+k.name, c.names(out.Keep))
		}
	}
	for _, name := range slices.Sorted(maps.Keys(out.Keep)) {
		if d.Keep != nil && d.Keep[name] == "" {
			c.bad(".in_doubt.keep", "the call keeps "+name+", and the look-up does not", name+": item."+name)
		}
	}
}

func (c *compiler) names(of map[string]string) string {
	if len(of) == 0 {
		return "it keeps nothing"
	}
	return "it keeps: " + strings.Join(slices.Sorted(maps.Keys(of)), ", ")
}

// Fields is a document with these fields, of which nothing else is known.
func Fields(name string, fields ...string) expression.Root { return rootOf(name, fields...) }

func rootOf(name string, fields ...string) expression.Root {
	return func(p path.Path) (catalog.Type, string, string) {
		if slices.Contains(fields, p[0].Name) {
			return catalog.Type{}, "", ""
		}
		next := "there are: " + strings.Join(fields, ", ")
		if near := nearest.Name(p[0].Name, fields); near != "" {
			next = near + "?"
		}
		if len(fields) == 0 {
			next = "keep: {id: response.body.id} in that call"
		}
		return catalog.Type{}, fmt.Sprintf("%s has no %s", name, p), next
	}
}

// scope is that of a call: what calls keep stands beside the record.
func (c *compiler) scope(inside bool) expression.Scope {
	doc, rec := c.Doc, c.Record
	if doc == nil {
		doc = request.Open
	}
	if rec == nil {
		rec = request.Open
	}
	s := expression.Scope{Env: c.Env, Roots: map[string]expression.Root{"doc": doc, "record": rec},
		Names: map[string]catalog.Type{"op": {Kind: catalog.KindText}, "key": {Kind: catalog.KindText}}}
	for i := range c.list {
		if l := &c.list[i]; l.Each == "" && nameForm.MatchString(l.Name) {
			s.Roots[l.Name] = rootOf("call "+l.Name, slices.Sorted(maps.Keys(l.Keep))...)
		}
	}
	if inside {
		s.Roots["item"] = request.Open
		s.Names["index"] = catalog.Type{Kind: catalog.KindInt}
	}
	return s
}

// expr compiles an expression, nil without one and after a problem.
func (c *compiler) expr(key, code string, s expression.Scope, wanted catalog.Kind) *expression.Program {
	if code == "" {
		return nil
	}
	p, problems := expression.Compile(code, s, wanted)
	for _, one := range problems {
		c.bad(key, fmt.Sprintf("%s %d:%d: %s", key[strings.LastIndex(key, ".")+1:], one.Line, one.Column, one.Text), nonEmpty(one.Next)...)
	}
	c.uses(p)
	return p
}

// uses notes what a program reads of the record as it was read: of what lies in a
// list all of the list.
func (c *compiler) uses(p *expression.Program) {
	if p == nil {
		return
	}
	for _, v := range p.Vars {
		c.opens = c.opens || v.Root == "record"
		if v.Root != "doc" {
			continue
		}
		of := v.Path
		if i := slices.IndexFunc(of, func(part path.Part) bool { return part.Listed }); i >= 0 {
			of = of[:i]
		}
		c.reads[of.String()] = of
	}
}

func (c *compiler) keep(key string, of map[string]string, s expression.Scope) (list []kept) {
	for _, name := range slices.Sorted(maps.Keys(of)) {
		if !nameForm.MatchString(name) {
			c.bad(key, name+" is no name that an expression could use", "letters, digits and _")
		}
		list = append(list, kept{name, c.expr(key+"."+name, of[name], s, "")})
	}
	return list
}

func (c *compiler) template(key string, v any, s expression.Scope) *expression.Template {
	t, problems := expression.NewTemplate(v, key[strings.LastIndex(key, ".")+1:], s)
	c.all(request.Places(key[:strings.LastIndex(key, ".")+1], problems))
	if t != nil {
		for _, p := range t.Programs() {
			c.uses(p)
		}
	}
	return t
}

// all are problems of the call.
func (c *compiler) all(of []request.Problem) {
	for _, p := range of {
		c.bad(strings.TrimSuffix("."+strings.TrimPrefix(p.Path, "."), "."), p.Text, p.Next...)
	}
}

// part compiles one of a multipart body.
func (c *compiler) part(key string, p *Part, s expression.Scope) part {
	out := part{Part: *p}
	switch {
	case p.JSON != nil && p.At+p.Object+p.Type == "":
		out.json = c.template(key+".json", p.JSON.V, s)
	case p.JSON == nil && p.At != "" && p.Object != "":
		out.object = c.template(key+".object", p.Object, s)
		if p.Type != "" {
			out.media = c.template(key+".type", p.Type, s)
		}
	default:
		c.bad(key, "part "+p.Name+" is {json: VALUE} or a file, {at: CONNECTION, object: NAME}")
	}
	return out
}

// request compiles what is sent, and gives its method, "" when that is none.
func (c *compiler) request(out *Compiled, s expression.Scope) (method string) {
	l := &out.Call
	f := request.Form{Request: l.Request, Params: l.Params, Headers: l.Headers, Body: l.Body}
	if text := request.Wrong(l.Request, "GET", "POST", "PUT", "PATCH", "DELETE"); text != "" {
		if f.Request = ""; l.Request != "" { // else it is told as missing
			c.bad(".request", "request: "+text)
		}
	}
	if l.Body != nil && l.Body.V == nil {
		c.bad(".body", "the body is null: take the key away")
	}
	if out.whole = l.Onto == nil && isRecord(l.Body); out.whole {
		f.Body = nil
	}
	t, problems := request.Compile(f, s)
	c.all(problems)
	if len(problems) == 0 {
		for _, p := range t.Programs() {
			c.uses(p)
		}
	}
	out.request = t
	return t.Method()
}

// isRecord reports whether a body is the mapped record as it is.
func isRecord(body *request.Value) bool {
	if body == nil {
		return false
	}
	text, _ := body.V.(string)
	return strings.ReplaceAll(text, " ", "") == "${record}"
}

func nonEmpty(next string) []string {
	if next == "" {
		return nil
	}
	return []string{next}
}

// outermost leaves out what is below another path, and all else when the whole is
// read.
func outermost(of map[string]path.Path) []path.Path {
	var list []path.Path
	for _, text := range slices.Sorted(maps.Keys(of)) {
		p := of[text]
		if len(p) == 0 {
			return []path.Path{{}}
		}
		above := func(o path.Path) bool { return len(o) < len(p) && slices.Equal(o, p[:len(o)]) }
		if !slices.ContainsFunc(slices.Collect(maps.Values(of)), above) {
			list = append(list, p)
		}
	}
	return list
}

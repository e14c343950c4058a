package mapping

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"godwit/internal/catalog"
	"godwit/internal/expression"
	"godwit/internal/expression/path"
	"godwit/internal/nearest"
	"godwit/internal/record"
)

// compiler collects what is wrong; at is where it is at work.
type compiler struct {
	Input
	m        *Map
	p        *Program
	problems []Problem
	at       string
	lookups  map[string]map[string]string
}

// scoped is what is around a field: the element it is read from, the target it
// is written to.
type scoped struct {
	target *target         // nil inside each: fields of a document
	each   string          // list whose elements are read, "" = the record
	parent *[]*field       // rows: the fields of the mapped record
	nested bool            // each inside each: parent is the element around
	of     *catalog.Schema // of the elements, when they are rows of a part
	prefix string          // of names in the lineage
	// What is wanted of the elements, and of those around them.
	item, around *record.Wanted
}

// Compile checks a map against what both sides hold. All problems are
// reported, in the order of the map; with any there is no program. Without a map
// it is Identity.
func Compile(m *Map, in Input) (*Program, []Problem) {
	if m == nil {
		m = Identity(in, "")
	}
	c := &compiler{Input: in, m: m, at: m.At, lookups: map[string]map[string]string{}}
	c.p = &Program{env: in.Env, schema: in.Source, lineage: map[string][]string{}, read: map[string]bool{}}
	for range in.Source.Fields {
		c.p.wanted = append(c.p.wanted, &record.Wanted{})
	}
	c.p.targets = []*target{{index: map[string]int{}}}
	for i := range in.Tables {
		if i > 0 {
			c.p.targets = append(c.p.targets, &target{index: map[string]int{}})
		}
		c.p.targets[i].table = &in.Tables[i]
	}
	c.readLookups()
	main := scoped{target: c.p.targets[0]}
	for _, name := range slices.Sorted(maps.Keys(m.Filter)) {
		c.at = cmp.Or(m.Laid["filter "+name], m.At)
		c.p.filters = append(c.p.filters, filter{name, c.expression("filter "+name, m.Filter[name], scoped{}, "", catalog.KindBool, catalog.Type{})})
	}
	c.at = cmp.Or(m.Laid["owner"], m.At)
	if m.Owner != "" {
		c.p.owner = c.expression("owner", m.Owner, scoped{}, "", "", catalog.Type{})
	}
	c.p.fields = c.fields(m.Fields, main)
	for i := range m.Rows {
		c.at = m.Rows[i].At
		c.children(&m.Rows[i], i+1)
	}
	for i := range m.Rules {
		c.at = m.Rules[i].At
		c.rule(&m.Rules[i])
	}
	c.at = m.At
	c.keys()
	c.complete()
	if len(c.problems) > 0 {
		return nil, c.problems
	}
	c.p.identity = version(m, in)
	return c.p, nil
}

func (c *compiler) add(key, code, text, next string) {
	c.place(Problem{Key: key, Code: code, Text: text}, next)
}

// place adds a problem where the compiler is at work.
func (c *compiler) place(p Problem, next string) {
	p.At = c.at
	if p.At != "" {
		p.Text = p.At + ": " + p.Text
	}
	if next != "" {
		p.Next = []string{next}
	}
	c.problems = append(c.problems, p)
}

// readLookups makes maps of the tables of values.
func (c *compiler) readLookups() {
	for _, name := range slices.Sorted(maps.Keys(c.m.Lookups)) {
		l := c.m.Lookups[name]
		c.at = l.At
		if l.From != "" {
			c.lookups[name] = c.Lookups[name]
			continue
		}
		table := map[string]string{}
		c.lookups[name] = table
		if len(l.Values) == 0 {
			c.add("file", "map.lookup", "lookup "+name+" is empty: "+l.File, "a CSV file begins with the line key,value")
			continue
		}
		k, v := slices.Index(l.Values[0], "key"), slices.Index(l.Values[0], "value")
		if k < 0 || v < 0 {
			c.add("file", "map.lookup", "lookup "+name+": "+l.File+" has no columns key and value", "its first line is key,value")
			continue
		}
		for i, row := range l.Values[1:] {
			if len(row) != len(l.Values[0]) {
				c.add("file", "map.lookup", fmt.Sprintf("lookup %s: line %d of %s has %d values, not %d", name, i+2, l.File, len(row), len(l.Values[0])), "")
				continue
			}
			if was, twice := table[row[k]]; twice && was != row[v] {
				c.add("file", "map.lookup", fmt.Sprintf("lookup %s: key %q has two values in %s", name, row[k], l.File), "")
			}
			table[row[k]] = row[v]
		}
	}
	c.at = c.m.At
}

// source finds what a path leads to; ok is false after a problem.
func (c *compiler) source(key, text string, in scoped) (source, bool) {
	s, w, ok := c.find(key, text, in)
	if ok {
		w.All()
	}
	return s, ok
}

// elements finds the list that a path leads to, and what is wanted of its elements.
func (c *compiler) elements(text string, in scoped) (source, *record.Wanted, bool) {
	s, w, ok := c.find("each", text, in)
	if ok {
		w = w.Each()
	}
	return s, w, ok
}

func (c *compiler) find(key, text string, in scoped) (source, *record.Wanted, bool) {
	p, err := path.Parse(text)
	if err != nil {
		problem := Problem{Key: key, Code: "map.path", Text: fmt.Sprintf("%s: %q is no path: %s", key, text, err)}
		if e, ok := err.(*path.Error); ok {
			problem.Line, problem.Column = 1, e.Offset+1
		}
		c.place(problem, "")
		return source{}, nil, false
	}
	root := c.docRoot
	if in.each != "" {
		root = element(in.each, in.of)
	}
	t, problem, next := root(p)
	if problem != "" {
		c.add(key, "map.path", problem, next)
		return source{}, nil, false
	}
	if in.each != "" {
		return source{slot: -1, rest: p, text: text, t: t}, p.Want(in.item), true
	}
	i := c.Source.Index(p[0].Name)
	return source{slot: i, rest: p[1:], text: text, t: t}, p[1:].Want(c.p.wanted[i]), true
}

// docRoot is the record as it is read, for expressions and paths.
func (c *compiler) docRoot(p path.Path) (t catalog.Type, problem, next string) {
	i := c.Source.Index(p[0].Name)
	if i < 0 {
		var names []string
		for _, f := range c.Source.Fields {
			names = append(names, f.Name)
		}
		return t, "the source has no field " + quote(p[0].Name), suggest(p[0].Name, names)
	}
	c.p.read[p[0].Name] = true
	t = c.Source.Fields[i].Type
	if len(p) == 1 {
		return t, "", ""
	}
	if of := c.Source.Fields[i].Of; of != nil {
		return below(p[0].Name, t.Kind == catalog.KindList, of, p[1:])
	}
	switch t.Kind {
	case catalog.KindJSON, catalog.KindList, catalog.KindOther, "":
		return catalog.Type{}, "", ""
	}
	return t, fmt.Sprintf("%s is %s: nothing is below it", quote(p[0].Name), t), ""
}

// suggest is the next step for a name that is not there.
func suggest(name string, names []string) string {
	if near := nearest.Name(name, names); near != "" {
		return near + "?"
	}
	if len(names) > 20 {
		names = append(slices.Clone(names[:20]), "…")
	}
	return "there are: " + strings.Join(names, ", ")
}

// fieldRoot is the record as it is mapped so far.
func fieldRoot(name string, fields *[]*field) expression.Root {
	return func(p path.Path) (catalog.Type, string, string) {
		f, _, ok := findField(*fields, p)
		if ok {
			if f != nil && len(p) == len(f.parts) {
				return f.result, "", ""
			}
			return catalog.Type{}, "", ""
		}
		var names []string
		for _, f := range *fields {
			names = append(names, f.name)
		}
		return catalog.Type{}, fmt.Sprintf("%s has no field %s here", name, p), suggest(p.String(), names)
	}
}

// findField gives the field that a path leads to or below, nil for a document
// that several fields make up.
func findField(fields []*field, p path.Path) (f *field, below path.Path, ok bool) {
	for _, f := range fields {
		if n := len(f.parts); n <= len(p) && samePath(f.parts, p[:n]) {
			return f, p[n:], true
		}
	}
	for _, f := range fields {
		if len(p) < len(f.parts) && samePath(f.parts[:len(p)], p) {
			return nil, nil, true
		}
	}
	return nil, nil, false
}

func samePath(names []string, p path.Path) bool {
	for i, part := range p {
		if part.Listed || part.Name != names[i] {
			return false
		}
	}
	return true
}

// keys compiles key and version.
func (c *compiler) keys() {
	for _, text := range c.Key {
		if s, ok := c.source("key", text, scoped{}); ok {
			c.p.keys = append(c.p.keys, s)
		}
	}
	main := c.p.targets[0]
	main.key = c.Into
	if main.key == nil && main.table != nil {
		main.key = main.table.Key
	}
	for _, k := range c.Into {
		if _, ok := main.index[k]; !ok && main.table != nil {
			c.add("key", "map.column", "no field fills the key column "+quote(k), suggest(k, main.columns))
		}
	}
	if c.Version == "" {
		return
	}
	s, ok := c.source("version", c.Version, scoped{})
	if !ok {
		return
	}
	c.p.version = &s
	for _, f := range c.p.fields {
		if len(f.from) == 1 && f.from[0].text == s.text && f.expr == nil && len(f.rest) == 0 {
			c.p.column = main.columns[f.slot]
		}
	}
	if c.p.column == "" && main.table != nil {
		c.add("version", "map.field", "no field holds the version: from: "+c.Version, "add a field for it, so that the target knows what is newer")
	}
}

// complete checks that the target gets what it must have.
func (c *compiler) complete() {
	for i, t := range c.p.targets {
		if t.table == nil || i > 0 && len(t.columns) == 0 {
			continue
		}
		for _, col := range t.table.Columns {
			if _, filled := t.index[col.Name]; !filled && col.NotNull && !col.Default && !col.Generated {
				c.add("fields", "map.field", fmt.Sprintf("%s.%s may not be null, has no default, and no field fills it", t.table.Name, col.Name), "add the field "+col.Name)
			}
		}
	}
}

// written is a value of a map file, as a record holds it.
func written(l *Literal) any {
	if l == nil {
		return record.Missing
	}
	return l.Value
}

package mapping

import (
	"fmt"
	"slices"

	"godwit/internal/catalog"
	"godwit/internal/record"
)

// rule compiles one: a check of its own, or one over many records.
func (c *compiler) rule(m *Rule) {
	r := *m
	if r.Severity == "" {
		r.Severity = record.SeverityError
	}
	kinds := 0
	for _, is := range []bool{r.Check != "", len(r.Unique) > 0, r.Same != ""} {
		if is {
			kinds++
		}
	}
	if kinds != 1 || (r.Within != "") != (r.Same != "") {
		c.add("", "map.rule", "rule "+quote(r.Name)+" is one of check, unique, and same with within", "")
		return
	}
	if slices.ContainsFunc(c.p.rules, func(o *rule) bool { return o.Name == r.Name }) ||
		slices.ContainsFunc(c.p.sets, func(o set) bool { return o.Name == r.Name }) {
		c.add("", "map.rule", "the rule "+quote(r.Name)+" stands there twice", "")
	}
	if r.Name == record.RuleStub {
		c.add("", "map.rule", "a rule "+quote(r.Name)+" is there already: it tells of rows that stand in for records", "another name")
	}
	known := true
	names := append([]string{}, r.Unique...)
	for _, name := range append(names, r.Same, r.Within, r.Field) {
		known = c.known(name, "rule "+quote(r.Name)) && known
	}
	if r.Check == "" {
		if known {
			c.set(&r)
		}
		return
	}
	compiled := &rule{Rule: r, check: c.expression("check", r.Check, scoped{}, "", catalog.KindBool, catalog.Type{})}
	if r.Owner != "" {
		compiled.owner = c.expression("owner", r.Owner, scoped{}, "", "", catalog.Type{})
	}
	if compiled.check != nil {
		for _, v := range compiled.check.vars {
			if v.root == "record" && v.slot >= 0 {
				compiled.reads = append(compiled.reads, v.slot)
			}
		}
	}
	c.p.rules = append(c.p.rules, compiled)
}

// known reports whether the record has a field of that name.
func (c *compiler) known(name, who string) bool {
	if name == "" || slices.ContainsFunc(c.p.fields, func(f *field) bool { return f.name == name }) {
		return true
	}
	var names []string
	for _, f := range c.p.fields {
		names = append(names, f.name)
	}
	c.add("field", "map.rule", who+": there is no field "+quote(name), suggest(name, names))
	return false
}

// children are the rows of another table.
type children struct {
	into   int
	each   source
	text   string
	key    []int // slots
	names  []string
	when   *program
	fields []*field
}

func (c *compiler) children(m *Rows, into int) {
	if into >= len(c.p.targets) {
		c.add("into", "map.column", "rows go to a table: there is none for "+quote(m.Into), "")
		return
	}
	each, item, ok := c.elements(m.Each, scoped{})
	if !ok {
		return
	}
	t := c.p.targets[into]
	if slices.ContainsFunc(c.p.targets[:into], func(o *target) bool { return o.table.Name == t.table.Name }) {
		c.add("into", "map.rule", "two lists of rows go to "+quote(m.Into), "each table is filled by one list: put the lists together with expr")
		return
	}
	in := scoped{target: t, each: m.Each, of: c.rowsOf(each), parent: &c.p.fields, prefix: m.Into + ":", item: item}
	r := &children{into: into, each: each, text: m.Each}
	at := c.at
	if m.When != "" {
		r.when = c.expression("when", m.When, in, "", catalog.KindBool, catalog.Type{})
	}
	r.fields = c.fields(m.Fields, in)
	c.at = at
	for _, name := range m.Key {
		i := slices.IndexFunc(r.fields, func(f *field) bool { return f.name == name })
		if i < 0 {
			c.add("key", "map.column", fmt.Sprintf("rows of %s: no field fills the key column %s", m.Into, quote(name)), suggest(name, t.columns))
			continue
		}
		f := r.fields[i]
		r.key, r.names = append(r.key, f.slot), append(r.names, name)
		if len(t.parent) == len(r.key)-1 && f.ofParent() {
			t.parent = append(t.parent, name)
		}
	}
	t.key = m.Key
	if len(t.parent) == 0 && len(r.key) == len(m.Key) && len(m.Key) > 0 {
		c.add("key", "map.rule", "rows of "+m.Into+": the first key column says whose row it is: it is made of parent or doc", `expr: parent.ID`)
	}
	c.p.rows = append(c.p.rows, r)
}

// ofParent reports whether a field's value is the same in all elements.
func (f *field) ofParent() bool {
	if len(f.from) > 0 || f.list != nil || f.origin == nil {
		return false
	}
	return !f.origin.Uses["item"] && !f.origin.Uses["index"]
}

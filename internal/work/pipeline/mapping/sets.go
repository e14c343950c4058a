package mapping

import (
	"slices"
	"strings"

	"godwit/internal/catalog"
	"godwit/internal/record"

	"github.com/zeebo/xxh3"
)

// SetRule is a rule over many records: no two share Unique, or Same is the
// same in all that share Within. Fields are those of the main target's rows.
type SetRule struct {
	Name     string   `json:"name"`
	Unique   []string `json:"unique,omitempty"`
	Same     string   `json:"same,omitempty"`
	Within   string   `json:"within,omitempty"`
	Field    string   `json:"field,omitempty"`
	Severity string   `json:"severity"`
	Hint     string   `json:"hint,omitempty"`
	At       string   `json:"at,omitempty"`
}

// set is a SetRule with its fields.
type set struct {
	SetRule
	group []int  // fields that name the group: Unique, or Within
	value int    // field that is to be the same, -1 = the rule is unique
	seed  string // tells its digests from those of other rules
	owner *program
}

// Claim is what a record has in the fields of a rule over many.
type Claim struct {
	Rule         int // index in SetRules
	Group, Value [16]byte
}

// HasSets reports whether a map has rules over many records.
func (m *Map) HasSets() bool {
	return m != nil && slices.ContainsFunc(m.Rules, func(r Rule) bool { return r.Unique != nil || r.Same != "" })
}

// Named reports whether people are told of whole groups, once all is read.
func (r SetRule) Named() bool { return r.Same != "" && r.Severity == record.SeverityWarn }

// About is the field that an issue of the rule is about.
func (r SetRule) About() string {
	switch {
	case r.Field != "":
		return r.Field
	case r.Same != "":
		return r.Same
	}
	return strings.Join(r.Unique, ", ")
}

// SetRules are the rules that no record breaks alone, in the order of the map.
func (p *Program) SetRules() []SetRule {
	list := make([]SetRule, 0, len(p.sets))
	for _, s := range p.sets {
		list = append(list, s.SetRule)
	}
	return list
}

// set compiles a rule over many records.
func (c *compiler) set(r *Rule) {
	s := set{SetRule: SetRule{r.Name, r.Unique, r.Same, r.Within, r.Field, r.Severity, r.Hint, r.At}, value: -1}
	names := r.Unique
	if r.Same != "" {
		names = []string{r.Within}
		s.value = c.numbered(r.Same)
	}
	for i, name := range names {
		if slices.Contains(names[:i], name) {
			c.add("unique", "map.rule", "rule "+quote(r.Name)+" has the field "+quote(name)+" twice", "")
		}
		s.group = append(s.group, c.numbered(name))
	}
	if r.Owner != "" {
		s.owner = c.expression("owner", r.Owner, scoped{}, "", "", catalog.Type{})
	}
	s.seed = strings.Join(append([]string{r.Name, r.Same}, names...), "\x00")
	c.p.sets = append(c.p.sets, s)
}

func (c *compiler) numbered(name string) int {
	return slices.IndexFunc(c.p.fields, func(f *field) bool { return f.name == name })
}

// Claims are those of the record that was mapped last: one for each rule in
// whose fields it has values. Null and what is missing is compared with nothing.
func (w *Worker) Claims() []Claim {
	if len(w.p.sets) == 0 || w.reject || w.rec.Op == record.Delete {
		return nil
	}
	list := make([]Claim, 0, len(w.p.sets))
	for i, s := range w.p.sets {
		group := make([]any, 0, len(s.group))
		for _, n := range s.group {
			group = append(group, w.values[n])
		}
		if slices.ContainsFunc(group, nothing) || s.value >= 0 && nothing(w.values[s.value]) {
			continue
		}
		c := Claim{Rule: i, Group: digest(s.seed, group...)}
		if s.value >= 0 {
			c.Value = digest(s.seed, w.values[s.value])
		} else { // who has it
			c.Value = digest(s.seed, w.rec.Key)
		}
		list = append(list, c)
	}
	return list
}

func nothing(v any) bool { return v == nil || v == record.Missing }

func digest(seed string, values ...any) [16]byte {
	return xxh3.HashString128(seed + "\x00" + record.KeyText(values...)).Bytes()
}

// SetOwner says who is to mend what a record breaks of a rule over many.
func (w *Worker) SetOwner(rule int, rec *record.Record) string {
	p := w.p.sets[rule].owner
	if p == nil {
		p = w.p.owner
	}
	if p == nil {
		return ""
	}
	w.begin(rec)
	return w.ownerBy(p)
}

// Shown is what a record has in some fields, as people may see it.
func (p *Program) Shown(m record.Mapped, names ...string) string {
	var parts []string
	for _, name := range names {
		i := slices.IndexFunc(p.fields, func(f *field) bool { return f.name == name })
		text := record.Show(p.Value(m, name), i >= 0 && p.fields[i].checks.printable)
		if len(names) > 1 {
			text = name + " " + text
		}
		parts = append(parts, text)
	}
	return strings.Join(parts, ", ")
}

package verify

import (
	"fmt"
	"slices"
	"strings"

	"godwit/internal/catalog"
)

// object is what a definition says, without what makes no difference.
type object struct {
	kind string
	name catalog.Name
	text string
}

// compare finds the definitions that are not the same on both sides, and how
// many objects they are. Both sides' texts come from the same writer, so that
// an equal object has an equal text.
func compare(from, to string, facts catalog.Facts) (list []Difference, objects int) {
	children := inherited(facts)
	left, right := texts(facts.Definitions, children), texts(facts.TargetDefinitions, children)
	extra := without(right, left)
	byName := map[object][]object{}
	for _, o := range extra {
		byName[object{kind: o.kind, name: o.name}] = append(byName[object{kind: o.kind, name: o.name}], o)
	}
	changed := map[object]bool{}
	for _, l := range without(left, right) {
		objects++
		key := object{kind: l.kind, name: l.name}
		if others := byName[key]; len(others) > 0 {
			byName[key] = others[1:]
			changed[others[0]] = true
			list = append(list, changes(from, to, l, others[0])...)
			continue
		}
		list = append(list, l.differs(l.kind+" is missing at "+to))
	}
	for _, r := range extra {
		if !changed[r] && !r.given() {
			objects++
			d := r.differs(r.kind + " is only at " + to)
			d.What = extraDefinition
			list = append(list, d)
		}
	}
	return list, objects
}

// extraDefinition is the What of a definition that only the target has.
const extraDefinition = "extra definition"

// given tells what every database has from its start. How the target's was set
// up, its owner for one, is not the copy's to decide; where the source's was
// changed it is copied, and compared like all others.
func (o object) given() bool {
	return o.kind == "SCHEMA" && o.name == catalog.Name{Object: "public"}
}

func (o object) differs(text string) Difference {
	return Difference{Entity: o.name.String(), What: "definition", Text: text}
}

// inherited are the tables whose columns may stand in another order after they
// were copied: a child that was attached to its parent later gets the parent's
// order, since it is made as a child. All columns are named wherever they are
// used.
func inherited(facts catalog.Facts) map[catalog.Name]bool {
	children := map[catalog.Name]bool{}
	for _, db := range []*catalog.Database{facts.Source, facts.Target} {
		for _, t := range db.Tables {
			if len(t.Inherits) > 0 || t.Parent != nil {
				children[t.Name] = true
			}
		}
	}
	return children
}

func texts(list []catalog.Definition, children map[catalog.Name]bool) []object {
	all := make([]object, len(list))
	for i, d := range list {
		all[i] = object{d.Kind, d.Name, canonical(d, children[d.Name])}
	}
	return all
}

// without are the objects of a list that another does not have.
func without(list, other []object) []object {
	count := map[object]int{}
	for _, o := range other {
		count[o]++
	}
	var rest []object
	for _, o := range list {
		if count[o] > 0 {
			count[o]--
			continue
		}
		rest = append(rest, o)
	}
	return rest
}

// canonical is a definition's text without what makes no difference: the order
// of an inheriting table's columns, and names that a server adds. Inside
// literals everything makes one.
func canonical(d catalog.Definition, child bool) string {
	switch d.Kind {
	case "TABLE":
		lines := clauses(d.SQL)
		if child {
			slices.Sort(lines)
		}
		return strings.Join(lines, "\n")
	case "FUNCTION", "PROCEDURE", "VIEW", "MATERIALIZED VIEW":
		return unaliased(d.SQL)
	}
	return d.SQL
}

// changes names the lines in which an object differs: for a table mostly its
// columns.
func changes(from, to string, left, right object) []Difference {
	l, r := strings.Split(left.text, "\n"), strings.Split(right.text, "\n")
	old, fresh := only(l, r), only(r, l)
	if len(old)+len(fresh) == 0 {
		return []Difference{left.differs(left.kind + " has its columns in another order at " + to)}
	}
	var list []Difference
	for _, line := range old {
		text := fmt.Sprintf("%s at %s: %s", left.kind, from, brief(line))
		for i, other := range fresh {
			if column(other) == column(line) || len(old)+len(fresh) == 2 {
				text += fmt.Sprintf("; at %s: %s", to, brief(other))
				fresh = slices.Delete(fresh, i, i+1)
				break
			}
		}
		list = append(list, left.change(line, text))
	}
	for _, line := range fresh {
		list = append(list, left.change(line, fmt.Sprintf("%s only at %s: %s", left.kind, to, brief(line))))
	}
	return list
}

func (o object) change(line, text string) Difference {
	d := o.differs(text)
	if o.kind == "TABLE" && !strings.HasPrefix(line, "CREATE ") && !strings.HasPrefix(line, "ALTER ") {
		d.Column = strings.Trim(column(line), `"`)
	}
	return d
}

func only(list, other []string) []string {
	var rest []string
	for _, l := range list {
		if !slices.Contains(other, l) {
			rest = append(rest, l)
		}
	}
	return rest
}

// column is the first word of a line, which names the column it defines.
func column(line string) string {
	if strings.HasPrefix(line, `"`) {
		if name, _, ok := strings.Cut(line[1:], `" `); ok {
			return `"` + name + `"`
		}
	}
	name, _, _ := strings.Cut(line, " ")
	return name
}

func brief(line string) string {
	const most = 100
	if len(line) > most {
		return line[:most] + "..."
	}
	return line
}

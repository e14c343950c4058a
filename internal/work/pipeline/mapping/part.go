package mapping

import (
	"fmt"

	"godwit/internal/catalog"
	"godwit/internal/expression"
	"godwit/internal/expression/path"
)

// below is what a path leads to in a part of the record, whose rows have the
// fields of a schema. List: there may be several of them.
func below(name string, list bool, of *catalog.Schema, p path.Path) (t catalog.Type, problem, next string) {
	if p[0].Listed != list {
		if list {
			return t, fmt.Sprintf("%s is a list of rows: %s is in each of them", quote(name), p), fmt.Sprintf("%s[0].%s, or each: %s", name, p, name)
		}
		return t, quote(name) + " is one row, no list", ""
	}
	if list {
		p = p[1:]
	}
	if len(p) == 0 {
		return catalog.Type{Kind: catalog.KindJSON}, "", ""
	}
	if p[0].Listed {
		return t, quote(name) + " holds rows, no lists of them", ""
	}
	i := of.Index(p[0].Name)
	if i < 0 {
		var names []string
		for _, f := range of.Fields {
			names = append(names, f.Name)
		}
		return t, fmt.Sprintf("the rows of %s have no field %s", name, quote(p[0].Name)), suggest(p[0].Name, names)
	}
	if t = of.Fields[i].Type; len(p) == 1 {
		return t, "", ""
	}
	switch t.Kind {
	case catalog.KindJSON, catalog.KindList, catalog.KindOther, "":
		return catalog.Type{}, "", ""
	}
	return t, fmt.Sprintf("%s is %s: nothing is below it", quote(p[0].Name), t), ""
}

// element is what paths into the elements of a list lead to: known when they are
// rows of a part.
func element(list string, of *catalog.Schema) expression.Root {
	return func(p path.Path) (catalog.Type, string, string) {
		if of == nil || len(p) == 0 {
			return catalog.Type{}, "", ""
		}
		return below(list, false, of, p)
	}
}

// rowsOf is the schema of a list's elements, nil when it is not known.
func (c *compiler) rowsOf(each source) *catalog.Schema {
	if each.slot < 0 || len(each.rest) > 0 {
		return nil
	}
	return c.Source.Fields[each.slot].Of
}

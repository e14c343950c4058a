package mapping

import (
	"fmt"
	"slices"
	"strings"

	"godwit/internal/catalog"
	"godwit/internal/expression"
	"godwit/internal/expression/path"
)

// expression compiles one, with its paths bound to slots. Nil after a problem.
func (c *compiler) expression(key, code string, in scoped, lineage string, wanted catalog.Kind, value catalog.Type) *program {
	s := expression.Scope{
		Roots:   map[string]expression.Root{"doc": c.docRoot},
		Names:   map[string]catalog.Type{"op": {Kind: catalog.KindText}, "key": {Kind: catalog.KindText}},
		Env:     c.Env,
		Lookups: c.lookups,
	}
	if key == "expr" {
		s.Names["value"] = value
	}
	open := func(path.Path) (catalog.Type, string, string) { return catalog.Type{}, "", "" }
	if in.each != "" {
		s.Roots["item"] = element(in.each, in.of)
		s.Names["index"] = catalog.Type{Kind: catalog.KindInt}
		switch {
		case in.parent != nil:
			s.Roots["parent"] = fieldRoot("parent", in.parent)
		case in.nested:
			s.Roots["parent"] = open
		default:
			s.Roots["parent"] = c.docRoot
		}
	}
	if key != "owner" && !strings.HasPrefix(key, "filter") && in.each == "" {
		s.Roots["record"] = fieldRoot("record", &c.p.fields)
	}
	ep, problems := expression.Compile(code, s, wanted)
	for _, p := range problems {
		c.place(Problem{Key: key, Line: p.Line, Column: p.Column, Code: "map.expr", Text: fmt.Sprintf("%s %d:%d: %s", key, p.Line, p.Column, p.Text)}, p.Next)
	}
	if ep == nil {
		return nil
	}
	return c.link(ep, in, lineage)
}

// link finds the slots of an expression's paths, once.
func (c *compiler) link(ep *expression.Program, in scoped, lineage string) *program {
	out := &program{Program: ep}
	for _, v := range ep.Vars {
		b := variable{name: v.Name, root: v.Root, slot: -1, rest: v.Path, whole: len(v.Path) == 0}
		fields := &c.p.fields
		if v.Root == "parent" {
			fields = in.parent
		}
		switch {
		case v.Root == "item":
			v.Path.Want(in.item).All()
		case v.Root == "parent" && in.nested:
			v.Path.Want(in.around).All()
		case v.Root == "doc" || v.Root == "parent" && fields == nil:
			b.root = "doc"
			if b.whole {
				for i, f := range c.Source.Fields {
					c.p.read[f.Name] = true
					c.p.wanted[i].All()
				}
				break
			}
			b.slot, b.rest = c.Source.Index(v.Path[0].Name), v.Path[1:]
			b.rest.Want(c.p.wanted[b.slot]).All()
		case !b.whole:
			b.root = "record"
			if f, below, _ := findField(*fields, v.Path); f != nil {
				b.slot, b.rest = f.number, below
			}
		default:
			b.root = "record"
		}
		if lineage != "" && (b.root == "doc" || v.Root == "item") {
			c.origin(lineage, in, v.Path.String(), b.root == "doc")
		}
		out.vars = append(out.vars, b)
	}
	return out
}

// origin notes what a field is made of.
func (c *compiler) origin(name string, in scoped, text string, doc bool) {
	if in.each != "" && !doc {
		text = strings.TrimSuffix(in.each+"[]."+text, ".")
	}
	if text == "" {
		text = "*"
	}
	if !slices.Contains(c.p.lineage[name], text) {
		c.p.lineage[name] = append(c.p.lineage[name], text)
	}
}

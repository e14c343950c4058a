package calls

import (
	"fmt"
	"maps"
	"slices"

	"godwit/internal/expression/path"
	"godwit/internal/record"

	"github.com/zeebo/xxh3"
)

// Object is what tells the objects of a call apart: paths into what it keeps.
type Object struct {
	Call  string
	Names []string
}

// mostName is how long the name of an object is that is kept as it is.
const mostName = 64

// Of names the object that something is kept of, "" when that tells of none.
func (o Object) Of(kept record.Object) string {
	values := make([]any, len(o.Names))
	for i, name := range o.Names {
		p, err := path.Parse(name)
		if err == nil {
			values[i], err = p.Get(kept)
		}
		if err != nil || values[i] == nil || values[i] == record.Missing {
			return ""
		}
	}
	if len(values) == 0 {
		return ""
	}
	text := record.KeyText(values...)
	if len(text) <= mostName {
		return text
	}
	h := xxh3.HashString128(text)
	return fmt.Sprintf("%%%016x%016x", h.Hi, h.Lo)
}

// Taken is an object that a record was not given, since another one (By) has it.
type Taken struct{ Key, Call, By string }

// Object is what tells apart what a call makes, when it is looked up: what paths of calls
// name of it, else all that it keeps. Without names nothing does.
func (c *Compiled) Object() Object { return Object{c.Name, c.object} }

// objects finds that out for all calls.
func objects(list []*Compiled) {
	for _, c := range list {
		if c.looks == nil || c.Each != "" || len(c.Keep) == 0 {
			continue
		}
		named := map[string]bool{}
		for _, other := range list {
			for _, v := range other.Names() {
				if v.Root == c.Name && len(v.Path) > 0 {
					named[v.Path.String()] = true
				}
			}
		}
		if len(named) == 0 {
			for name := range c.Keep {
				named[name] = true
			}
		}
		c.object = slices.Sorted(maps.Keys(named))
	}
}

package mapping

import (
	"slices"
	"strings"

	"godwit/internal/convert"
	"godwit/internal/expression"
	"godwit/internal/expression/path"
	"godwit/internal/record"
)

// origin is where the value comes from. False after an issue.
func (w *Worker) origin(f *field) (any, bool) {
	switch {
	case f.origin != nil:
		w.machine.Env["value"] = nil
		v, err := w.run(f.origin)
		if err != nil {
			w.broken(f, nil, "expr", err.Error())
			w.issues[len(w.issues)-1].Value = w.given(f.origin, f.checks.printable)
			return nil, false
		}
		return v, true
	case f.list != nil:
		return w.list(f)
	case len(f.from) == 0:
		return f.constant, true
	}
	var first any = record.Missing
	for i := range f.from {
		v, err := w.read(&f.from[i])
		if err != nil {
			w.broken(f, nil, "type", err.Error())
			w.issues[len(w.issues)-1].Value = ""
			return nil, false
		}
		if v != nil && v != record.Missing {
			return v, true
		}
		if v == nil {
			first = nil
		}
	}
	return first, true
}

func (w *Worker) read(s *source) (any, error) {
	from := w.element.item
	if s.slot >= 0 {
		from = w.rec.Slots[s.slot]
	}
	if len(s.rest) == 0 {
		return from, nil
	}
	return s.rest.Get(from)
}

// run gives an expression what it reads, and its value.
func (w *Worker) run(p *program) (any, error) {
	env := w.machine.Env
	for i := range p.vars {
		v := &p.vars[i]
		env[v.name] = w.variable(v)
	}
	return w.machine.Run(p.Program)
}

// given tells what some of the paths that an expression reads hold.
func (w *Worker) given(p *program, printable bool) string {
	var all []string
	for i, v := range p.Vars {
		if len(v.Path) > 0 && len(all) < 3 {
			all = append(all, v.Root+"."+v.Path.String()+" is "+record.Show(w.variable(&p.vars[i]), printable))
		}
	}
	return strings.Join(all, ", ")
}

// variable is the value of a path; what is not there is null, also where a
// text stands in place of a document.
func (w *Worker) variable(v *variable) any {
	var from any
	switch v.root {
	case "doc":
		if v.whole {
			return w.whole()
		}
		from = w.rec.Slots[v.slot]
	case "item":
		from = w.element.item
	case "parent":
		from = w.element.parent
	case "record":
		if v.slot < 0 {
			return w.document(v.rest)
		}
		from = w.values[v.slot]
	}
	if len(v.rest) > 0 {
		var err error
		if from, err = v.rest.Get(from); err != nil {
			return nil
		}
	}
	if from == record.Missing {
		return nil
	}
	return from
}

// whole is the record as a document.
func (w *Worker) whole() record.Object {
	if w.doc == nil {
		w.doc = make(record.Object, len(w.p.schema.Fields))
		for i, f := range w.p.schema.Fields {
			if v := w.rec.Slots[i]; v != record.Missing {
				w.doc[f.Name] = v
			}
		}
	}
	return w.doc
}

// document is the mapped record, or the part of it below a name that several
// fields make up.
func (w *Worker) document(below path.Path) any {
	doc := record.Object{}
	for i, f := range w.p.fields {
		if w.values[i] != record.Missing {
			nest(doc, f.parts, w.values[i])
		}
	}
	v, err := below.Get(doc)
	if err != nil || v == record.Missing {
		return nil
	}
	return v
}

// list makes the documents of a list.
func (w *Worker) list(f *field) (any, bool) {
	v, err := w.read(&f.list.each)
	if err != nil {
		w.broken(f, nil, "type", err.Error())
		return nil, false
	}
	if v == nil || v == record.Missing {
		return v, true
	}
	elements, ok := v.([]any)
	if !ok {
		w.broken(f, v, "type", f.list.text+" is "+convert.Name(v)+", a list is wanted")
		return nil, false
	}
	out, keys := make([]any, len(elements)), []any(nil)
	around := w.element
	parent := around.item
	w.where = append(w.where, position{list: f.name})
	for i, e := range elements {
		w.enter(e, parent, i)
		doc := make(record.Object, len(f.list.fields))
		for _, inner := range f.list.fields {
			if v := w.field(inner); v != record.Missing {
				nest(doc, inner.rest, v)
			}
		}
		out[i] = doc
		if f.list.sort != nil {
			k, _ := w.read(f.list.sort)
			keys = append(keys, k)
		}
	}
	w.where = w.where[:len(w.where)-1]
	w.leave(around)
	if f.list.sort != nil && !sortBy(out, keys) {
		w.broken(f, nil, "type", "cannot be sorted by "+f.list.sort.text+": its values have no order")
		return nil, false
	}
	return out, true
}

// enter sets the scope of an element, leave that of what is around it.
func (w *Worker) enter(item, parent any, i int) {
	w.where[len(w.where)-1].index = i
	w.leave(scope{item: item, parent: parent, index: int64(i), inside: true})
}

func (w *Worker) leave(around scope) {
	w.element = around
	if around.inside {
		w.machine.Env["index"] = around.index
	}
}

// sortBy sorts stably; null and missing come first. False when two keys cannot
// be compared.
func sortBy(out, keys []any) bool {
	order := make([]int, len(out))
	for i := range order {
		order[i] = i
		if keys[i] == record.Missing {
			keys[i] = nil
		}
	}
	fine := true
	slices.SortStableFunc(order, func(a, b int) int {
		x, y := keys[a], keys[b]
		switch {
		case x == nil && y == nil:
			return 0
		case x == nil:
			return -1
		case y == nil:
			return 1
		}
		if s, ok := x.(string); ok {
			if t, ok := y.(string); ok {
				return strings.Compare(s, t)
			}
		}
		c, err := expression.Order(x, y)
		fine = fine && err == nil
		return c
	})
	sorted := make([]any, len(out))
	for i, k := range order {
		sorted[i] = out[k]
	}
	copy(out, sorted)
	return fine
}

package mapping

import (
	"slices"
	"strings"

	"godwit/internal/catalog"
	"godwit/internal/record"
	"godwit/internal/work/pipeline/mapping/convert"
	"godwit/internal/work/pipeline/mapping/expression"
	"godwit/internal/work/pipeline/mapping/path"
)

// field gives what a field holds, as its target takes it: null, or
// record.Missing where it is left out. What breaks a rule is reported; the
// value is of no use then.
func (w *Worker) field(f *field) any {
	v, ok := w.origin(f)
	if !ok {
		return nil
	}
	w.traced(f, "input", v)
	if (v == nil || v == record.Missing) && f.fallback != record.Missing {
		v = f.fallback
		w.traced(f, "default", v)
	}
	if v == record.Missing {
		switch f.missing {
		case "omit":
			return v
		case "reject":
			w.broken(f, v, "missing", "is not there")
			return nil
		}
		v = nil
	}
	for i := range f.steps {
		if v == nil {
			break
		}
		out, why := f.steps[i].do(v)
		if why != nil {
			w.refuse(f, v, why, f.steps[i].name)
			return nil
		}
		v = out
		w.traced(f, f.steps[i].name, v)
	}
	if v, ok = w.derived(f, v); !ok {
		return nil
	}
	return w.finish(f, v)
}

// derived is lookup and expr behind what the value is so far.
func (w *Worker) derived(f *field, v any) (any, bool) {
	if f.lookup != nil && v != nil {
		text, ok := convert.Text(v, catalog.Type{})
		found, known := f.lookup.values[text]
		switch {
		case ok && known:
			v = found
		case f.lookup.other != record.Missing:
			v = f.lookup.other
		default:
			w.broken(f, v, "lookup", "has no entry in "+f.lookup.name)
			return nil, false
		}
		w.traced(f, "lookup", v)
	}
	if f.expr == nil {
		return v, true
	}
	w.machine.Env["value"] = v
	out, err := w.run(f.expr)
	if err != nil {
		w.broken(f, v, "expr", err.Error())
		return nil, false
	}
	w.traced(f, "expr", out)
	return out, true
}

// finish brings a value to its type, checks it and brings it to its column.
func (w *Worker) finish(f *field, v any) any {
	if v == nil {
		return w.null(f)
	}
	if f.kind != nil {
		out, why := f.kind(v)
		if why != nil {
			w.refuse(f, v, why, "")
			return nil
		}
		v = out
		w.traced(f, "type", v)
	}
	w.checks(f, v)
	if f.final != nil {
		out, why := f.final(v)
		if why != nil {
			w.refuse(f, v, why, "")
			return nil
		}
		v = out
	}
	if f.column != nil {
		w.columnChecks(f, v)
	}
	w.traced(f, "output", v)
	return v
}

func (w *Worker) null(f *field) any {
	if w.rec.Op == record.Delete {
		return nil
	}
	if f.checks.required {
		w.violated(f, nil, "required", "is null")
	}
	var v any
	if f.omitNull {
		v = record.Missing
	}
	k := f.column
	if k != nil && k.notNull && !f.checks.required && !(f.omitNull && (k.byDefault || w.rec.Op == record.Update)) {
		w.broken(f, nil, "not-null", "is null, which the column may not be")
	}
	w.traced(f, "output", v)
	return v
}

// checks are the map's own.
func (w *Worker) checks(f *field, v any) {
	k := &f.checks
	if k.min != nil {
		switch c, length, ok := k.min.compare(v); {
		case !ok:
			w.violated(f, v, "min", "cannot be compared with "+k.min.text)
		case c < 0 && length:
			w.violated(f, v, "min", "is shorter than "+k.min.text)
		case c < 0:
			w.violated(f, v, "min", "is less than "+k.min.text)
		}
	}
	if k.max != nil {
		switch c, length, ok := k.max.compare(v); {
		case !ok:
			w.violated(f, v, "max", "cannot be compared with "+k.max.text)
		case c > 0 && length:
			w.violated(f, v, "max", "is longer than "+k.max.text)
		case c > 0:
			w.violated(f, v, "max", "is more than "+k.max.text)
		}
	}
	if k.match != nil {
		if text, ok := convert.Text(v, f.result); !ok || !k.match.MatchString(text) {
			w.violated(f, v, "match", "does not match "+k.match.String())
		}
	}
	if len(k.in) > 0 && !slices.ContainsFunc(k.in, func(o any) bool { return expression.Equal(o, v) }) {
		w.violated(f, v, "in", "is none of "+k.inText)
	}
}

// columnChecks are the target's.
func (w *Worker) columnChecks(f *field, v any) {
	k := f.column
	if k.in != nil {
		text, _ := v.(string)
		if _, isText := v.(string); !isText {
			text, _ = convert.Text(v, f.result)
			text = plainOf(text)
		}
		if !k.in[text] {
			w.broken(f, v, "enum", "is none of "+k.list+fromWhat(k.from))
		}
	}
	if k.min != nil {
		if c, _, ok := k.min.compare(v); ok && c < 0 {
			w.broken(f, v, "check", "is less than "+k.min.text+fromWhat(k.from))
		}
	}
	if k.max != nil {
		if c, _, ok := k.max.compare(v); ok && c > 0 {
			w.broken(f, v, "check", "is more than "+k.max.text+fromWhat(k.from))
		}
	}
}

func fromWhat(name string) string {
	if name == "" {
		return ""
	}
	return ", says " + name
}

// broken reports what keeps the record out whatever the map says: there is no
// value that could be written.
func (w *Worker) broken(f *field, v any, rule, text string) {
	w.report(record.Issue{Rule: rule, Field: w.shown(f.name), Severity: record.SeverityError, Text: text, Value: record.Show(v, f.checks.printable)})
}

func (w *Worker) violated(f *field, v any, rule, text string) {
	if w.rec.Op == record.Delete {
		return
	}
	w.report(record.Issue{Rule: rule, Field: w.shown(f.name), Severity: f.checks.severity, Text: text, Value: record.Show(v, f.checks.printable)})
}

func (w *Worker) refuse(f *field, v any, why *convert.Reason, step string) {
	text := why.Text
	if step != "" {
		text = step + ": " + text
	}
	w.report(record.Issue{
		Rule: why.Rule, Field: w.shown(f.name), Severity: record.SeverityError,
		Text: text, Hint: why.Hint, Value: record.Show(v, f.checks.printable),
	})
}

func (w *Worker) traced(f *field, step string, v any) {
	if w.trace != nil {
		w.trace(w.shown(f.name), step, v)
	}
}

// origin is where the value comes from. False after an issue.
func (w *Worker) origin(f *field) (any, bool) {
	switch {
	case f.origin != nil:
		w.machine.Env["value"] = nil
		v, err := w.run(f.origin)
		if err != nil {
			w.broken(f, nil, "expr", err.Error())
			w.issues[len(w.issues)-1].Value = ""
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

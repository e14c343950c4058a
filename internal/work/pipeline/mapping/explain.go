package mapping

import (
	"strings"

	"godwit/internal/record"
)

// Explained is how a record became what it became.
type Explained struct {
	Steps  []Explanation
	Mapped record.Mapped
}

// Explanation is one step of one field: input, default, a convert step,
// lookup, expr, type, output. Value is as record.Show gives it.
type Explanation struct {
	Field string
	Step  string
	Value string
}

// Explain maps a record and tells every step. Values of fields that are not
// printable are shown only with reveal.
func (p *Program) Explain(rec *record.Record, reveal bool) Explained {
	var out Explained
	w := p.Worker()
	w.Parents = SameKey{}
	printable := map[string]bool{}
	for _, f := range p.fields {
		printable[f.name] = f.checks.printable
	}
	w.trace = func(field, step string, v any) {
		show := reveal || printable[field] || w.printable(field)
		out.Steps = append(out.Steps, Explanation{field, step, record.Show(v, show)})
	}
	out.Mapped = w.Map(rec)
	return out
}

// printable looks a field inside a list up.
func (w *Worker) printable(name string) bool {
	if len(w.where) == 0 {
		return false
	}
	last := name[strings.LastIndex(name, "].")+2:]
	fields := w.p.fields
	for _, r := range w.p.rows {
		if r.text == w.where[0].list {
			fields = r.fields
		}
	}
	for _, at := range w.where {
		for _, f := range fields {
			if f.list != nil && f.name == at.list {
				fields = f.list.fields
				break
			}
		}
	}
	for _, f := range fields {
		if f.name == last {
			return f.checks.printable
		}
	}
	return false
}

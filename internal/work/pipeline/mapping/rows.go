package mapping

import (
	"godwit/internal/convert"
	"godwit/internal/record"
)

// rows appends the rows that the elements of a list make.
func (w *Worker) rows(rows []record.Row, r *children) []record.Row {
	broken := func(v any, text string) {
		w.report(record.Issue{Rule: "type", Field: r.text, Severity: record.SeverityError, Text: text, Value: record.Show(v, false)})
	}
	v, err := w.read(&r.each)
	if err != nil {
		broken(nil, err.Error())
		return rows
	}
	if v == nil || v == record.Missing {
		return rows
	}
	elements, ok := v.([]any)
	if !ok {
		broken(v, "is "+convert.Name(v)+", a list is wanted")
		return rows
	}
	t := w.p.targets[r.into]
	var seen map[string]int
	w.where = append(w.where, position{list: r.text})
	for i, e := range elements {
		w.enter(e, nil, i)
		if r.when != nil {
			if wanted, _ := w.truth(r.when, "when"); !wanted {
				continue
			}
		}
		slots := w.row(r.into)
		for _, f := range r.fields {
			w.put(t, slots, f, w.field(f))
		}
		w.seal(t, slots)
		if len(elements) > 1 && seen == nil {
			seen = make(map[string]int, len(elements))
		}
		w.rowKey(r, slots, i, seen)
		rows = append(rows, record.Row{Into: r.into, Slots: slots})
	}
	w.where = w.where[:len(w.where)-1]
	w.element = scope{}
	return rows
}

// rowKey checks that a row has a key, and that no other row of the record has
// the same one.
func (w *Worker) rowKey(r *children, slots []any, i int, seen map[string]int) {
	key := make([]any, len(r.key))
	for k, slot := range r.key {
		key[k] = slots[slot]
		if key[k] == nil || key[k] == record.Missing {
			if !w.reported(w.shown(r.names[k])) {
				w.report(record.Issue{Rule: "required", Field: w.shown(r.names[k]), Severity: record.SeverityError, Text: "is part of the key and null", Value: "null"})
			}
			return
		}
	}
	if seen == nil {
		return
	}
	text := record.KeyText(key...)
	if _, twice := seen[text]; twice {
		w.report(record.Issue{
			Rule: "unique", Field: w.shown(r.names[len(r.names)-1]), Severity: record.SeverityError,
			Text: "has the same key as another element of " + r.text, Value: record.Show(key[len(key)-1], false),
		})
	}
	seen[text] = i
}

// reported reports whether a field has an issue already.
func (w *Worker) reported(name string) bool {
	for i := range w.issues {
		if w.issues[i].Field == name {
			return true
		}
	}
	return false
}

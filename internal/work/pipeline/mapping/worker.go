package mapping

import (
	"slices"
	"strconv"
	"strings"

	"godwit/internal/expression"
	"godwit/internal/record"
)

// Worker maps records, one at a time: each goroutine has its own.
type Worker struct {
	p          *Program
	machine    *expression.Machine
	rec        *record.Record
	doc        record.Object // of the record, when an expression wants it whole
	values     []any         // of the fields, so far
	failed     []bool        // fields with an issue that keeps the record out
	issues     []record.Issue
	reject     bool
	element    scope
	where      []position
	free       []any // slots for rows to come
	rowsBefore int   // of the last record: the next one will have about as many
	trace      func(field, step string, v any)
	waits      []record.Reference
	// Parents is asked for what a ref names; nil knows nothing.
	Parents Parents
	// Decide: what is not known now will not come, so a ref that need not wait
	// for it does not.
	Decide bool
}

// scope is what paths inside a list begin at.
type scope struct {
	item   any
	parent any
	index  int64
	inside bool
}

// position is a list that the worker is in.
type position struct {
	list  string
	index int
}

// Worker makes a worker.
func (p *Program) Worker() *Worker {
	return &Worker{
		p: p, machine: expression.NewMachine(p.env),
		values: make([]any, len(p.fields)), failed: make([]bool, len(p.fields)),
	}
}

// Map makes rows of a record, or says why not: Filtered, the records that it
// Waits for, or all its issues.
// The record's slots are neither kept nor changed, but values may be shared.
// A delete becomes one row with the columns of the key; all else in it is
// record.Missing, and nothing is checked.
func (w *Worker) Map(rec *record.Record) record.Mapped {
	w.begin(rec)
	m := record.Mapped{Record: *rec}
	for _, f := range w.p.filters {
		out, ok := w.truth(f.program, "filter "+f.name)
		if ok && out {
			m.Filtered = f.name
			return m
		}
	}
	if rec.Op == record.Delete {
		w.remove(&m)
	} else {
		w.create(&m)
	}
	if len(w.issues)+len(w.waits) > 0 {
		w.own()
		m.Issues = append([]record.Issue(nil), w.issues...)
	}
	switch {
	case len(w.waits) > 0: // what its other fields have against it may be different then
		m.Waits, m.Rows = append([]record.Reference(nil), w.waits...), nil
	case w.reject:
		m.Reject, m.Rows = true, nil
	}
	return m
}

func (w *Worker) begin(rec *record.Record) {
	w.rec, w.doc, w.reject = rec, nil, false
	w.issues, w.waits, w.where, w.element = w.issues[:0], w.waits[:0], w.where[:0], scope{}
	clear(w.values)
	clear(w.failed)
	w.machine.Env["op"], w.machine.Env["key"] = string(rec.Op), rec.Key
}

func (w *Worker) create(m *record.Mapped) {
	slots := w.row(0)
	for i, f := range w.p.fields {
		before := w.errors() + len(w.waits)
		v := w.field(f)
		w.values[i] = v
		w.failed[i] = w.errors()+len(w.waits) > before
		w.put(w.p.targets[0], slots, f, v)
	}
	w.seal(w.p.targets[0], slots)
	m.Rows = make([]record.Row, 1, max(1, w.rowsBefore))
	m.Rows[0] = record.Row{Slots: slots}
	for _, r := range w.p.rows {
		m.Rows = w.rows(m.Rows, r)
	}
	w.rowsBefore = len(m.Rows)
	for _, r := range w.p.rules {
		w.check(r)
	}
}

// remove maps the key alone.
func (w *Worker) remove(m *record.Mapped) {
	t := w.p.targets[0]
	slots := w.row(0)
	for i, f := range w.p.fields {
		if t.table != nil && len(t.key) > 0 && !slices.Contains(t.key, t.columns[f.slot]) {
			continue
		}
		w.values[i] = w.field(f)
		w.put(t, slots, f, w.values[i])
	}
	w.seal(t, slots)
	m.Rows = []record.Row{{Slots: slots}}
}

// largeOf is how many bytes a record has at most that shares memory with others.
const largeOf = 64 << 10

// slots are a part of a block of memory, so that one record costs no
// allocation of its own.
func (w *Worker) slots(n int) []any {
	if w.rec != nil && w.rec.Size > largeOf { // the others must not keep it in memory
		return make([]any, n)
	}
	if len(w.free) < n {
		w.free = make([]any, max(n, 512))
	}
	slots := w.free[:n:n]
	w.free = w.free[n:]
	return slots
}

// row gives the slots of a row of a target, all missing.
func (w *Worker) row(into int) []any {
	slots := w.slots(len(w.p.targets[into].columns))
	for i := range slots {
		slots[i] = record.Missing
	}
	return slots
}

// put sets a field's slot, or its place in the slot's document.
func (w *Worker) put(t *target, slots []any, f *field, v any) {
	if len(f.rest) == 0 {
		slots[f.slot] = v
		return
	}
	if v == record.Missing {
		return
	}
	doc, ok := slots[f.slot].(record.Object)
	if !ok {
		doc = record.Object{}
		slots[f.slot] = doc
	}
	nest(doc, f.rest, v)
}

func nest(doc record.Object, names []string, v any) {
	for _, name := range names[:len(names)-1] {
		inner, ok := doc[name].(record.Object)
		if !ok {
			inner = record.Object{}
			doc[name] = inner
		}
		doc = inner
	}
	doc[names[len(names)-1]] = v
}

// seal proves that what goes into JSON columns can be written as JSON. It stays
// a value: to a target a text is a JSON string.
func (w *Worker) seal(t *target, slots []any) {
	for i, l := range t.slots {
		if !l.json || slots[i] == nil || slots[i] == record.Missing {
			continue
		}
		if _, err := record.EncodeJSON(slots[i]); err != nil {
			w.report(record.Issue{Rule: "type", Field: w.shown(t.columns[i]), Severity: record.SeverityError, Text: err.Error()})
		}
	}
}

// errors counts what keeps the record out.
func (w *Worker) errors() int {
	n := 0
	for i := range w.issues {
		if w.issues[i].Severity == record.SeverityError {
			n++
		}
	}
	return n
}

func (w *Worker) report(i record.Issue) {
	w.issues = append(w.issues, i)
	w.reject = w.reject || i.Severity == record.SeverityError
}

// shown is a field's name as people see it: authors[2].name.
func (w *Worker) shown(name string) string {
	if len(w.where) == 0 {
		return name
	}
	var b strings.Builder
	for _, p := range w.where {
		b.WriteString(p.list + "[" + strconv.Itoa(p.index) + "].")
	}
	b.WriteString(name)
	return b.String()
}

// truth is a condition's answer; null is no. Not ok: it failed, which is
// reported.
func (w *Worker) truth(p *program, name string) (answer, ok bool) {
	v, err := w.run(p)
	if err != nil {
		w.report(record.Issue{Rule: "expr", Field: w.shown(name), Severity: record.SeverityError, Text: err.Error(), Value: w.given(p, false)})
		return false, false
	}
	answer, isBool := v.(bool)
	if !isBool && v != nil {
		w.report(record.Issue{Rule: "expr", Field: w.shown(name), Severity: record.SeverityError, Text: "is neither true nor false"})
		return false, false
	}
	return answer, true
}

// check asks a rule about the record, unless a field that it reads is broken:
// that was said already.
func (w *Worker) check(r *rule) {
	for _, i := range r.reads {
		if w.failed[i] {
			return
		}
	}
	v, err := w.run(r.check)
	issue := record.Issue{Rule: r.Name, Field: r.Field, Severity: r.Severity, Hint: r.Hint}
	switch {
	case err != nil:
		issue.Text, issue.Value = "cannot be checked: "+err.Error(), w.given(r.check, false)
	case v == true:
		return
	default:
		issue.Text = "is not so: " + r.Check
	}
	if r.Field != "" {
		issue.Value = w.showField(r.Field)
	}
	if r.owner != nil {
		issue.Owner = w.ownerBy(r.owner)
	}
	w.report(issue)
}

func (w *Worker) showField(name string) string {
	for i, f := range w.p.fields {
		if f.name == name {
			return record.Show(w.values[i], f.checks.printable)
		}
	}
	return ""
}

// own says who is to mend the issues that have no owner yet, and what the record
// waits for.
func (w *Worker) own() {
	if w.p.owner == nil {
		return
	}
	w.element = scope{}
	name := w.ownerBy(w.p.owner)
	for i := range w.issues {
		if w.issues[i].Owner == "" {
			w.issues[i].Owner = name
		}
	}
	for i := range w.waits {
		w.waits[i].Owner = name
	}
}

// ownerBy gives "" when the expression gives nothing: an issue without an owner is still an issue.
func (w *Worker) ownerBy(p *program) string {
	v, err := w.run(p)
	if err != nil {
		return ""
	}
	text, _ := v.(string)
	return text
}

// Key is the text of a record's key by the paths of the input; "" without them. What is not there is part of it.
func (w *Worker) Key(rec *record.Record) string {
	if len(w.p.keys) == 0 {
		return ""
	}
	values := make([]any, len(w.p.keys))
	for i, s := range w.p.keys {
		v, err := s.rest.Get(rec.Slots[s.slot])
		if err != nil {
			v = record.Missing
		}
		values[i] = v
	}
	return record.KeyText(values...)
}

// Identity is what a key's columns hold, or would have held, of a record just mapped; null where that has an issue.
func (w *Worker) Identity(m *record.Mapped, key []string) []any {
	rows, again := m.Rows, record.Mapped{}
	if rows == nil {
		w.begin(&m.Record)
		w.create(&again)
		rows = again.Rows
	}
	values := make([]any, len(key))
	for i, f := range w.p.fields {
		for _, p := range []*program{f.origin, f.expr} {
			for k := 0; p != nil && k < len(p.vars); k++ { // what is made of a broken field is broken
				w.failed[i] = w.failed[i] || p.vars[k].root == "record" && (p.vars[k].slot < 0 || w.failed[p.vars[k].slot])
			}
		}
		for k, c := range key {
			if !w.failed[i] && len(f.rest) == 0 && w.p.targets[0].columns[f.slot] == c {
				values[k] = rows[0].Slots[f.slot]
			}
		}
	}
	return values
}

// Version is the value of the version's path, nil when there is none.
func (w *Worker) Version(rec *record.Record) any {
	if w.p.version == nil {
		return nil
	}
	v, err := w.p.version.rest.Get(rec.Slots[w.p.version.slot])
	if err != nil || v == record.Missing {
		return nil
	}
	return v
}

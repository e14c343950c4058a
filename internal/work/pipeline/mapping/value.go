package mapping

import (
	"slices"

	"godwit/internal/convert"
	"godwit/internal/expression"
	"godwit/internal/record"
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

// derived is lookup, ref and expr behind what the value is so far.
func (w *Worker) derived(f *field, v any) (any, bool) {
	if f.lookup != nil && v != nil {
		found, known := convert.Find(f.lookup.values, v, f.lookup.of)
		switch {
		case known:
			v = found
		case f.lookup.other != record.Missing:
			v = f.lookup.other
		default:
			w.broken(f, v, "lookup", "has no entry in "+f.lookup.name)
			return nil, false
		}
		w.traced(f, "lookup", v)
	}
	if f.ref != nil && v != nil {
		var known bool
		if v, known = w.refer(f, v); !known {
			return nil, false
		}
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

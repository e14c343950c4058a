package decode

import (
	"errors"
	"fmt"
	"net/url"
	"reflect"
	"strconv"
	"strings"
	"time"

	"godwit/internal/control/flow/scalar"
	"godwit/internal/control/flow/source"
	"godwit/internal/expression/pieces"
)

// resolve evaluates the ${...} of a scalar. It reports false when the value is
// wrong, or not known before the flow is bound.
func (d *Decoder) resolve(n *Node, k Key, l *Level) (*Node, bool) {
	if n.Shape != source.Scalar || n.Style == source.Computed || n.Style == source.Given || !strings.Contains(n.Text, "${") || k.Kind == Expr {
		return n, true
	}
	where := fmt.Sprintf("%s in %s", k.Name, l.Name)
	parts, err := pieces.Cut(n.Text)
	if k.Template && k.Kind != SQL { // who fills it in tells what is wrong
		for _, p := range parts {
			if p.Expr {
				d.Later.mentioned(Expr, p.Text)
			}
		}
		return n, true
	}
	if err != nil {
		d.Add(n.Spot, "flow.expr", fmt.Sprintf("%s: %v in %s", where, err, source.Quote(n.Text)), "write $${ for the characters ${")
		return nil, false
	}
	whole := len(parts) == 1 && parts[0].Expr
	if k.Kind == SQL && !whole && strings.Contains(strings.ReplaceAll(n.Text, "$${", ""), "${") {
		d.Add(n.Spot, "flow.expr", fmt.Sprintf("%s: values are not pasted into sql", where), "write ${...} as the whole value only")
		return nil, false
	}
	if d.Scope == nil && (whole || len(parts) > 1 || parts[0].Expr) {
		next := "write $${ for the characters ${"
		if len(d.within) > 0 {
			next = "nothing is filled in in this file: it says the same in every run; " + next
		}
		d.Add(n.Spot, "flow.expr", fmt.Sprintf("%s cannot use ${...}", where), next)
		return nil, false
	}
	out := *n
	if whole {
		out.Style = source.Computed
		if out.Value, err = d.Scope.eval(d, n, parts[0], k, where); errors.Is(err, errLater) {
			d.waits(n, k, l)
		}
		if exact, ok := d.Scope.Path(parts[0].Text); ok && err == nil && k.Kind == Value {
			out.Value = exact // a decimal stays what it is
		}
		return spread(&out), err == nil
	}
	var b strings.Builder
	known := true
	for _, p := range parts {
		if !p.Expr {
			b.WriteString(p.Text)
			continue
		}
		v, err := d.Scope.eval(d, n, p, Key{Kind: raw}, where)
		if errors.Is(err, errLater) {
			d.waits(n, k, l)
		}
		if known = known && err == nil; err == nil && v == nil {
			d.Add(n.Spot.Inside(n.Text, p.Text, p.Offset), "flow.null", fmt.Sprintf("%s: ${%s} is null", where, p.Text), "a text has no place for null: write the whole value as one ${}, or ${... ?? \"\"}")
			known = false
		}
		text := TextOf(v)
		if k.Kind == Request {
			text = url.PathEscape(text)
		}
		b.WriteString(text)
	}
	out.Style, out.Value = source.Computed, b.String()
	if !k.Kind.Textual() {
		out.Style, out.Text = source.Given, b.String()
	}
	return &out, known
}

// spread makes a computed list a list of computed values.
func spread(n *Node) *Node {
	v := reflect.ValueOf(n.Value)
	if n.Value == nil || v.Kind() != reflect.Slice {
		return n
	}
	n.Shape = source.List
	for i := range v.Len() {
		n.Items = append(n.Items, &Node{Style: source.Computed, Value: v.Index(i).Interface(), Spot: n.Spot})
	}
	return n
}

// TextOf is a value inside a text.
func TextOf(v any) string {
	switch v := v.(type) {
	case string:
		return v
	case time.Duration:
		return scalar.FormatDuration(v)
	case float64:
		return strconv.FormatFloat(v, 'f', -1, 64)
	}
	return fmt.Sprint(v)
}

// typeWord names a value's type for an error.
func typeWord(v any) string {
	switch v.(type) {
	case nil:
		return "value null"
	case string:
		return "text " + source.Quote(v.(string))
	case bool:
		return fmt.Sprintf("truth value %v", v)
	case time.Duration:
		return "duration " + TextOf(v)
	case int, int64, float64:
		return "number " + TextOf(v)
	}
	return "list"
}

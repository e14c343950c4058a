package flow

import (
	"fmt"
	"reflect"
	"strconv"
	"strings"
	"time"

	"godwit/internal/control/flow/source"
)

// piece is a part of a text: itself, or the expression of a ${...}.
type piece struct {
	text   string
	expr   bool
	offset int // of the expression in the text, in bytes
}

// pieces cuts a text at ${...}. $${ stands for ${. An expression ends at the
// brace that closes it; braces in its own quotes and braces do not count.
func pieces(text string) ([]piece, error) {
	var out []piece
	var b strings.Builder
	for i := 0; i < len(text); {
		switch {
		case strings.HasPrefix(text[i:], "$${"):
			b.WriteString("${")
			i += 3
		case strings.HasPrefix(text[i:], "${"):
			end := closing(text[i+2:])
			if end < 0 {
				return nil, fmt.Errorf("${ is not closed in %s", source.Quote(text))
			}
			if b.Len() > 0 {
				out = append(out, piece{text: b.String()})
				b.Reset()
			}
			out = append(out, piece{text[i+2 : i+2+end], true, i + 2})
			i += end + 3
		default:
			b.WriteByte(text[i])
			i++
		}
	}
	if b.Len() > 0 || len(out) == 0 {
		out = append(out, piece{text: b.String()})
	}
	return out, nil
}

// closing is the index of the brace that ends an expression, -1 without one.
func closing(s string) int {
	depth, quotes := 0, byte(0)
	for i := 0; i < len(s); i++ {
		switch c := s[i]; {
		case quotes != 0 && c == '\\' && quotes != '`':
			i++
		case quotes != 0:
			if c == quotes {
				quotes = 0
			}
		case c == '"' || c == '\'' || c == '`':
			quotes = c
		case c == '{':
			depth++
		case c == '}' && depth == 0:
			return i
		case c == '}':
			depth--
		}
	}
	return -1
}

// resolve evaluates the ${...} of a scalar. It reports false when the value is
// wrong, or not known before the flow is bound.
func (d *decoder) resolve(n *Node, k Key, l *level) (*Node, bool) {
	if n.Shape != source.Scalar || n.Style == source.Computed || n.Style == source.Given || !strings.Contains(n.Text, "${") || k.Kind == Expr {
		return n, true
	}
	where := fmt.Sprintf("%s in %s", k.Name, l.name)
	parts, err := pieces(n.Text)
	if err != nil {
		d.Add(n.Spot, "flow.expr", fmt.Sprintf("%s: %v", where, err), "write $${ for the characters ${")
		return nil, false
	}
	whole := len(parts) == 1 && parts[0].expr
	if k.Kind == SQL && !whole && strings.Contains(strings.ReplaceAll(n.Text, "$${", ""), "${") {
		d.Add(n.Spot, "flow.expr", fmt.Sprintf("%s: values are not pasted into sql", where), "write ${...} as the whole value only")
		return nil, false
	}
	if d.scope == nil && (whole || len(parts) > 1 || parts[0].expr) {
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
		out.Value, err = d.scope.eval(d, n, parts[0], k, where)
		return spread(&out), err == nil
	}
	var b strings.Builder
	known := true
	for _, p := range parts {
		if !p.expr {
			b.WriteString(p.text)
			continue
		}
		v, err := d.scope.eval(d, n, p, Key{Kind: raw}, where)
		if known = known && err == nil; err == nil && v == nil {
			d.Add(n.Spot.Inside(n.Text, p.text, p.offset), "flow.null", fmt.Sprintf("%s: ${%s} is null", where, p.text), "a text has no place for null: write the whole value as one ${}, or ${... ?? \"\"}")
			known = false
		}
		b.WriteString(textOf(v))
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

// textOf is a value inside a text.
func textOf(v any) string {
	switch v := v.(type) {
	case string:
		return v
	case time.Duration:
		return FormatDuration(v)
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
		return "duration " + textOf(v)
	case int, int64, float64:
		return "number " + textOf(v)
	}
	return "list"
}

package mapping

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"godwit/internal/catalog"
	"godwit/internal/convert"
	"godwit/internal/expression"
	"godwit/internal/record"
)

// checks are what a map says about a field's values.
type checks struct {
	required  bool
	min, max  *bound
	match     *regexp.Regexp
	in        []any
	inText    string
	severity  string
	printable bool
}

// bound is a least or greatest value.
type bound struct {
	value  any // int64, record.Decimal, float64 or time.Time
	length bool
	text   string
}

// columnChecks are what the target says about a column.
type columnChecks struct {
	notNull   bool
	byDefault bool
	in        map[string]bool
	list      string
	from      string
	min, max  *bound
}

// compileChecks reads the checks of a field whose values are of a type.
func (c *compiler) compileChecks(f *field, m *Field, t catalog.Type) {
	k := &f.checks
	k.required, k.severity, k.printable = m.Required, m.Severity, m.Printable
	if k.severity == "" {
		k.severity = record.SeverityError
	}
	k.min, k.max = c.bound("min", m.Min, t), c.bound("max", m.Max, t)
	if m.Match != "" {
		var err error
		if k.match, err = regexp.Compile(m.Match); err != nil {
			c.add("match", "map.rule", "match: "+err.Error(), "regular expressions are RE2")
		}
	}
	var texts []string
	for i := range m.In {
		v := m.In[i].Value
		texts = append(texts, fmt.Sprint(v))
		if f.kind != nil && v != nil {
			out, why := f.kind(v)
			if why != nil {
				c.add("in", "map.type", fmt.Sprintf("in: %q %s", fmt.Sprint(v), why.Text), why.Hint)
				continue
			}
			v = out
		}
		k.in = append(k.in, v)
	}
	k.inText = strings.Join(texts, ", ")
}

func (c *compiler) bound(key string, l *Literal, t catalog.Type) *bound {
	if l == nil {
		return nil
	}
	b, err := newBound(l.Value, t)
	if err != nil {
		c.add(key, "map.rule", key+": "+err.Error(), "")
	}
	return b
}

// newBound reads a bound for values of a type: of texts and lists it is the
// length.
func newBound(v any, t catalog.Type) (*bound, error) {
	b := &bound{value: v, text: fmt.Sprint(v)}
	switch t.Kind {
	case catalog.KindText, catalog.KindList, catalog.KindOther, catalog.KindJSON, catalog.KindBytes:
		b.length = true
		if n, ok := v.(int64); !ok || n < 0 {
			return nil, fmt.Errorf("a length is wanted, %q is none", b.text)
		}
	case catalog.KindDate, catalog.KindTimestamp:
		text, _ := v.(string)
		at, _, why := convert.ReadTime(text)
		if why != nil {
			return nil, fmt.Errorf("a date is wanted, %q is none", b.text)
		}
		b.value = at
	case catalog.KindInt, catalog.KindDecimal, catalog.KindFloat:
		if text, ok := v.(string); ok {
			if n, ok := convert.Number(text); ok {
				b.value = n
			}
		}
		switch b.value.(type) {
		case int64, record.Decimal, float64:
		default:
			return nil, fmt.Errorf("a number is wanted, %q is none", b.text)
		}
	case catalog.KindBool, catalog.KindUUID:
		return nil, fmt.Errorf("values of type %s have no order", t)
	default:
		if text, ok := v.(string); ok {
			if at, _, why := convert.ReadTime(text); why == nil {
				b.value = at
			}
		}
	}
	return b, nil
}

// compare gives -1, 0 or 1 for a value beside the bound; false when they
// cannot be compared. Length: the value's length was compared.
func (b *bound) compare(v any) (c int, length, ok bool) {
	switch x := v.(type) {
	case string:
		if n, is := b.value.(int64); is {
			return compareLength(x, n), true, true
		}
		return 0, false, false
	case []any:
		if n, is := b.value.(int64); is {
			return sign(int64(len(x)) - n), true, true
		}
		return 0, false, false
	case []byte:
		if n, is := b.value.(int64); is {
			return sign(int64(len(x)) - n), true, true
		}
		return 0, false, false
	case int64:
		if n, is := b.value.(int64); is {
			switch {
			case x < n:
				return -1, false, true
			case x > n:
				return 1, false, true
			}
			return 0, false, true
		}
	case time.Time:
		at, is := b.value.(time.Time)
		if !is {
			return 0, false, false
		}
		return x.Compare(at), false, true
	}
	c, err := expression.Order(v, b.value)
	return c, false, err == nil
}

// compareLength counts characters only when bytes do not decide.
func compareLength(s string, n int64) int {
	if int64(len(s)) < n {
		return -1
	}
	return sign(int64(utf8.RuneCountInString(s)) - n)
}

func sign(n int64) int {
	switch {
	case n < 0:
		return -1
	case n > 0:
		return 1
	}
	return 0
}

// derive makes checks of what the target says; nil when it says nothing.
func derive(col *catalog.TargetColumn) *columnChecks {
	k := &columnChecks{notNull: col.NotNull, byDefault: col.Default, from: col.From, list: listed(col.In)}
	if len(col.In) > 0 {
		k.in = make(map[string]bool, len(col.In))
		for _, text := range col.In {
			k.in[plainOf(text)] = true
		}
	}
	k.min, k.max = derivedBound(col.Min, col.Type), derivedBound(col.Max, col.Type)
	if !k.notNull && k.in == nil && k.min == nil && k.max == nil {
		return nil
	}
	return k
}

// fewValues is how many values of the target an issue lists. Those of a
// reference table may be a thousand, grow from run to run, and be nobody's business.
const fewValues = 20

func listed(values []string) string {
	if len(values) > fewValues {
		return fmt.Sprintf("%d values", len(values))
	}
	return strings.Join(values, ", ")
}

// plainOf is a text by which equal numbers are equal.
func plainOf(text string) string {
	if n, ok := convert.Number(text); ok {
		if d, is := n.(record.Decimal); is {
			return d.Plain()
		}
		return strconv.FormatInt(n.(int64), 10)
	}
	return text
}

// derivedBound leaves out what only the target can compare: texts, by its
// collation.
func derivedBound(text *string, t catalog.Type) *bound {
	if text == nil || t.Kind == catalog.KindText || t.Kind == catalog.KindOther || t.Kind == catalog.KindJSON {
		return nil
	}
	b, err := newBound(*text, t)
	if err != nil {
		return nil
	}
	return b
}

package expression

import (
	"errors"
	"fmt"
	"reflect"
	"time"

	"godwit/internal/catalog"
	"godwit/internal/convert"
	"godwit/internal/record"

	"github.com/cockroachdb/apd/v3"
	"github.com/expr-lang/expr"
)

// Failure is what fail says about a record.
type Failure struct{ Reason string }

func (f *Failure) Error() string { return f.Reason }

// operators are the names that the rewriter puts in place of signs.
var operators = []struct {
	sign, name string
	do         func(...any) (any, error)
	types      []any
}{
	{"+", "$add", arithmetic("+"), nil},
	{"-", "$subtract", arithmetic("-"), nil},
	{"*", "$multiply", arithmetic("*"), nil},
	{"/", "$divide", arithmetic("/"), nil},
	{"%", "$rest", arithmetic("%"), nil},
	{"**", "$power", arithmetic("**"), nil},
	{"^", "$power", arithmetic("**"), nil},
	{"==", "$equal", equal, truth},
	{"!=", "$differ", notEqual, truth},
	{"<", "$less", compare("<", func(c int) bool { return c < 0 }), truth},
	{"<=", "$atMost", compare("<=", func(c int) bool { return c <= 0 }), truth},
	{">", "$more", compare(">", func(c int) bool { return c > 0 }), truth},
	{">=", "$atLeast", compare(">=", func(c int) bool { return c >= 0 }), truth},
	{"in", "$in", contained, truth},
}

var truth = []any{new(func(any, any) bool)}

// functions are those of the language that are not expr's own, or better ones.
func functions(s Scope) []expr.Option {
	options := []expr.Option{
		expr.MaxNodes(1000), expr.DisableBuiltin("now"), expr.DisableBuiltin("timezone"), expr.DisableBuiltin("median"),
		expr.Function("$negate", negate), expr.Function("$tick", tick),
		expr.Function("int", one(toWhole), new(func(any) int64)),
		expr.Function("float", one(func(v any) (any, error) { return floatOf(v) }), new(func(any) float64)),
		expr.Function("string", one(func(v any) (any, error) { return toText(v) }), new(func(any) string)),
		expr.Function("type", one(func(v any) (any, error) { return typeOf(v), nil }), new(func(any) string)),
		expr.Function("abs", one(absolute)),
		expr.Function("round", rounding(apd.RoundHalfUp), new(func(any) any), new(func(any, int) any)),
		expr.Function("floor", rounding(apd.RoundFloor), new(func(any) any), new(func(any, int) any)),
		expr.Function("ceil", rounding(apd.RoundCeiling), new(func(any) any), new(func(any, int) any)),
		expr.Function("min", extreme("min", -1)), expr.Function("max", extreme("max", 1)),
		expr.Function("$sum", one(sum)), expr.Function("mean", one(mean)),
		expr.Function("toJSON", one(toJSON), new(func(any) string)),
		expr.Function("fromJSON", one(fromJSON), new(func(string) any)),
		expr.Function("date", dateOf, new(func(any) time.Time), new(func(any, string) time.Time), new(func(any, string, string) time.Time)),
		expr.Function("clock", inZone(func(t time.Time, z *time.Location) (time.Time, *convert.Reason) { return convert.Reading(t, z), nil }), new(func(time.Time, string) time.Time)),
		expr.Function("moment", inZone(convert.InZone), new(func(time.Time, string) time.Time)),
		expr.Function("fail", func(v ...any) (any, error) {
			text, err := toText(v[0])
			return nil, errors.Join(err, &Failure{text})
		}, new(func(any) any)),
		expr.Function("lookup", lookup(s.Lookups), new(func(string, any) string), new(func(string, any, any) any)),
	}
	done := map[string]bool{}
	for _, o := range operators {
		if !done[o.name] {
			options = append(options, expr.Function(o.name, o.do, o.types...))
		}
		done[o.name] = true
	}
	return options
}

func one(do func(any) (any, error)) func(...any) (any, error) {
	return func(v ...any) (any, error) {
		if len(v) != 1 {
			return nil, errors.New("one argument is wanted")
		}
		return do(v[0])
	}
}

func floatOf(v any) (float64, error) {
	if text, ok := v.(string); ok {
		n, ok := convert.Number(text)
		if !ok {
			return 0, errors.New("float: the text is no number")
		}
		v = n
	}
	if !isNumber(v) {
		return 0, fmt.Errorf("float of %s", describe(v))
	}
	return toFloat(v), nil
}

// typeOf gives expr's words for types.
func typeOf(v any) string {
	switch v.(type) {
	case nil:
		return "nil"
	case bool:
		return "bool"
	case int64, int:
		return "int"
	case float64:
		return "float"
	case record.Decimal:
		return "decimal"
	case string:
		return "string"
	case []byte:
		return "bytes"
	case time.Time:
		return "time"
	case record.Object:
		return "map"
	}
	if reflect.TypeOf(v).Kind() == reflect.Slice {
		return "array"
	}
	return reflect.TypeOf(v).Kind().String()
}

func absolute(v any) (any, error) {
	c, err := order("abs", v, int64(0))
	if err != nil {
		return nil, fmt.Errorf("abs of %s", describe(v))
	}
	if c < 0 {
		return calculate("-", int64(0), v)
	}
	return v, nil
}

func rounding(how apd.Rounder) func(...any) (any, error) {
	return func(v ...any) (any, error) {
		var n int64
		if len(v) == 2 {
			n, _ = whole(v[1])
		}
		if !isNumber(v[0]) {
			return nil, fmt.Errorf("rounding of %s", describe(v[0]))
		}
		return round(v[0], n, how)
	}
}

// elements are the values of a list, or of several arguments.
func elements(v []any) ([]any, error) {
	var all []any
	for _, e := range v {
		switch list := e.(type) {
		case []any:
			all = append(all, list...)
		default:
			if r := reflect.ValueOf(e); r.Kind() == reflect.Slice && r.Type().Elem().Kind() != reflect.Uint8 {
				for i := range r.Len() {
					all = append(all, r.Index(i).Interface())
				}
				continue
			}
			all = append(all, e)
		}
	}
	return all, nil
}

func extreme(name string, sign int) func(...any) (any, error) {
	return func(v ...any) (any, error) {
		all, err := elements(v)
		if err != nil || len(all) == 0 {
			return nil, err
		}
		best := all[0]
		for _, e := range all[1:] {
			c, err := order(name, e, best)
			if err != nil {
				return nil, err
			}
			if c*sign > 0 {
				best = e
			}
		}
		return best, nil
	}
}

func sum(v any) (any, error) {
	all, err := elements([]any{v})
	if v == nil || err != nil {
		return nil, errors.Join(err, fmt.Errorf("sum of %s", describe(v)))
	}
	var total any = int64(0)
	for _, e := range all {
		if total, err = arithmetic("+")(total, e); err != nil {
			return nil, err
		}
	}
	return total, nil
}

func mean(v any) (any, error) {
	all, err := elements([]any{v})
	if err != nil || v == nil || len(all) == 0 {
		return nil, errors.New("mean wants a list with numbers")
	}
	total, err := sum(v)
	if err != nil {
		return nil, err
	}
	return calculate("/", total, int64(len(all)))
}

func toJSON(v any) (any, error) {
	v, err := normal(v)
	if err != nil {
		return nil, err
	}
	b, err := record.EncodeJSON(v)
	return string(b), err
}

func fromJSON(v any) (any, error) {
	text, ok := v.(string)
	if !ok {
		return nil, fmt.Errorf("fromJSON of %s", describe(v))
	}
	out, err := record.DecodeJSON([]byte(text))
	if err != nil {
		return nil, fmt.Errorf("fromJSON: %w", err)
	}
	return out, nil
}

// dateOf is date(text[, layout[, zone]]).
func dateOf(v ...any) (any, error) {
	if v[0] == nil {
		return nil, errors.New("date of null")
	}
	var args []string
	for _, a := range v[1:] {
		text, ok := a.(string)
		if !ok {
			return nil, fmt.Errorf("date wants its layout as a text, not %s", describe(a))
		}
		args = append(args, text)
	}
	step, _, err := convert.New("date", args, nil)
	if err != nil {
		return nil, err
	}
	t, why := step(v[0])
	if why != nil {
		return nil, fmt.Errorf("date: the value %s", why.Text)
	}
	return t, nil
}

func inZone(do func(time.Time, *time.Location) (time.Time, *convert.Reason)) func(...any) (any, error) {
	return func(v ...any) (any, error) {
		t, ok := v[0].(time.Time)
		name, text := v[1].(string)
		if !ok || !text {
			return nil, fmt.Errorf("a time and the name of a zone are wanted, not %s", describe(v[0]))
		}
		zone, err := time.LoadLocation(name)
		if err != nil || name == "Local" {
			return nil, fmt.Errorf("there is no time zone %q", name)
		}
		out, why := do(t, zone)
		if why != nil {
			return nil, errors.New("the value " + why.Text)
		}
		return out, nil
	}
}

// lookup is lookup(name, value[, otherwise]): null finds null; without
// otherwise a value that has no entry is an error.
func lookup(tables map[string]map[string]string) func(...any) (any, error) {
	return func(v ...any) (any, error) {
		name, _ := v[0].(string)
		table, ok := tables[name]
		if !ok {
			return nil, fmt.Errorf("there is no lookup %q", name)
		}
		if v[1] == nil {
			return nil, nil
		}
		if found, ok := convert.Find(table, v[1], catalog.Type{}); ok {
			return found, nil
		}
		if key, err := toText(v[1]); err != nil {
			return nil, err
		} else if found, ok := table[key]; ok {
			return found, nil
		}
		if len(v) == 3 {
			return v[2], nil
		}
		return nil, fmt.Errorf("the lookup %q has no entry for the value", name)
	}
}

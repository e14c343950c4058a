package expression

import (
	"bytes"
	"errors"
	"fmt"
	"reflect"
	"time"

	"godwit/internal/convert"
	"godwit/internal/record"
)

// The operators as functions: they know null, decimals and times, and fail
// where expr's own would wrap round or guess.

func describe(v any) string {
	if _, ok := v.(time.Duration); ok {
		return "a duration"
	}
	return convert.Name(v)
}

func mismatch(op string, a, b any) error {
	for _, v := range []any{a, b} {
		if v == nil {
			return fmt.Errorf("null beside %s; say what stands for it: (… ?? 0)", op)
		}
	}
	return fmt.Errorf("%s %s %s is not possible", describe(a), op, describe(b))
}

func arithmetic(op string) func(...any) (any, error) {
	return func(v ...any) (any, error) {
		a, b := v[0], v[1]
		if isNumber(a) && isNumber(b) {
			return calculate(op, a, b)
		}
		if out, err, ok := others(op, a, b); ok {
			return out, err
		}
		return nil, mismatch(op, a, b)
	}
}

// others adds texts, and works with times and durations.
func others(op string, a, b any) (any, error, bool) {
	switch x := a.(type) {
	case string:
		if y, ok := b.(string); ok && op == "+" {
			if len(x)+len(y) > length {
				return nil, errors.New("the text gets too long"), true
			}
			return x + y, nil, true
		}
	case time.Time:
		switch y := b.(type) {
		case time.Duration:
			if op == "+" {
				return x.Add(y), nil, true
			}
			if op == "-" {
				return x.Add(-y), nil, true
			}
		case time.Time:
			if op == "-" {
				return x.Sub(y), nil, true
			}
		}
	case time.Duration:
		if y, ok := b.(time.Time); ok && op == "+" {
			return y.Add(x), nil, true
		}
		if y, ok := b.(time.Duration); ok && (op == "+" || op == "-") {
			d, err := wholes(op, int64(x), int64(y))
			if err != nil {
				return nil, err, true
			}
			return time.Duration(d.(int64)), nil, true
		}
		if y, ok := whole(b); ok && op == "*" {
			d, ok := times(int64(x), y)
			if !ok {
				return nil, errLarge, true
			}
			return time.Duration(d), nil, true
		}
	}
	return nil, nil, false
}

func negate(v ...any) (any, error) {
	if d, ok := v[0].(time.Duration); ok {
		return -d, nil
	}
	if !isNumber(v[0]) {
		return nil, mismatch("-", int64(0), v[0])
	}
	return calculate("-", int64(0), v[0])
}

// compare is < and its like.
func compare(op string, good func(int) bool) func(...any) (any, error) {
	return func(v ...any) (any, error) {
		c, err := order(op, v[0], v[1])
		if err != nil {
			return nil, err
		}
		return good(c), nil
	}
}

func order(op string, a, b any) (int, error) {
	switch x := a.(type) {
	case string:
		if y, ok := b.(string); ok {
			switch {
			case x < y:
				return -1, nil
			case x > y:
				return 1, nil
			}
			return 0, nil
		}
	case time.Time:
		if y, ok := b.(time.Time); ok {
			return x.Compare(y), nil
		}
	case time.Duration:
		if y, ok := b.(time.Duration); ok {
			return compareNumbers(int64(x), int64(y))
		}
	case []byte:
		if y, ok := b.([]byte); ok {
			return bytes.Compare(x, y), nil
		}
	}
	if isNumber(a) && isNumber(b) {
		return compareNumbers(a, b)
	}
	return 0, mismatch(op, a, b)
}

// Equal compares values as == does: numbers by what they are worth, times by
// the moment, lists and documents by their parts. Null equals only null.
func Equal(a, b any) bool {
	if isNumber(a) && isNumber(b) {
		c, err := compareNumbers(a, b)
		return err == nil && c == 0
	}
	switch x := a.(type) {
	case nil:
		return b == nil
	case string:
		y, ok := b.(string)
		return ok && x == y
	case bool:
		y, ok := b.(bool)
		return ok && x == y
	case time.Time:
		y, ok := b.(time.Time)
		return ok && x.Equal(y)
	case []any:
		y, ok := b.([]any)
		if !ok || len(x) != len(y) {
			return ok && len(x) == len(y)
		}
		for i := range x {
			if !Equal(x[i], y[i]) {
				return false
			}
		}
		return true
	case record.Object:
		y, ok := b.(record.Object)
		if !ok || len(x) != len(y) {
			return false
		}
		for name, v := range x {
			w, there := y[name]
			if !there || !Equal(v, w) {
				return false
			}
		}
		return true
	}
	return reflect.DeepEqual(a, b)
}

func equal(v ...any) (any, error)    { return Equal(v[0], v[1]), nil }
func notEqual(v ...any) (any, error) { return !Equal(v[0], v[1]), nil }

// contained is in: an element of a list, a name in a document.
func contained(v ...any) (any, error) {
	switch in := v[1].(type) {
	case nil:
		return false, nil
	case []any:
		for _, e := range in {
			if Equal(v[0], e) {
				return true, nil
			}
		}
		return false, nil
	case record.Object:
		name, ok := v[0].(string)
		_, there := in[name]
		return ok && there, nil
	}
	list := reflect.ValueOf(v[1])
	if list.Kind() == reflect.Slice {
		for i := range list.Len() {
			if Equal(v[0], list.Index(i).Interface()) {
				return true, nil
			}
		}
		return false, nil
	}
	return nil, fmt.Errorf("in wants a list or a document, not %s", describe(v[1]))
}

// tick counts the turns of loops inside loops.
func tick(v ...any) (any, error) {
	left := v[0].(*int64)
	if *left--; *left < 0 {
		return nil, errors.New("it takes too many steps")
	}
	return v[1], nil
}

// Order compares two values: -1, 0 or 1. Values of different kinds, and those
// that have no order, are an error.
func Order(a, b any) (int, error) { return order("beside", a, b) }

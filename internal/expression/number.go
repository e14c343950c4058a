package expression

import (
	"cmp"
	"errors"
	"fmt"
	"math"
	"math/bits"
	"strconv"
	"strings"
	"time"

	"godwit/internal/catalog"
	"godwit/internal/convert"
	"godwit/internal/record"

	"github.com/cockroachdb/apd/v3"
)

// Numbers are int64, record.Decimal or float64. Whole numbers stay whole and
// are checked; with a decimal all is exact, a quotient to 34 digits; with a
// float all is float.

var (
	errZero  = errors.New("division by zero")
	errLarge = errors.New("the number is too large")
	exact    = apd.BaseContext.WithPrecision(0)
	quotient = apd.BaseContext.WithPrecision(34)
)

// most is how many digits a number may have that is worked with.
const most = 2000

func whole(v any) (int64, bool) {
	switch v := v.(type) {
	case int64:
		return v, true
	case int:
		return int64(v), true
	case int32:
		return int64(v), true
	}
	return 0, false
}

func isNumber(v any) bool {
	switch v.(type) {
	case int64, int, int32, float64, record.Decimal:
		return true
	}
	return false
}

func toFloat(v any) float64 {
	switch v := v.(type) {
	case float64:
		return v
	case record.Decimal:
		f, err := strconv.ParseFloat(string(v), 64)
		if err != nil && !math.IsInf(f, 0) {
			return math.NaN()
		}
		return f
	}
	i, _ := whole(v)
	return float64(i)
}

// toDecimal reads an exact number; NaN and what has too many digits are errors.
func toDecimal(v any, d *apd.Decimal) error {
	if i, ok := whole(v); ok {
		d.SetInt64(i)
		return nil
	}
	text := string(v.(record.Decimal))
	if _, _, err := d.SetString(text); err != nil || d.Form != apd.Finite {
		return fmt.Errorf("%w", errNoNumber)
	}
	if len(text) > most || d.Exponent > most || d.Exponent < -most {
		return errLarge
	}
	return nil
}

var errNoNumber = errors.New("NaN and infinity cannot be worked with")

func isFloat(a, b any) bool {
	_, fa := a.(float64)
	_, fb := b.(float64)
	return fa || fb
}

func fromDecimal(d *apd.Decimal) (any, error) {
	if d.Form != apd.Finite {
		return nil, errNoNumber
	}
	if d.NumDigits() > most || d.Exponent > most || d.Exponent < -most {
		return nil, errLarge
	}
	if d.IsZero() {
		d.Negative = false
	}
	return record.Decimal(d.Text('f')), nil
}

func checkFloat(f float64) (any, error) {
	if math.IsNaN(f) || math.IsInf(f, 0) {
		return nil, errLarge
	}
	return f, nil
}

// calculate does one of + - * / % ** to numbers.
func calculate(op string, a, b any) (any, error) {
	i, aWhole := whole(a)
	j, bWhole := whole(b)
	switch {
	case aWhole && bWhole && op != "/":
		return wholes(op, i, j)
	case isFloat(a, b):
		return floats(op, toFloat(a), toFloat(b))
	}
	var x, y, z apd.Decimal
	if err := toDecimal(a, &x); err != nil {
		return nil, err
	}
	if err := toDecimal(b, &y); err != nil {
		return nil, err
	}
	if (op == "/" || op == "%") && y.IsZero() {
		return nil, errZero
	}
	var err error
	switch op {
	case "+":
		_, err = exact.Add(&z, &x, &y)
	case "-":
		_, err = exact.Sub(&z, &x, &y)
	case "*":
		_, err = exact.Mul(&z, &x, &y)
	case "/":
		if _, err = quotient.Quo(&z, &x, &y); err == nil {
			z.Reduce(&z)
		}
	case "%":
		_, err = apd.BaseContext.WithPrecision(2*most).Rem(&z, &x, &y)
	default:
		return nil, errors.New("** works on whole numbers and floats")
	}
	if err != nil {
		return nil, errLarge
	}
	return fromDecimal(&z)
}

func wholes(op string, a, b int64) (any, error) {
	var c int64
	ok := true
	switch op {
	case "+":
		c = a + b
		ok = (c > a) == (b > 0)
	case "-":
		c = a - b
		ok = (c < a) == (b > 0)
	case "*":
		c, ok = times(a, b)
	case "%":
		if b == 0 {
			return nil, errZero
		}
		if b != -1 {
			c = a % b
		}
	case "**":
		if b < 0 {
			return floats(op, float64(a), float64(b))
		}
		c = 1
		for ; b > 0 && ok && c != 0; b-- {
			if a == 1 {
				break
			}
			if a == -1 {
				if b%2 == 1 {
					c = -1
				}
				break
			}
			c, ok = times(c, a)
		}
	}
	if !ok {
		return nil, fmt.Errorf("the result of %s is too large for a whole number", op)
	}
	return c, nil
}

func times(a, b int64) (int64, bool) {
	hi, lo := bits.Mul64(magnitude(a), magnitude(b))
	negative := (a < 0) != (b < 0)
	if hi != 0 || lo > 1<<63 || lo == 1<<63 && !negative {
		return 0, false
	}
	return a * b, true
}

func magnitude(a int64) uint64 {
	if a < 0 {
		return -uint64(a)
	}
	return uint64(a)
}

func floats(op string, a, b float64) (any, error) {
	switch op {
	case "+":
		return checkFloat(a + b)
	case "-":
		return checkFloat(a - b)
	case "*":
		return checkFloat(a * b)
	case "**":
		return checkFloat(math.Pow(a, b))
	}
	if b == 0 {
		return nil, errZero
	}
	if op == "%" {
		return checkFloat(math.Mod(a, b))
	}
	return checkFloat(a / b)
}

// compareNumbers is -1, 0 or 1. A decimal beside a float is taken as the
// nearest float.
func compareNumbers(a, b any) (int, error) {
	i, aWhole := whole(a)
	j, bWhole := whole(b)
	if aWhole && bWhole {
		switch {
		case i < j:
			return -1, nil
		case i > j:
			return 1, nil
		}
		return 0, nil
	}
	if isFloat(a, b) {
		x, y := toFloat(a), toFloat(b)
		switch {
		case math.IsNaN(x) || math.IsNaN(y):
			return 0, errNoNumber
		case x < y:
			return -1, nil
		case x > y:
			return 1, nil
		}
		return 0, nil
	}
	if c, ok := compareTexts(plainText(a), plainText(b)); ok {
		return c, nil
	}
	var x, y apd.Decimal
	if err := errors.Join(toDecimal(a, &x), toDecimal(b, &y)); err != nil {
		return 0, err
	}
	return x.Cmp(&y), nil
}

// plainText is an exact number as text.
func plainText(v any) string {
	if d, ok := v.(record.Decimal); ok {
		return string(d)
	}
	i, _ := whole(v)
	return strconv.FormatInt(i, 10)
}

// compareTexts compares two numbers digit by digit. Not ok: one of them is
// written with an exponent, leading zeros or the sign of a zero.
func compareTexts(a, b string) (c int, ok bool) {
	if !convert.Canonical(a) || !convert.Canonical(b) {
		return 0, false
	}
	negative := a[0] == '-'
	switch {
	case negative && b[0] != '-':
		return -1, true
	case !negative && b[0] == '-':
		return 1, true
	case negative:
		a, b = b[1:], a[1:]
	}
	wholeA, restA, _ := strings.Cut(a, ".")
	wholeB, restB, _ := strings.Cut(b, ".")
	if len(wholeA) != len(wholeB) {
		return cmp.Compare(len(wholeA), len(wholeB)), true
	}
	if c := strings.Compare(wholeA, wholeB); c != 0 {
		return c, true
	}
	return strings.Compare(strings.TrimRight(restA, "0"), strings.TrimRight(restB, "0")), true
}

// round gives a number with n digits behind the point; a half goes away from
// zero. How is "round", "floor" or "ceil".
func round(v any, n int64, how apd.Rounder) (any, error) {
	if _, ok := whole(v); ok && n >= 0 {
		return v, nil
	}
	if n > most || n < -most {
		return nil, errLarge
	}
	if f, ok := v.(float64); ok {
		if math.IsNaN(f) || math.IsInf(f, 0) {
			return nil, errNoNumber
		}
		v = record.Decimal(strconv.FormatFloat(f, 'f', -1, 64))
	}
	var x, z apd.Decimal
	if err := toDecimal(v, &x); err != nil {
		return nil, err
	}
	c := apd.BaseContext.WithPrecision(3 * most)
	c.Rounding = how
	if _, err := c.Quantize(&z, &x, int32(-n)); err != nil {
		return nil, errLarge
	}
	return fromDecimal(&z)
}

// toWhole is int(v): the whole part of a number, a text in digits.
func toWhole(v any) (any, error) {
	switch x := v.(type) {
	case string:
		n, ok := convert.Number(x)
		if i, isWhole := n.(int64); ok && isWhole {
			return i, nil
		}
		return nil, errors.New("int: the text is no whole number")
	case bool:
		if x {
			return int64(1), nil
		}
		return int64(0), nil
	}
	if !isNumber(v) {
		return nil, fmt.Errorf("int of %s", convert.Name(v))
	}
	down, err := round(v, 0, apd.RoundDown)
	if err != nil {
		return nil, err
	}
	if i, ok := whole(down); ok {
		return i, nil
	}
	i, err := strconv.ParseInt(string(down.(record.Decimal)), 10, 64)
	if err != nil {
		return nil, errLarge
	}
	return i, nil
}

// Text is a value inside a text, as string(v) gives it.
func Text(v any) (string, error) { return toText(v) }

// toText is string(v). Null has no text: it would be seen by nobody.
func toText(v any) (string, error) {
	switch x := v.(type) {
	case nil:
		return "", errors.New("null has no text; say what stands for it: (… ?? \"\")")
	case int:
		return strconv.Itoa(x), nil
	case time.Duration:
		return x.String(), nil
	case record.Object, []any:
		b, err := record.EncodeJSON(v)
		return string(b), err
	case []byte:
		return "", errors.New("bytes have no text; toBase64 makes one")
	}
	text, ok := convert.Text(v, catalog.Type{})
	if !ok {
		return "", fmt.Errorf("%s has no text", convert.Name(v))
	}
	return text, nil
}

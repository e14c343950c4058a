package convert

import (
	"math"
	"strconv"
	"strings"

	"godwit/internal/catalog"
	"godwit/internal/record"
)

// Number reads a text as a number: sign, digits, a point, an exponent.
// Nothing else: no white space, no marks between thousands. Whole numbers that
// fit are int64, all others record.Decimal.
func Number(text string) (any, bool) {
	if i, err := strconv.ParseInt(text, 10, 64); err == nil {
		return i, true
	}
	d, ok := plainNumber(text)
	return d, ok
}

// plainNumber is a number without exponent, plus sign, leading zeros, and
// without the sign of a zero. Digits behind the point are kept.
func plainNumber(text string) (record.Decimal, bool) {
	if Canonical(text) {
		return record.Decimal(text), true
	}
	mantissa, exponent, _ := strings.Cut(strings.ToLower(text), "e")
	digits := strings.TrimLeft(mantissa, "+-")
	if len(mantissa)-len(digits) > 1 || strings.Trim(digits, "0123456789.") != "" || strings.Count(digits, ".") > 1 || strings.Trim(digits, ".") == "" {
		return "", false
	}
	if exponent != "" || strings.ContainsAny(text, "eE") {
		plain := record.Decimal(text).Plain()
		return record.Decimal(plain), Canonical(plain)
	}
	whole, fraction, _ := strings.Cut(digits, ".")
	whole = strings.TrimLeft(whole, "0")
	if whole == "" {
		whole = "0"
	}
	if fraction != "" {
		whole += "." + fraction
	}
	if mantissa[0] == '-' && strings.Trim(whole, "0.") != "" {
		whole = "-" + whole
	}
	return record.Decimal(whole), true
}

// Canonical reports whether a text is a number as Number writes it: digits and
// a point, no exponent, no zeros before the first digit but one, no sign of a
// zero.
func Canonical(text string) bool {
	s := text
	negative := s != "" && s[0] == '-'
	if negative {
		s = s[1:]
	}
	point, zero := -1, true
	for i := 0; i < len(s); i++ {
		switch c := s[i]; {
		case c == '.' && point < 0:
			point = i
		case c < '0' || c > '9':
			return false
		case c != '0':
			zero = false
		}
	}
	whole := point
	if point < 0 {
		whole = len(s)
	}
	return whole > 0 && point != len(s)-1 && (whole == 1 || s[0] != '0') && !(negative && zero)
}

func toInt(t catalog.Type) Step {
	bits := t.Length * 8
	if bits == 0 {
		bits = 64
	}
	least, most := int64(-1)<<(bits-1), int64(1)<<(bits-1)-1
	return func(v any) (any, *Reason) {
		i, ok := v.(int64)
		if !ok {
			var why *Reason
			if i, why = whole(v); why != nil {
				return nil, why
			}
			v = i
		}
		if i < least || i > most {
			return nil, &Reason{Rule: "range", Text: "is not between " + strconv.FormatInt(least, 10) + " and " + strconv.FormatInt(most, 10)}
		}
		return v, nil
	}
}

func whole(v any) (int64, *Reason) {
	var text string
	switch v := v.(type) {
	case record.Decimal:
		text = string(v)
	case string:
		text = v
	case float64:
		if math.IsNaN(v) || math.IsInf(v, 0) {
			return 0, &Reason{Rule: "type", Text: "is no finite number"}
		}
		text = strconv.FormatFloat(v, 'f', -1, 64)
	default:
		return 0, wrongType(v, "a whole number")
	}
	if i, err := strconv.ParseInt(text, 10, 64); err == nil {
		return i, nil
	}
	d, ok := plainNumber(text)
	if !ok {
		return 0, notNumber(v, text, "whole number")
	}
	front, fraction, _ := strings.Cut(string(d), ".")
	if strings.Trim(fraction, "0") != "" {
		return 0, &Reason{Rule: "precision", Text: "has digits behind the point, a whole number is wanted"}
	}
	i, err := strconv.ParseInt(front, 10, 64)
	if err != nil {
		return 0, &Reason{Rule: "range", Text: "is larger than any whole number there"}
	}
	return i, nil
}

func notNumber(v any, text, wanted string) *Reason {
	r := &Reason{Rule: "type", Text: "is no " + wanted}
	if _, isText := v.(string); isText {
		switch {
		case strings.TrimSpace(text) == "":
			r.Text, r.Hint = "is a blank text, a "+wanted+" is wanted", "convert: blank_to_null makes it null"
		case strings.TrimSpace(text) != text:
			r.Hint = "convert: trim takes the white space away"
		}
	}
	return r
}

func toDecimal(t catalog.Type) Step {
	return func(v any) (any, *Reason) {
		var text string
		switch v := v.(type) {
		case record.Decimal:
			text = string(v)
		case int64:
			text = strconv.FormatInt(v, 10)
		case string:
			text = v
		case float64:
			if math.IsNaN(v) || math.IsInf(v, 0) {
				return nil, &Reason{Rule: "type", Text: "is no finite number"}
			}
			text = strconv.FormatFloat(v, 'f', -1, 64)
		default:
			return nil, wrongType(v, "a number")
		}
		d, ok := plainNumber(text)
		if !ok {
			return nil, notNumber(v, text, "number")
		}
		if why := fits(string(d), t); why != nil {
			return nil, why
		}
		if string(d) == text {
			if _, same := v.(record.Decimal); same {
				return v, nil // no new box
			}
		}
		return d, nil
	}
}

// fits checks precision and scale of a plain number.
func fits(text string, t catalog.Type) *Reason {
	if t.Precision == 0 {
		return nil
	}
	text = strings.TrimPrefix(text, "-")
	front, fraction, _ := strings.Cut(text, ".")
	if front == "0" {
		front = ""
	}
	fraction = strings.TrimRight(fraction, "0")
	if len(fraction) > max(t.Scale, 0) || t.Scale < 0 && strings.TrimRight(front, "0") != "" && len(front)-len(strings.TrimRight(front, "0")) < -t.Scale {
		return &Reason{Rule: "precision", Text: "would be rounded to " + t.String(), Hint: "expr: round(value, " + strconv.Itoa(t.Scale) + ") says so"}
	}
	if len(front) > t.Precision-t.Scale {
		return &Reason{Rule: "precision", Text: "has more digits before the point than " + t.String()}
	}
	return nil
}

func toFloat(t catalog.Type) Step {
	bits := 64
	if t.Length == 4 {
		bits = 32
	}
	return func(v any) (any, *Reason) {
		switch x := v.(type) {
		case float64:
			if bits == 32 && float64(float32(x)) != x && !math.IsNaN(x) && shortest(float64(float32(x)), 32) != shortest(x, 64) {
				return nil, inexact(bits)
			}
			return v, nil
		case int64:
			if bits == 64 && x > -1<<53 && x < 1<<53 {
				return float64(x), nil
			}
			return nearest(strconv.FormatInt(x, 10), bits)
		case record.Decimal:
			return nearest(string(x), bits)
		case string:
			if _, ok := plainNumber(x); !ok {
				return nil, notNumber(v, x, "number")
			}
			return nearest(x, bits)
		}
		return nil, wrongType(v, "a number")
	}
}

func shortest(f float64, bits int) string { return strconv.FormatFloat(f, 'g', -1, bits) }

func inexact(bits int) *Reason {
	digits := "15"
	if bits == 32 {
		digits = "6"
	}
	return &Reason{Rule: "precision", Text: "has more than the " + digits + " digits that a float of " + strconv.Itoa(bits/8) + " bytes keeps"}
}

// nearest is the float whose shortest text is the number itself: with more
// digits than a float keeps something would be lost.
func nearest(text string, bits int) (any, *Reason) {
	f, err := strconv.ParseFloat(text, bits)
	if err != nil {
		return nil, &Reason{Rule: "range", Text: "is no number that a float can hold"}
	}
	if record.Decimal(shortest(f, bits)).Plain() != record.Decimal(text).Plain() &&
		record.Decimal(strconv.FormatFloat(f, 'f', -1, 64)).Plain() != record.Decimal(text).Plain() &&
		strings.TrimRight(strconv.FormatFloat(f, 'f', 64, 64), "0") != strings.TrimRight(text, "0") {
		return nil, inexact(bits)
	}
	return f, nil
}

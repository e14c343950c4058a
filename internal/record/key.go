package record

import (
	"encoding/hex"
	"fmt"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

// KeyText is the values of a key as one text that people can read and that
// tells any two keys of the same columns apart: 4711, a/7. Equal numbers have
// the same text however they are written. In texts the slash, the percent
// sign, control characters and bytes that are not UTF-8 stand as %XX; an empty
// text is %e, null %n, a missing value %m, so that the text of a key is never
// empty.
func KeyText(values ...any) string {
	if len(values) == 1 {
		if i, ok := values[0].(int64); ok {
			return strconv.FormatInt(i, 10)
		}
	}
	var b strings.Builder
	for i, v := range values {
		if i > 0 {
			b.WriteByte('/')
		}
		keyPart(&b, v)
	}
	return b.String()
}

func keyPart(b *strings.Builder, v any) {
	switch v := v.(type) {
	case nil:
		b.WriteString("%n")
	case missing:
		b.WriteString("%m")
	case int64:
		b.WriteString(strconv.FormatInt(v, 10))
	case Decimal:
		escape(b, v.Plain())
	case string:
		escape(b, v)
	case bool:
		b.WriteString(strconv.FormatBool(v))
	case float64:
		if v == 0 {
			v = 0 // -0 and 0 are equal
		}
		b.WriteString(strconv.FormatFloat(v, 'g', -1, 64))
	case []byte:
		if len(v) == 0 {
			b.WriteString("%e")
		}
		b.WriteString(hex.EncodeToString(v))
	case time.Time:
		v = v.UTC()
		if v.Equal(v.Truncate(24 * time.Hour)) {
			b.WriteString(v.Format("2006-01-02"))
			return
		}
		b.WriteString(TimeText(v))
	default:
		text, err := EncodeJSON(v)
		if err != nil {
			text = []byte(fmt.Sprint(v))
		}
		escape(b, string(text))
	}
}

func escape(b *strings.Builder, text string) {
	if text == "" {
		b.WriteString("%e")
		return
	}
	const hexDigits = "0123456789ABCDEF"
	for i := 0; i < len(text); {
		r, n := utf8.DecodeRuneInString(text[i:])
		if r < 0x20 || r == 0x7f || r == '/' || r == '%' || r == utf8.RuneError && n == 1 {
			b.WriteByte('%')
			b.WriteByte(hexDigits[text[i]>>4])
			b.WriteByte(hexDigits[text[i]&15])
		} else {
			b.WriteString(text[i : i+n])
		}
		i += n
	}
}

// Plain is the number in its shortest usual form: without exponent, without
// zeros that say nothing, never -0. A text that is no number, or one with more
// than 1,000 digits, is given as it is.
func (d Decimal) Plain() string {
	text := string(d)
	negative, whole, fraction, exponent, ok := d.parts()
	if !ok {
		return text
	}
	all := whole + fraction
	point := len(whole) + exponent
	first := len(all) - len(strings.TrimLeft(all, "0"))
	if first == len(all) {
		return "0"
	}
	all, point = all[first:], point-first
	all = strings.TrimRight(all, "0")
	if point > 1000 || point < -1000 || len(all) > 1000 {
		return text
	}
	if point <= 0 {
		all = strings.Repeat("0", 1-point) + all
		point = 1
	}
	if point > len(all) {
		all += strings.Repeat("0", point-len(all))
	}
	if point < len(all) {
		all = all[:point] + "." + all[point:]
	}
	if negative {
		return "-" + all
	}
	return all
}

// parts takes a number's text apart: sign, digits before and behind the point,
// exponent. Ok is false for what is no number in that form.
func (d Decimal) parts() (negative bool, whole, fraction string, exponent int, ok bool) {
	s := string(d)
	if s != "" && (s[0] == '-' || s[0] == '+') {
		negative, s = s[0] == '-', s[1:]
	}
	n := digits(s)
	whole, s = s[:n], s[n:]
	if s != "" && s[0] == '.' {
		n = digits(s[1:])
		fraction, s = s[1:1+n], s[1+n:]
	}
	if whole == "" && fraction == "" {
		return negative, "", "", 0, false
	}
	if s != "" && (s[0] == 'e' || s[0] == 'E') {
		e, err := strconv.Atoi(s[1:])
		if err != nil || e > 1e6 || e < -1e6 {
			return negative, "", "", 0, false
		}
		exponent, s = e, ""
	}
	return negative, whole, fraction, exponent, s == ""
}

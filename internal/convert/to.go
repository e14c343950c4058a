package convert

import (
	"encoding/hex"
	"fmt"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"godwit/internal/catalog"
	"godwit/internal/record"
)

// To gives the step that turns values into a type and loses nothing: numbers
// are neither rounded nor cut, texts neither cut nor repaired. Numbers and
// dates may come as texts in their usual form (1234.5, ISO 8601); NaN and
// infinity become only floats; the sign of a zero is kept only by floats.
// JSON becomes its canonical text. From says what times are, as far as it is
// known; texts of a type that both sides have pass as they are.
func To(from, to catalog.Type) Step {
	step := toKind(from, to)
	if from.Native == "" || from.Native != to.Native || to.Kind == catalog.KindText || to.Kind == catalog.KindJSON {
		return step
	}
	return func(v any) (any, *Reason) {
		// infinity and what else has no other form
		if text, ok := v.(string); ok && !strings.ContainsRune(text, 0) && utf8.ValidString(text) {
			return v, nil
		}
		return step(v)
	}
}

func toKind(from, to catalog.Type) Step {
	switch to.Kind {
	case catalog.KindBool:
		return toBool
	case catalog.KindInt:
		return toInt(to)
	case catalog.KindDecimal:
		return toDecimal(to)
	case catalog.KindFloat:
		return toFloat(to)
	case catalog.KindText:
		return toText(from, to.Length)
	case catalog.KindBytes:
		return toBytes
	case catalog.KindDate:
		return toDate
	case catalog.KindTime:
		return toClock
	case catalog.KindTimestamp:
		return toTimestamp(to.Zone)
	case catalog.KindUUID:
		return toUUID
	case catalog.KindJSON:
		return toJSON(from)
	case catalog.KindList:
		return toList(from, to)
	}
	return toText(from, 0)
}

func toBool(v any) (any, *Reason) {
	switch v {
	case true, false:
		return v, nil
	case "true":
		return true, nil
	case "false":
		return false, nil
	}
	return nil, &Reason{Rule: "type", Text: "is " + Name(v) + ", true or false is wanted", Hint: "convert: {bool: [[...], [...]]} says which values are true and false"}
}

func toText(from catalog.Type, length int) Step {
	return func(v any) (any, *Reason) {
		text, ok := v.(string)
		if !ok {
			if text, ok = Text(v, from); !ok {
				return nil, wrongType(v, "a text")
			}
			v = text
		}
		if why := checkText(text); why != nil {
			return nil, why
		}
		if length > 0 && len(text) > length {
			if n := utf8.RuneCountInString(text); n > length {
				return nil, &Reason{Rule: "too-long", Text: fmt.Sprintf("has %d characters, %d fit", n, length)}
			}
		}
		return v, nil
	}
}

func checkText(text string) *Reason {
	if strings.IndexByte(text, 0) >= 0 {
		return &Reason{Rule: "type", Text: "holds the character U+0000", Hint: "convert: strip_nul takes it out"}
	}
	if !utf8.ValidString(text) {
		return &Reason{Rule: "type", Text: "is not valid UTF-8"}
	}
	return nil
}

func toBytes(v any) (any, *Reason) {
	switch v := v.(type) {
	case []byte:
		return v, nil
	case string:
		return []byte(v), nil
	}
	return nil, wrongType(v, "bytes")
}

func toUUID(v any) (any, *Reason) {
	switch v := v.(type) {
	case string:
		if canonicalUUID(v) {
			return v, nil
		}
		text := strings.ToLower(strings.Trim(v, "{}"))
		plain := strings.ReplaceAll(text, "-", "")
		b, err := hex.DecodeString(plain)
		if err == nil && len(b) == 16 && (plain == text || canonicalUUID(text)) {
			return uuidText(b), nil
		}
	case []byte:
		if len(v) == 16 {
			return uuidText(v), nil
		}
	}
	return nil, &Reason{Rule: "type", Text: "is no UUID"}
}

func canonicalUUID(text string) bool {
	if len(text) != 36 {
		return false
	}
	for i := 0; i < len(text); i++ {
		c := text[i]
		if i == 8 || i == 13 || i == 18 || i == 23 {
			if c != '-' {
				return false
			}
		} else if (c < '0' || c > '9') && (c < 'a' || c > 'f') {
			return false
		}
	}
	return true
}

func uuidText(b []byte) string {
	h := hex.EncodeToString(b)
	return h[:8] + "-" + h[8:12] + "-" + h[12:16] + "-" + h[16:20] + "-" + h[20:]
}

func toJSON(from catalog.Type) Step {
	return func(v any) (any, *Reason) {
		v, why := Plain(v, from)
		if why != nil {
			return nil, why
		}
		text, err := record.EncodeJSON(v)
		if err != nil {
			return nil, &Reason{Rule: "type", Text: err.Error()}
		}
		return string(text), nil
	}
}

// Plain is a value as a document holds it: times as texts, bytes not at all,
// no U+0000. The value is not changed; parts that must be are copied.
func Plain(v any, from catalog.Type) (any, *Reason) {
	switch v := v.(type) {
	case string:
		return v, checkText(v)
	case time.Time:
		return TimeText(v, from), nil
	case []byte:
		return nil, &Reason{Rule: "type", Text: "is bytes, which a document cannot hold", Hint: "expr: toBase64(value) makes a text of them"}
	case []any:
		var copied []any
		of := catalog.Type{}
		if from.Of != nil {
			of = *from.Of
		}
		for i, e := range v {
			plain, why := Plain(e, of)
			if why != nil {
				why.Text = "[" + strconv.Itoa(i) + "] " + why.Text
				return nil, why
			}
			if _, changed := e.(time.Time); changed || copied != nil || isTree(e) {
				if copied == nil {
					copied = append(make([]any, 0, len(v)), v[:i]...)
				}
				copied = append(copied, plain)
			}
		}
		if copied != nil {
			return copied, nil
		}
		return v, nil
	case record.Object:
		copied := make(record.Object, len(v))
		for name, e := range v {
			plain, why := Plain(e, catalog.Type{})
			if why == nil {
				why = checkText(name)
			}
			if why != nil {
				why.Text = strconv.Quote(name) + ": " + why.Text
				return nil, why
			}
			copied[name] = plain
		}
		return copied, nil
	}
	return v, nil
}

func isTree(v any) bool {
	switch v.(type) {
	case []any, record.Object:
		return true
	}
	return false
}

func toList(from, to catalog.Type) Step {
	step := Step(func(v any) (any, *Reason) { return v, nil })
	if to.Of != nil {
		of := catalog.Type{}
		if from.Of != nil {
			of = *from.Of
		}
		step = To(of, *to.Of)
	}
	return func(v any) (any, *Reason) {
		list, ok := v.([]any)
		if !ok {
			return nil, wrongType(v, "a list")
		}
		out := make([]any, len(list))
		for i, e := range list {
			if e == nil {
				continue
			}
			var why *Reason
			if out[i], why = step(e); why != nil {
				r := *why
				r.Text = "[" + strconv.Itoa(i) + "] " + r.Text
				return nil, &r
			}
		}
		return out, nil
	}
}

package record

import (
	"bytes"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
	"unicode/utf8"

	"github.com/go-json-experiment/json/jsontext"
)

// DecodeJSON reads one JSON text: the value of a JSON column, a line of a
// file. Whole numbers that fit are int64, all others Decimal, as they are
// written. A name that stands twice in an object, invalid UTF-8, half a
// surrogate pair and anything behind the value are errors, with their place;
// nothing is repaired.
func DecodeJSON(b []byte) (any, error) {
	d := decoders.Get().(*decoder)
	defer d.done()
	d.text = string(b)
	d.json.Reset(bytes.NewBuffer(b)) // which it reads without copying
	v, err := d.value()
	if err != nil {
		return nil, plainError(err)
	}
	if _, err := d.json.ReadToken(); err != io.EOF {
		return nil, fmt.Errorf("something stands behind the value, at byte %d", d.json.InputOffset())
	}
	return v, nil
}

// decoder is used again and again: documents of one kind have the same names,
// and all texts of one are parts of it.
type decoder struct {
	json  *jsontext.Decoder
	text  string            // the whole document
	names map[string]string // met before
}

var decoders = sync.Pool{New: func() any { return &decoder{json: jsontext.NewDecoder(&bytes.Buffer{}), names: map[string]string{}} }}

// What a decoder may keep until it is used again.
const (
	mostNames = 4096
	mostText  = 1 << 20
)

func (d *decoder) done() {
	if len(d.names) <= mostNames && len(d.text) <= mostText {
		d.text = ""
		decoders.Put(d)
	}
}

// plainError takes the library's name off its errors.
func plainError(err error) error {
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return errors.New("the JSON text ends too early")
	}
	var s *jsontext.SyntacticError
	if !errors.As(err, &s) {
		return err
	}
	at := ""
	if s.JSONPointer != "" {
		at = " in " + string(s.JSONPointer)
	}
	return fmt.Errorf("%s%s, after byte %d", SyntaxText(s), at, s.ByteOffset)
}

// SyntaxText is what is wrong with a JSON text, with no more than one character
// of it: what the library quotes is a value's, and another one in each record.
func SyntaxText(s *jsontext.SyntacticError) string {
	text := s.Err.Error()
	for _, what := range []string{"invalid surrogate pair", "invalid escape sequence"} {
		if strings.HasPrefix(text, what) {
			return what + " in string"
		}
	}
	return text
}

func (d *decoder) value() (any, error) {
	switch d.json.PeekKind() {
	case '[':
		return d.list()
	case '{':
		return d.object()
	}
	raw, err := d.json.ReadValue()
	if err != nil {
		return nil, err
	}
	switch raw.Kind() {
	case 'n':
		return nil, nil
	case 't':
		return true, nil
	case 'f':
		return false, nil
	case '"':
		return d.string(raw)
	}
	return number(d.part(raw, 0)), nil
}

// part is a value that was just read, less so many bytes at both ends, as a part
// of the whole text: it needs no memory of its own.
func (d *decoder) part(raw jsontext.Value, less int) string {
	end := int(d.json.InputOffset())
	return d.text[end-len(raw)+less : end-less]
}

func (d *decoder) string(raw jsontext.Value) (string, error) {
	if bytes.IndexByte(raw, '\\') < 0 {
		return d.part(raw, 1), nil
	}
	b, err := jsontext.AppendUnquote(nil, raw)
	return string(b), err
}

// name is the name of a field. It is not a part of the text: what is kept for
// the next document must not keep this one.
func (d *decoder) name() (string, error) {
	raw, err := d.json.ReadValue()
	if err != nil {
		return "", err
	}
	if kept, ok := d.names[string(raw)]; ok {
		return kept, nil
	}
	b, err := jsontext.AppendUnquote(nil, raw)
	if err != nil {
		return "", err
	}
	name := string(b)
	d.names[string(raw)] = name
	return name, nil
}

func (d *decoder) list() (any, error) {
	if _, err := d.json.ReadToken(); err != nil {
		return nil, err
	}
	list := []any{}
	for d.json.PeekKind() != ']' {
		v, err := d.value()
		if err != nil {
			return nil, err
		}
		list = append(list, v)
	}
	_, err := d.json.ReadToken()
	return list, err
}

func (d *decoder) object() (any, error) {
	if _, err := d.json.ReadToken(); err != nil {
		return nil, err
	}
	object := Object{}
	for d.json.PeekKind() != '}' {
		name, err := d.name()
		if err != nil {
			return nil, err
		}
		if object[name], err = d.value(); err != nil {
			return nil, err
		}
	}
	_, err := d.json.ReadToken()
	return object, err
}

// number is a number: int64 where that is exactly what is written.
func number(text string) any {
	digits := strings.TrimPrefix(text, "-")
	if digits == "" || len(digits) > 19 || digits[0] == '+' || digits[0] == '0' && text != "0" || strings.ContainsAny(digits, ".eE") {
		return Decimal(text)
	}
	if i, err := strconv.ParseInt(text, 10, 64); err == nil {
		return i
	}
	return Decimal(text)
}

// EncodeJSON writes a value as canonical JSON text: names in the order of
// their bytes, numbers as they are, no white space. Missing fields are left
// out, times are ISO 8601 texts, bytes base64. What JSON has no form for
// (NaN, infinity, invalid UTF-8, a missing value outside a document) is an
// error.
func EncodeJSON(v any) ([]byte, error) { return AppendJSON(nil, v) }

// AppendJSON is EncodeJSON behind b. After an error b's tail is of no use.
func AppendJSON(b []byte, v any) ([]byte, error) {
	switch v := v.(type) {
	case nil:
		return append(b, "null"...), nil
	case bool:
		return strconv.AppendBool(b, v), nil
	case int64:
		return strconv.AppendInt(b, v, 10), nil
	case int:
		return strconv.AppendInt(b, int64(v), 10), nil
	case float64:
		return appendFloat(b, v)
	case string:
		return appendText(b, v)
	case Decimal:
		if !jsonNumber(string(v)) {
			return b, fmt.Errorf("JSON has no form for the number %s", v)
		}
		return append(b, v...), nil
	case []byte:
		b = append(b, '"')
		b = base64.StdEncoding.AppendEncode(b, v)
		return append(b, '"'), nil
	case time.Time:
		b = append(b, '"')
		b = append(b, TimeText(v)...)
		return append(b, '"'), nil
	case []any:
		return appendList(b, v)
	case Object:
		return appendObject(b, v)
	}
	return b, fmt.Errorf("JSON has no form for a value of type %T", v)
}

// TimeText is a time as ISO 8601 in UTC, with as many digits as it needs.
func TimeText(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05.999999999Z") }

func appendFloat(b []byte, v float64) ([]byte, error) {
	if math.IsNaN(v) || math.IsInf(v, 0) {
		return b, fmt.Errorf("JSON has no form for %v", v)
	}
	if a := math.Abs(v); a != 0 && (a < 1e-6 || a >= 1e21) {
		return strconv.AppendFloat(b, v, 'e', -1, 64), nil
	}
	return strconv.AppendFloat(b, v, 'f', -1, 64), nil
}

func appendText(b []byte, v string) ([]byte, error) {
	if plainText(v) {
		b = append(b, '"')
		b = append(b, v...)
		return append(b, '"'), nil
	}
	if !utf8.ValidString(v) {
		return b, errors.New("the text is not valid UTF-8")
	}
	return jsontext.AppendQuote(b, v)
}

// plainText reports whether a text is ASCII that JSON writes as it is.
func plainText(v string) bool {
	for i := 0; i < len(v); i++ {
		if c := v[i]; c < 0x20 || c >= utf8.RuneSelf || c == '"' || c == '\\' {
			return false
		}
	}
	return true
}

func appendList(b []byte, list []any) (_ []byte, err error) {
	b = append(b, '[')
	for i, v := range list {
		if i > 0 {
			b = append(b, ',')
		}
		if b, err = AppendJSON(b, v); err != nil {
			return b, fmt.Errorf("[%d]: %w", i, err)
		}
	}
	return append(b, ']'), nil
}

func appendObject(b []byte, object Object) (_ []byte, err error) {
	b = append(b, '{')
	first := true
	for _, name := range sortedNames(object) {
		v := object[name]
		if v == Missing {
			continue
		}
		if !first {
			b = append(b, ',')
		}
		first = false
		if b, err = appendText(b, name); err != nil {
			return b, fmt.Errorf("a name: %w", err)
		}
		b = append(b, ':')
		if b, err = AppendJSON(b, v); err != nil {
			return b, fmt.Errorf("%s: %w", name, err)
		}
	}
	return append(b, '}'), nil
}

func sortedNames(object Object) []string {
	names := make([]string, 0, len(object))
	for name := range object {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

// jsonNumber reports whether a text is a number by JSON's grammar.
func jsonNumber(text string) bool {
	s := text
	if len(s) > 0 && s[0] == '-' {
		s = s[1:]
	}
	whole := digits(s)
	if whole == 0 || whole > 1 && s[0] == '0' {
		return false
	}
	s = s[whole:]
	if len(s) > 0 && s[0] == '.' {
		n := digits(s[1:])
		if n == 0 {
			return false
		}
		s = s[1+n:]
	}
	if len(s) > 0 && (s[0] == 'e' || s[0] == 'E') {
		s = s[1:]
		if len(s) > 0 && (s[0] == '+' || s[0] == '-') {
			s = s[1:]
		}
		n := digits(s)
		return n > 0 && n == len(s)
	}
	return s == ""
}

// digits counts the digits that a text begins with.
func digits(s string) int {
	n := 0
	for n < len(s) && s[n] >= '0' && s[n] <= '9' {
		n++
	}
	return n
}

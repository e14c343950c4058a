package record

import (
	"bytes"
	"encoding/base64"
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"godwit/internal/catalog"
)

// The stored form of a record is a JSON object of its slots by name, without
// the missing ones. A value stands as plain JSON where its field's type says
// what it is; everything else carries a tag, an object of one name: $int,
// $float, $decimal, $text, $raw (a text that is not UTF-8), $bytes, $time,
// $unix (a time outside the years 1 to 9999), $object (a document that looks
// like a tag), $missing (inside a list).

// Encode writes the slots of a record in their stored form. Nothing is lost:
// Decode with the same schema gives equal slots. Two fields of one name are
// told apart by "#2" behind the second. A value that records do not hold is an
// error.
func Encode(s *Schema, slots []any) ([]byte, error) { return NewEncoder(s).Append(nil, slots) }

// Encoder is Encode for many records of a schema. It does not change, and may be
// used by any number of goroutines.
type Encoder struct {
	schema *Schema
	names  []string // as they are written
}

// NewEncoder makes one. The schema must not change any more.
func NewEncoder(s *Schema) *Encoder {
	e := &Encoder{schema: s, names: slotNames(s)}
	for i, name := range e.names {
		e.names[i] = string(storedText(nil, name, catalog.Type{}))
	}
	return e
}

// Append writes a record behind b. After an error b's tail is of no use.
func (e *Encoder) Append(b []byte, slots []any) (_ []byte, err error) {
	b = append(b, '{')
	first := true
	for i, name := range e.names {
		if i >= len(slots) || slots[i] == Missing {
			continue
		}
		if !first {
			b = append(b, ',')
		}
		first = false
		b = append(append(b, name...), ':')
		if b, err = stored(b, slots[i], e.schema.Fields[i].Type); err != nil {
			return nil, fmt.Errorf("%s: %w", slotNames(e.schema)[i], err)
		}
	}
	return append(b, '}'), nil
}

// EncodeValue writes one value, or rows of slots, in the stored form without a
// schema: what JSON does not tell apart carries a tag.
func EncodeValue(v any) ([]byte, error) { return stored(make([]byte, 0, usual), v, catalog.Type{}) }

// usual are the bytes of most values that are encoded alone.
const usual = 64

// DecodeValue reads what EncodeValue wrote.
func DecodeValue(text []byte) (any, error) {
	v, err := DecodeJSON(text)
	if err != nil {
		return nil, err
	}
	return restored(v, catalog.Type{})
}

// DecodeObject reads an object that EncodeValue wrote; an empty text is none.
func DecodeObject(text []byte) (Object, error) {
	if len(text) == 0 {
		return nil, nil
	}
	v, err := DecodeValue(text)
	if err != nil {
		return nil, err
	}
	object, ok := v.(Object)
	if !ok {
		return nil, errors.New("it is no object")
	}
	return object, nil
}

// Decode reads the stored form of a record into slots of a schema; fields that
// are not there are Missing. A name that the schema does not have is an error.
func Decode(text []byte, s *Schema) ([]any, error) {
	v, err := DecodeJSON(text)
	if err != nil {
		return nil, err
	}
	object, ok := v.(Object)
	if !ok {
		return nil, errors.New("a stored record is an object")
	}
	slots := make([]any, len(s.Fields))
	found := 0
	for i, name := range slotNames(s) {
		v, ok := object[name]
		if !ok {
			slots[i] = Missing
			continue
		}
		found++
		if slots[i], err = restored(v, s.Fields[i].Type); err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
	}
	if found < len(object) {
		return nil, fmt.Errorf("%d fields of the stored record are not in the schema", len(object)-found)
	}
	return slots, nil
}

// slotNames are the names that a schema's slots are stored under.
func slotNames(s *Schema) []string {
	names := make([]string, len(s.Fields))
	seen := make(map[string]bool, len(names))
	for i, f := range s.Fields {
		plain := strings.ToValidUTF8(f.Name, "\uFFFD")
		name := plain
		for n := 2; seen[name]; n++ {
			name = plain + "#" + strconv.Itoa(n)
		}
		names[i], seen[name] = name, true
	}
	return names
}

// tag writes {"$name":"text"}.
func tag(b []byte, name, text string) []byte {
	b = append(append(append(b, `{"$`...), name...), `":`...)
	b = storedText(b, text, catalog.Type{})
	return append(b, '}')
}

// stored appends a value in its stored form, untagged where a field of type t
// reads it back as it is.
func stored(b []byte, v any, t catalog.Type) (_ []byte, err error) {
	switch v := v.(type) {
	case nil, bool:
		return AppendJSON(b, v)
	case string:
		return storedText(b, v, t), nil
	case []any:
		of := elementType(t)
		b = append(b, '[')
		for i, e := range v {
			if i > 0 {
				b = append(b, ',')
			}
			if b, err = stored(b, e, of); err != nil {
				return nil, fmt.Errorf("[%d]: %w", i, err)
			}
		}
		return append(b, ']'), nil
	case Object:
		return storedObject(b, v)
	case JSON:
		whole, err := DecodeJSON([]byte(v))
		if err != nil {
			return nil, err
		}
		return stored(b, whole, t)
	case Written:
		return stored(b, JSON(v), t)
	case missing:
		return append(b, `{"$missing":true}`...), nil
	}
	return storedScalar(b, v, t)
}

func storedScalar(b []byte, v any, t catalog.Type) ([]byte, error) {
	switch v := v.(type) {
	case int64:
		if t.Kind != catalog.KindFloat && t.Kind != catalog.KindDecimal {
			return strconv.AppendInt(b, v, 10), nil
		}
		return tag(b, "int", strconv.FormatInt(v, 10)), nil
	case float64:
		if t.Kind == catalog.KindFloat && !math.IsNaN(v) && !math.IsInf(v, 0) {
			return appendFloat(b, v)
		}
		return tag(b, "float", strconv.FormatFloat(v, 'g', -1, 64)), nil
	case Decimal:
		_, whole := number(string(v)).(int64)
		if jsonNumber(string(v)) && t.Kind != catalog.KindFloat && (t.Kind == catalog.KindDecimal || !whole) {
			return append(b, v...), nil
		}
		return tag(b, "decimal", string(v)), nil
	case []byte:
		if t.Kind == catalog.KindBytes {
			return AppendJSON(b, v)
		}
		return tag(b, "bytes", base64.StdEncoding.EncodeToString(v)), nil
	case time.Time:
		return storedTime(b, v, t), nil
	}
	return nil, fmt.Errorf("a record holds no value of type %T", v)
}

func storedTime(b []byte, v time.Time, t catalog.Type) []byte {
	switch v = v.UTC(); {
	case v.Year() < 1 || v.Year() > 9999:
		return tag(b, "unix", strconv.FormatInt(v.Unix(), 10)+" "+strconv.Itoa(v.Nanosecond()))
	case t.Kind == catalog.KindTimestamp, t.Kind == catalog.KindDate:
		b, _ = AppendJSON(b, v)
		return b
	}
	return tag(b, "time", TimeText(v))
}

func storedText(b []byte, v string, t catalog.Type) []byte {
	if !utf8.ValidString(v) {
		return tag(b, "raw", base64.StdEncoding.EncodeToString([]byte(v)))
	}
	switch t.Kind {
	case catalog.KindBytes:
		return tag(b, "text", v)
	case catalog.KindDate, catalog.KindTimestamp:
		if _, err := time.Parse(time.RFC3339Nano, v); err == nil {
			return tag(b, "text", v)
		}
	}
	b, _ = appendText(b, v)
	return b
}

func storedObject(b []byte, v Object) (_ []byte, err error) {
	looksTagged := false
	for name := range v {
		looksTagged = looksTagged || len(v) == 1 && strings.HasPrefix(name, "$") || !utf8.ValidString(name)
	}
	open, between, end := "{", byte(':'), "}"
	if looksTagged {
		open, between, end = `{"$object":[`, ',', "]}"
	}
	b = append(b, open...)
	for i, name := range sortedNames(v) {
		if i > 0 {
			b = append(b, ',')
		}
		b = storedText(b, name, catalog.Type{})
		b = append(b, between)
		if b, err = stored(b, v[name], catalog.Type{}); err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
	}
	return append(b, end...), nil
}

func elementType(t catalog.Type) catalog.Type {
	if t.Of != nil {
		return *t.Of
	}
	return catalog.Type{}
}

// asRead reports whether a value without a type is restored as it was decoded.
func asRead(v any) bool {
	switch v.(type) {
	case nil, bool, int64, Decimal, string:
		return true
	}
	return false
}

// restored is stored backwards.
func restored(v any, t catalog.Type) (any, error) {
	if t.Kind == "" && asRead(v) {
		return v, nil
	}
	switch v := v.(type) {
	case int64:
		return restoredNumber(strconv.FormatInt(v, 10), t)
	case Decimal:
		return restoredNumber(string(v), t)
	case string:
		return restoredText(v, t)
	case []any:
		of := elementType(t)
		for i := range v {
			var err error
			if v[i], err = restored(v[i], of); err != nil {
				return nil, fmt.Errorf("[%d]: %w", i, err)
			}
		}
		return v, nil
	case Object:
		if len(v) == 1 {
			for name, inner := range v {
				if strings.HasPrefix(name, "$") {
					return untagged(name, inner)
				}
			}
		}
		for name, inner := range v {
			if asRead(inner) {
				continue
			}
			var err error
			if v[name], err = restored(v[name], catalog.Type{}); err != nil {
				return nil, fmt.Errorf("%s: %w", name, err)
			}
		}
		return v, nil
	}
	return v, nil
}

func restoredNumber(text string, t catalog.Type) (any, error) {
	switch t.Kind {
	case catalog.KindFloat:
		return strconv.ParseFloat(text, 64)
	case catalog.KindDecimal:
		return Decimal(text), nil
	}
	return number(text), nil
}

func restoredText(text string, t catalog.Type) (any, error) {
	switch t.Kind {
	case catalog.KindBytes:
		return base64.StdEncoding.DecodeString(text)
	case catalog.KindDate, catalog.KindTimestamp:
		if at, err := time.Parse(time.RFC3339Nano, text); err == nil {
			return at.UTC(), nil
		}
	}
	return text, nil
}

func untagged(name string, inner any) (any, error) {
	if pairs, ok := inner.([]any); ok && name == "$object" {
		return untaggedObject(pairs)
	}
	if name == "$missing" && inner == true {
		return Missing, nil
	}
	text, ok := inner.(string)
	if !ok {
		return nil, fmt.Errorf("the tag %s holds a text", name)
	}
	switch name {
	case "$int":
		return strconv.ParseInt(text, 10, 64)
	case "$float":
		return strconv.ParseFloat(text, 64)
	case "$decimal":
		return Decimal(text), nil
	case "$text":
		return text, nil
	case "$raw":
		b, err := base64.StdEncoding.DecodeString(text)
		return string(b), err
	case "$bytes":
		return base64.StdEncoding.DecodeString(text)
	case "$time":
		at, err := time.Parse(time.RFC3339Nano, text)
		return at.UTC(), err
	case "$unix":
		var sec, nano int64
		_, err := fmt.Fscan(bytes.NewBufferString(text), &sec, &nano)
		return time.Unix(sec, nano).UTC(), err
	}
	return nil, fmt.Errorf("there is no tag %s", name)
}

// untaggedObject reads names and values in turn.
func untaggedObject(pairs []any) (any, error) {
	object := Object{}
	for i := 0; i+1 < len(pairs); i += 2 {
		name, err := restored(pairs[i], catalog.Type{})
		if err != nil {
			return nil, err
		}
		text, ok := name.(string)
		if !ok {
			return nil, errors.New("a name is a text")
		}
		if object[text], err = restored(pairs[i+1], catalog.Type{}); err != nil {
			return nil, fmt.Errorf("%s: %w", text, err)
		}
	}
	return object, nil
}

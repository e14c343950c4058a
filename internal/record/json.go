package record

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"sync"

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
	if err := d.valid(b); err != nil {
		return nil, err
	}
	d.text, d.at = string(b), 0
	return d.value(&everything), nil
}

// Decode is DecodeJSON of the parts that are wanted. All of the text is proved
// to be right.
func (j JSON) Decode(w *Wanted) (any, error) {
	d := decoders.Get().(*decoder)
	defer d.done()
	d.room = append(d.room[:0], j...)
	if err := d.valid(d.room); err != nil {
		return nil, err
	}
	d.text, d.at = string(j), 0
	return d.value(w), nil
}

// decoder is used again and again: documents of one kind have the same names,
// and all texts of one are parts of it. It proves that the text is right first;
// so whoever goes through it behind that needs to know no errors.
type decoder struct {
	json  *jsontext.Decoder
	bytes bytes.Buffer // which json reads without copying
	room  []byte
	text  string // the whole document
	at    int
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

// valid proves that b is one JSON text. What is none is read once more token by
// token: that finds the first place where it goes wrong.
func (d *decoder) valid(b []byte) error {
	d.bytes = *bytes.NewBuffer(b)
	d.json.Reset(&d.bytes)
	if _, wrong := d.json.ReadValue(); wrong != nil {
		d.bytes = *bytes.NewBuffer(b)
		d.json.Reset(&d.bytes)
		for {
			if _, err := d.json.ReadToken(); err != nil {
				return plainError(err)
			}
		}
	}
	if _, err := d.json.ReadToken(); err != io.EOF {
		return fmt.Errorf("something stands behind the value, at byte %d", d.json.InputOffset())
	}
	return nil
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

// next is the byte that the next value, name or end begins with.
func (d *decoder) next() byte {
	for {
		switch c := d.text[d.at]; c {
		case ' ', '\t', '\n', '\r', ',', ':':
			d.at++
		default:
			return c
		}
	}
}

func (d *decoder) value(w *Wanted) any {
	switch d.next() {
	case '{':
		return d.object(w)
	case '[':
		return d.list(w)
	case '"':
		return d.string()
	}
	switch text := d.word(); text[0] {
	case 'n':
		return nil
	case 't', 'f':
		return text[0] == 't'
	default:
		return number(text)
	}
}

// word is a number, true, false or null.
func (d *decoder) word() string {
	begin := d.at
	for d.at < len(d.text) {
		switch d.text[d.at] {
		case ',', ']', '}', ' ', '\t', '\n', '\r':
			return d.text[begin:d.at]
		}
		d.at++
	}
	return d.text[begin:]
}

// quoted is what stands between two quotes; plain tells that it means itself.
func (d *decoder) quoted() (inner string, plain bool) {
	d.at++
	begin := d.at
	for {
		d.at += strings.IndexByte(d.text[d.at:], '"') + 1
		inner = d.text[begin : d.at-1]
		slashes := len(inner) - len(strings.TrimRight(inner, `\`))
		if slashes%2 == 0 {
			return inner, slashes == 0 && strings.IndexByte(inner, '\\') < 0
		}
	}
}

// string is a part of the whole text where it can: it needs no memory of its own.
func (d *decoder) string() string {
	begin := d.at
	inner, plain := d.quoted()
	if plain {
		return inner
	}
	b, _ := jsontext.AppendUnquote(nil, d.text[begin:d.at])
	return string(b)
}

// name is the name of a field. It is not a part of the text: what is kept for
// the next document must not keep this one.
func (d *decoder) name() string {
	begin := d.at
	inner, plain := d.quoted()
	if kept, ok := d.names[inner]; ok {
		return kept
	}
	name := strings.Clone(inner)
	if !plain {
		b, _ := jsontext.AppendUnquote(nil, d.text[begin:d.at])
		name = string(b)
	}
	d.names[strings.Clone(inner)] = name
	return name
}

func (d *decoder) list(w *Wanted) any {
	d.at++
	of, most := w.elements()
	list := []any{}
	for d.next() != ']' {
		if len(list) < most {
			list = append(list, d.value(of))
		} else {
			d.skip()
		}
	}
	d.at++
	return list
}

func (d *decoder) object(w *Wanted) any {
	d.at++
	object := Object{}
	for d.next() != '}' {
		name := d.name()
		if of := w.below(name); of != nil {
			object[name] = d.value(of)
		} else {
			d.skip()
		}
	}
	d.at++
	return object
}

// skip goes past a value.
func (d *decoder) skip() {
	depth := 0
	switch d.next() {
	case '"':
		d.quoted()
		return
	case '{', '[':
	default:
		d.word()
		return
	}
	for {
		switch d.text[d.at] {
		case '"':
			d.quoted()
			continue
		case '{', '[':
			depth++
		case '}', ']':
			depth--
		}
		d.at++
		if depth == 0 {
			return
		}
	}
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

package httpapi

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"

	"godwit/internal/fault"
	"godwit/internal/record"

	"github.com/go-json-experiment/json/jsontext"
)

// Path leads to a value in an answer: body, body.results, body["odd name"],
// headers["X-Total-Count"]. The zero value leads nowhere.
type Path struct {
	text   string
	header string
	names  []string
}

func (p Path) zero() bool { return p.text == "" }

// MarshalText writes what UnmarshalText reads.
func (p Path) MarshalText() ([]byte, error) { return []byte(p.text), nil }

// UnmarshalJSON reads what MarshalText writes, of one that leads nowhere too.
func (p *Path) UnmarshalJSON(text []byte) error {
	var s string
	if err := json.Unmarshal(text, &s); err != nil || s == "" {
		*p = Path{}
		return err
	}
	return p.UnmarshalText([]byte(s))
}

// UnmarshalText reads a path. An expression over it is none.
func (p *Path) UnmarshalText(text []byte) error {
	*p = Path{text: string(text)}
	rest, ok := strings.CutPrefix(p.text, "body")
	if h, is := strings.CutPrefix(p.text, "headers"); is {
		rest, ok = h, true
	}
	for ok && rest != "" {
		var name string
		if name, rest, ok = step(rest); ok {
			p.names = append(p.names, name)
		}
	}
	if strings.HasPrefix(p.text, "headers") && ok {
		if ok = len(p.names) == 1 && p.names[0] != ""; ok {
			p.header, p.names = p.names[0], nil
		}
	}
	if !ok {
		return fmt.Errorf("%q is no path in an answer: body.results, body[\"odd name\"] or headers[\"X-Total-Count\"] are", string(text))
	}
	return nil
}

// step cuts .name or ["name"] off a path.
func step(text string) (name, rest string, ok bool) {
	if quoted, is := strings.CutPrefix(text, `[`); is {
		q, err := strconv.QuotedPrefix(quoted)
		if err != nil || !strings.HasPrefix(quoted[len(q):], "]") {
			return "", "", false
		}
		name, err = strconv.Unquote(q)
		return name, quoted[len(q)+1:], err == nil
	}
	text, ok = strings.CutPrefix(text, ".")
	n := strings.IndexAny(text, `.[`)
	if n < 0 {
		n = len(text)
	}
	name = text[:n]
	return name, text[n:], ok && name != "" && !strings.ContainsAny(name, " ()?!\"'+-*/<>=&|,;:")
}

// lenient: what is wrong inside of an object is that record's matter.
var lenient = []jsontext.Options{jsontext.AllowDuplicateNames(true), jsontext.AllowInvalidUTF8(true)}

// find gives the JSON text that a path leads to, nil when nothing is there.
func (p Path) find(a *answer) (jsontext.Value, error) {
	if p.header != "" {
		v := a.header.Get(p.header)
		if v == "" {
			return nil, nil
		}
		return jsontext.AppendQuote(nil, v)
	}
	d := jsontext.NewDecoder(bytes.NewReader(a.body), lenient...)
	raw, err := d.ReadValue()
	if err == nil {
		raw = bytes.Clone(raw)
		if _, more := d.ReadToken(); !errors.Is(more, io.EOF) {
			err = errors.New("something stands behind it")
		}
	}
	if err != nil {
		return nil, err
	}
	for _, name := range p.names {
		if raw, err = member(raw, name); err != nil || raw == nil {
			return nil, err
		}
	}
	return raw, nil
}

// member is the value of a name in an object, nil without it.
func member(object jsontext.Value, name string) (jsontext.Value, error) {
	if object.Kind() != '{' {
		return nil, nil
	}
	d := jsontext.NewDecoder(bytes.NewReader(object), lenient...)
	if _, err := d.ReadToken(); err != nil {
		return nil, err
	}
	var found jsontext.Value
	for d.PeekKind() != '}' {
		t, err := d.ReadToken()
		if err != nil {
			return nil, err
		}
		is := t.String() == name
		v, err := d.ReadValue()
		if err != nil {
			return nil, err
		}
		if is && found != nil {
			return nil, fmt.Errorf("%q stands in it twice", name)
		}
		if is {
			found = bytes.Clone(v)
		}
	}
	return found, nil
}

// list is a page of objects as they came, with what counts them a second time.
type list struct {
	items  []jsontext.Value
	ends   []int // of each, in the text
	begins []int
}

// objects cuts the list that a path leads to into its elements.
func (p Path) objects(a *answer, l *login) (list, error) {
	raw, err := p.find(a)
	if err != nil {
		return list{}, noJSON(a, l, err)
	}
	if raw.Kind() != '[' {
		return list{}, fault.New(fault.Data, "http.answer", "%s is %s, no list: %s", p.or("body"), kind(raw), excerpt(a, l)).
			Hint("see items in pages of the connection: it is the path of the list in the answer")
	}
	out := list{begins: begins(raw)}
	d := jsontext.NewDecoder(bytes.NewReader(raw), lenient...)
	if _, err := d.ReadToken(); err != nil {
		return list{}, noJSON(a, l, err)
	}
	for d.PeekKind() != ']' {
		v, err := d.ReadValue()
		if err != nil {
			return list{}, noJSON(a, l, err)
		}
		out.items, out.ends = append(out.items, bytes.Clone(v)), append(out.ends, int(d.InputOffset()))
	}
	return out, nil
}

func (p Path) or(text string) string {
	if p.zero() {
		return text
	}
	return p.text
}

func noJSON(a *answer, l *login, err error) error {
	var syntax *jsontext.SyntacticError
	why := err.Error()
	switch {
	case errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, io.EOF):
		why = fmt.Sprintf("it ends too early, at byte %d", len(a.body))
	case errors.As(err, &syntax):
		why = fmt.Sprintf("%v, behind byte %d", syntax.Err, syntax.ByteOffset)
	}
	said := excerpt(a, l)
	if said == "" {
		said = "nothing"
	}
	return fault.New(fault.Data, "http.answer", "%d %s, and the answer is no JSON: %s: %s", a.status, http.StatusText(a.status), why, said).
		Hint("see url and request: something else than the API may answer there")
}

func kind(raw jsontext.Value) string {
	switch raw.Kind() {
	case 0:
		return "not there"
	case 'n':
		return "null"
	case '"':
		return "a text"
	case '{':
		return "an object"
	case 't', 'f':
		return "a truth value"
	}
	return "a number"
}

// number is the whole number that a path leads to; as a text it is one, too.
func (p Path) number(a *answer, l *login) (int64, error) {
	raw, err := p.find(a)
	if err != nil {
		return 0, noJSON(a, l, err)
	}
	v, _ := record.DecodeJSON(raw)
	if text, ok := v.(string); ok {
		if n, err := strconv.ParseInt(strings.TrimSpace(text), 10, 64); err == nil {
			v = n
		}
	}
	n, ok := v.(int64)
	if !ok || n < 0 {
		return 0, fault.New(fault.Data, "http.answer", "%s is %s, no number of objects", p.text, kind(raw)).
			Hint("see total in pages of the connection: it is the path of the number of all objects")
	}
	return n, nil
}

// begins finds where the elements of a list begin, by its bytes. It shares
// nothing with what cuts and decodes them: it is who counts them a second time.
func begins(text []byte) []int {
	var found []int
	depth, due, quoted := 0, false, false
	for i := 0; i < len(text); i++ {
		c := text[i]
		if quoted {
			switch c {
			case '\\':
				i++
			case '"':
				quoted = false
			}
			continue
		}
		switch c {
		case ' ', '\t', '\r', '\n':
			continue
		case ',':
			due = depth == 1
			continue
		case ']', '}':
			depth--
			due = false
			continue
		}
		if due {
			found, due = append(found, i), false
		}
		switch c {
		case '"':
			quoted = true
		case '[', '{':
			if depth++; depth == 1 {
				due = true
			}
		}
	}
	return found
}

package typed

import (
	"bytes"
	"fmt"

	"godwit/internal/catalog"
)

// list reads {1,2,NULL}, {{1},{2}} into nested lists. One that does not begin
// at 1 ([0:1]={1,2}) stays text: a list has no place for that.
func (t *Type) list(b []byte) (any, error) {
	if len(b) > 0 && b[0] == '[' {
		return string(b), nil
	}
	p := listParser{b: b, delim: t.delim, value: t.Of.parser()}
	list, err := p.list()
	if err == nil && p.at != len(b) {
		err = p.wrong()
	}
	if err != nil {
		return nil, err
	}
	return list, nil
}

type listParser struct {
	b     []byte
	at    int
	delim byte
	value func([]byte) (any, error)
	room  []byte
}

func (p *listParser) wrong() error { return fmt.Errorf("a list cannot be read at byte %d", p.at) }

func (p *listParser) peek() byte {
	if p.at < len(p.b) {
		return p.b[p.at]
	}
	return 0
}

func (p *listParser) list() ([]any, error) {
	if p.peek() != '{' {
		return nil, p.wrong()
	}
	p.at++
	list := []any{}
	for p.peek() != '}' {
		v, err := p.item()
		if err != nil {
			return nil, err
		}
		list = append(list, v)
		switch p.peek() {
		case p.delim:
			if p.at++; p.peek() == '}' {
				return nil, p.wrong()
			}
		case '}':
		default:
			return nil, p.wrong()
		}
	}
	p.at++
	return list, nil
}

func (p *listParser) item() (any, error) {
	switch p.peek() {
	case '{':
		return p.list()
	case '"':
		return p.quoted()
	}
	begin := p.at
	for p.at < len(p.b) && p.b[p.at] != p.delim && p.b[p.at] != '}' {
		if p.b[p.at] == '{' || p.b[p.at] == '"' || p.b[p.at] == '\\' {
			return nil, p.wrong()
		}
		p.at++
	}
	text := p.b[begin:p.at]
	if len(text) == 0 {
		return nil, p.wrong()
	}
	if bytes.Equal(text, []byte("NULL")) {
		return nil, nil
	}
	return p.value(text)
}

func (p *listParser) quoted() (any, error) {
	p.room = p.room[:0]
	for p.at++; p.at < len(p.b); p.at++ {
		switch c := p.b[p.at]; c {
		case '"':
			p.at++
			return p.value(p.room)
		case '\\':
			if p.at++; p.at == len(p.b) {
				return nil, p.wrong()
			}
			p.room = append(p.room, p.b[p.at])
		default:
			p.room = append(p.room, c)
		}
	}
	return nil, p.wrong()
}

// Texts is a list of texts.
var Texts = Type{Type: catalog.Type{Kind: catalog.KindList}, Of: &Type{Type: catalog.Type{Kind: catalog.KindText}}, delim: ','}

package record

import (
	"bytes"
	"fmt"
	"io"

	"github.com/go-json-experiment/json/jsontext"
)

// token by token is another way to read JSON, slower and without a step of its
// own: what the decoder is compared with.
func byTokens(b []byte) (any, error) {
	d := jsontext.NewDecoder(bytes.NewBuffer(b))
	v, err := token(d)
	if err != nil {
		return nil, plainError(err)
	}
	if _, err := d.ReadToken(); err != io.EOF {
		return nil, fmt.Errorf("something stands behind the value, at byte %d", d.InputOffset())
	}
	return v, nil
}

func token(d *jsontext.Decoder) (any, error) {
	switch d.PeekKind() {
	case '[':
		return tokenList(d)
	case '{':
		return tokenObject(d)
	}
	t, err := d.ReadToken()
	if err != nil {
		return nil, err
	}
	switch t.Kind() {
	case 'n':
		return nil, nil
	case 't', 'f':
		return t.Bool(), nil
	case '"':
		return t.String(), nil
	}
	return number(t.String()), nil
}

func tokenList(d *jsontext.Decoder) (any, error) {
	if _, err := d.ReadToken(); err != nil {
		return nil, err
	}
	list := []any{}
	for d.PeekKind() != ']' {
		v, err := token(d)
		if err != nil {
			return nil, err
		}
		list = append(list, v)
	}
	_, err := d.ReadToken()
	return list, err
}

func tokenObject(d *jsontext.Decoder) (any, error) {
	if _, err := d.ReadToken(); err != nil {
		return nil, err
	}
	object := Object{}
	for d.PeekKind() != '}' {
		name, err := d.ReadToken()
		if err != nil {
			return nil, err
		}
		text := name.String()
		if object[text], err = token(d); err != nil {
			return nil, err
		}
	}
	_, err := d.ReadToken()
	return object, err
}

// restricted is the part of a value that is wanted, made of all of it.
func restricted(v any, w *Wanted) any {
	switch v := v.(type) {
	case []any:
		if w.all {
			return v
		}
		list := []any{}
		for i := 0; i < len(v) && i < w.most; i++ {
			list = append(list, restricted(v[i], w.items))
		}
		return list
	case Object:
		if w.all || w.each {
			return v
		}
		object := Object{}
		for name, of := range w.names {
			if inner, ok := v[name]; ok {
				object[name] = restricted(inner, of)
			}
		}
		return object
	}
	return v
}

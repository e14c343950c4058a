package record

import (
	"bytes"

	"godwit/internal/catalog"
)

// Written is a value as EncodeJSON writes it: who only sends it on needs no more. It does
// not change.
type Written []byte

// tagBegins is how a tagged value begins. A text cannot hold it: there a quote stands
// behind a backslash.
var tagBegins = []byte(`{"$`)

// Write gives the JSON of what EncodeValue wrote: the same as EncodeJSON of what
// DecodeValue gives, which has to make the value first. What has no tag is taken as it
// stands, so a text that is none of EncodeValue's may not be seen to be.
func Write(text []byte) (Written, error) {
	out, rest := make([]byte, 0, len(text)), text
	for {
		at := bytes.Index(rest, tagBegins)
		if at < 0 {
			return append(out, rest...), nil
		}
		out = append(out, rest[:at]...)
		name, inner, n := tagged(rest[at:])
		if string(name) == "time" { // which is as JSON has it
			out = append(append(append(out, '"'), inner...), '"')
		} else if v, err := untagged("$"+string(name), string(inner)); n == 0 || err != nil {
			return writeDecoded(text)
		} else if out, err = AppendJSON(out, v); err != nil {
			return nil, err
		}
		rest = rest[at+n:]
	}
}

// tagged reads the tag that a text begins with, and how long it is: 0 when it takes more
// than a look.
func tagged(text []byte) (name, inner []byte, n int) {
	name, rest, ok := bytes.Cut(text[len(`{"$`):], []byte(`":"`))
	inner, _, closed := bytes.Cut(rest, []byte(`"}`))
	if !ok || !closed || bytes.ContainsAny(name, `"\`) || bytes.ContainsAny(inner, `"\`) {
		return nil, nil, 0
	}
	return name, inner, len(`{"$":""}`) + len(name) + len(inner)
}

func writeDecoded(text []byte) (Written, error) {
	v, err := DecodeJSON(text)
	if err != nil {
		return nil, err
	}
	if v, err = restored(v, catalog.Type{}); err != nil {
		return nil, err
	}
	return EncodeJSON(v)
}

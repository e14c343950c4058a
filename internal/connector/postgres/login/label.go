package login

import (
	"encoding/hex"
	"strings"

	"github.com/zeebo/xxh3"
)

// ApplicationName is a label in at most 63 bytes of ASCII, which is what the
// server keeps of it: a longer one ends in its own hash.
func ApplicationName(label string) string {
	const room = 63
	plain := len(label) <= room
	text := strings.Map(func(r rune) rune {
		if r < ' ' || r > '~' {
			plain = false
			return '?'
		}
		return r
	}, label)
	if plain {
		return text
	}
	sum := xxh3.HashString128(label).Bytes()
	tail := "~" + hex.EncodeToString(sum[:8])
	return text[:min(len(text), room-len(tail))] + tail
}

// Label is a label as application_name holds it; without one it is the URL's own.
func (l Login) Label(label string) string {
	if label == "" {
		label = l.Params["application_name"]
	}
	if label == "" {
		label = "godwit"
	}
	return ApplicationName(label)
}

package socket

import (
	"fmt"
	"net/http"
	"strings"
)

// wrong is what a header has that cannot be sent. The library's transport refuses it, and
// its Request.Write does not: it sends a blank for a line break, and leaves a name out.
func wrong(h http.Header) error {
	for name, values := range h {
		if name == "" || strings.ContainsFunc(name, func(r rune) bool { return r <= ' ' || r >= 0x7f || strings.ContainsRune(`"(),/:;<=>?@[\]{}`, r) }) {
			return fmt.Errorf("invalid header field name %q", name)
		}
		for _, v := range values {
			if !valid(v) {
				return fmt.Errorf("invalid header field value for %q", name) // which may be a secret
			}
		}
	}
	return nil
}

// valid reports whether a text can be the value of a header (RFC 9110, 5.5): one without
// control characters.
func valid(value string) bool {
	for i := range len(value) {
		if c := value[i]; c < ' ' && c != '\t' || c == 0x7f {
			return false
		}
	}
	return true
}

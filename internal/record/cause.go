package record

import (
	"fmt"
	"strings"

	"github.com/zeebo/xxh3"
)

// Cause is a short name of why a record was not loaded: 8 hex digits, the same
// in all runs and ledgers for the same outcome, code, field, rule and words.
// Of a dead record the refusal counts, of a rejected one its first issue of
// severity error. Numbers and what stands in single quotes are taken for
// values and make no difference.
func Cause(e Exception) string {
	code, field, rule, text := e.Code, "", "", e.Text
	if i := e.broken(); i != nil {
		field, rule, text = i.Field, i.Rule, i.Text
	}
	if r := e.Refusal; r != nil {
		code, field, rule, text = r.Code, r.Field, r.Where, r.Text
	}
	said := strings.Join([]string{string(e.Outcome), code, field, rule, withoutValues(text)}, "\x00")
	h := xxh3.HashString(said)
	return fmt.Sprintf("%08x", uint32(h^h>>32))
}

// At is the field that the exception is about and the value that it had: the
// refusal's, else those of the first issue of severity error.
func (e Exception) At() (field, value string) {
	if r := e.Refusal; r != nil && r.Field != "" {
		return r.Field, r.Value
	}
	if i := e.broken(); i != nil {
		return i.Field, i.Value
	}
	if len(e.Fields) > 0 {
		field = e.Fields[0]
	}
	return field, ""
}

// broken is the first issue of severity error, nil when there is none.
func (e Exception) broken() *Issue {
	for i := range e.Issues {
		if e.Issues[i].Severity != SeverityWarn {
			return &e.Issues[i]
		}
	}
	return nil
}

// withoutValues makes one text of those that differ in numbers, in what stands
// in single quotes or in white space.
func withoutValues(text string) string {
	var b strings.Builder
	quoted, digits, space := false, false, false
	for _, r := range text {
		switch {
		case r == '\'':
			if quoted = !quoted; quoted {
				b.WriteString("'?'")
			}
			digits, space = false, false
		case quoted:
		case r >= '0' && r <= '9':
			if !digits {
				b.WriteByte('#')
			}
			digits, space = true, false
		case r == ' ' || r == '\t' || r == '\n' || r == '\r':
			if !space {
				b.WriteByte(' ')
			}
			digits, space = false, true
		default:
			b.WriteRune(r)
			digits, space = false, false
		}
	}
	return strings.TrimSpace(b.String())
}

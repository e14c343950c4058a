package file

import (
	"bytes"
	"fmt"
	"strings"

	"godwit/internal/record"
)

// fieldsOf reads one record of CSV (RFC 4180), and nothing more lenient: why
// says what is wrong with it. What stands in quotes is not changed, its line
// ends neither.
func fieldsOf(raw []byte) (fields []string, why string) {
	s := string(raw)
	s = strings.TrimSuffix(strings.TrimSuffix(s, "\n"), "\r")
	for {
		var field string
		if strings.HasPrefix(s, `"`) {
			n := closing(s)
			if n < 0 {
				return nil, neverClosed
			}
			field, s = strings.ReplaceAll(s[1:n], `""`, `"`), s[n+1:]
			if s != "" && s[0] != ',' {
				return nil, fmt.Sprintf("something stands behind the closing quote of field %d", len(fields)+1)
			}
		} else {
			n := strings.IndexByte(s, ',')
			if n < 0 {
				n = len(s)
			}
			if field, s = s[:n], s[n:]; strings.Contains(field, `"`) {
				return nil, fmt.Sprintf("a quote stands inside of field %d, which does not begin with one", len(fields)+1)
			}
		}
		fields = append(fields, field)
		if s == "" {
			return fields, ""
		}
		s = s[1:]
	}
}

// closing is the place of the quote that ends a field.
func closing(s string) int {
	for i := 1; i < len(s); i++ {
		if s[i] != '"' {
			continue
		}
		if i+1 == len(s) || s[i+1] != '"' {
			return i
		}
		i++
	}
	return -1
}

// parse makes slots of a record's text, by the schema. Why says what is wrong
// with it; unknown names a field that the schema does not have.
func (d *description) parse(format string, f frame) (slots []any, why, unknown string) {
	if f.why != "" {
		return nil, f.why, ""
	}
	slots = make([]any, len(d.schema.Fields))
	if format == formatCSV {
		fields, why := fieldsOf(f.raw)
		if why == "" && len(fields) != len(slots) {
			why = fmt.Sprintf("it has %d fields, the header has %d", len(fields), len(slots))
		}
		if why != "" {
			return nil, why, ""
		}
		for i, v := range fields {
			slots[i] = v
		}
		return slots, "", ""
	}
	doc, why := document(f.raw)
	if why != "" {
		return nil, why, ""
	}
	for i := range slots {
		slots[i] = record.Missing
	}
	for name, v := range doc {
		i, ok := d.index[name]
		if !ok {
			return nil, "", name
		}
		slots[i] = v
	}
	return slots, "", ""
}

// document reads one JSON object.
func document(raw []byte) (doc record.Object, why string) {
	v, err := record.DecodeJSON(bytes.TrimSpace(raw))
	if err != nil {
		return nil, err.Error()
	}
	doc, ok := v.(record.Object)
	if !ok {
		return nil, "it is no document but another value"
	}
	return doc, ""
}

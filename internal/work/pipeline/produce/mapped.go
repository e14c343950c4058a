package produce

import (
	"slices"
	"strings"
	"unicode/utf8"

	"godwit/internal/catalog"
	"godwit/internal/record"
)

// mapped writes mapped records as record.EncodeValue writes the object of their
// columns, without making one.
type mapped struct {
	columns []string
	sorted  []int // columns in the order in which an object has them
	encoder *record.Encoder
	odd     bool // of names that an object writes in another form
}

func newMapped(columns []string) mapped {
	m := mapped{columns: columns}
	s := &record.Schema{}
	for i := range columns {
		m.sorted = append(m.sorted, i)
	}
	slices.SortFunc(m.sorted, func(a, b int) int { return strings.Compare(columns[a], columns[b]) })
	for n, i := range m.sorted {
		s.Fields = append(s.Fields, catalog.Field{Name: columns[i]})
		twice := n > 0 && columns[m.sorted[n-1]] == columns[i]
		m.odd = m.odd || twice || strings.HasPrefix(columns[i], "$") || !utf8.ValidString(columns[i])
	}
	m.encoder = record.NewEncoder(s)
	return m
}

func (m mapped) append(b []byte, slots []any) ([]byte, error) {
	if !m.odd {
		ordered := make([]any, len(m.sorted))
		for n, i := range m.sorted {
			ordered[n] = slots[i]
		}
		return m.encoder.Append(b, ordered)
	}
	object := record.Object{}
	for i, name := range m.columns {
		if slots[i] != record.Missing {
			object[name] = slots[i]
		}
	}
	text, err := record.EncodeValue(object)
	return append(b, text...), err
}

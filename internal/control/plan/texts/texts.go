// Package texts keeps many texts in one piece of memory: the items of a loop of
// a hundred thousand.
package texts

// List is texts in order. Copies share what they held when they were made.
type List struct {
	text []byte
	ends []uint32
}

// Add appends a text.
func (l *List) Add(s string) {
	l.text = append(l.text, s...)
	l.ends = append(l.ends, uint32(len(l.text)))
}

// Len is how many there are.
func (l *List) Len() int { return len(l.ends) }

// At is the text of an index; it must not be changed.
func (l *List) At(i int) []byte {
	from := uint32(0)
	if i > 0 {
		from = l.ends[i-1]
	}
	return l.text[from:l.ends[i]:l.ends[i]]
}

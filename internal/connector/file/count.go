package file

import "bytes"

// A file has nobody who counts its records: the second opinion is a scanner
// that shares nothing with what cuts and decodes them. Of lines it counts the
// ends of those given out, of CSV only those behind an even number of quotes;
// of an array the bytes that begin an element, as they come from the file.
// Records that are broken count one each. At a file's end the records, and the
// white space between them, must have all its bytes.
type witness interface {
	// gave is told of each record, in order, and whether it is broken.
	gave(f frame, broken bool)
	// count is the number of records up to a place.
	count(upTo int64) int64
}

// ends counts line ends.
type ends struct {
	quotes bool
	text   []byte // given since the last count
	n      int64
}

func (e *ends) gave(f frame, broken bool) {
	if broken {
		e.n++
		return
	}
	e.text = append(e.text, f.raw...)
	if !bytes.HasSuffix(f.raw, []byte("\n")) { // the last one of a file
		e.text = append(e.text, '\n')
	}
}

func (e *ends) count(int64) int64 {
	even := true
	for _, c := range e.text {
		switch {
		case c == '"' && e.quotes:
			even = !even
		case c == '\n' && even:
			e.n++
		}
	}
	e.text = e.text[:0]
	return e.n
}

// begins counts the elements of an array by its bytes. It is an io.Writer
// behind a reader of them.
type begins struct {
	at     int64
	depth  int
	list   bool // the outermost value is an array
	due    bool // the next sign begins an element
	text   bool // inside of a string
	escape bool
	found  []int64
	n      int64
}

// newBegins starts at the beginning of a document, or behind a
// record of it.
func newBegins(at int64, first, inside bool) *begins {
	switch {
	case first:
		return &begins{at: at, due: true}
	case inside:
		return &begins{at: at, depth: 1, list: true}
	}
	return &begins{at: at, depth: -1}
}

func (b *begins) Write(p []byte) (int, error) {
	for _, c := range p {
		b.byte(c)
		b.at++
	}
	return len(p), nil
}

func (b *begins) byte(c byte) {
	if b.text {
		switch {
		case b.escape:
			b.escape = false
		case c == '\\':
			b.escape = true
		case c == '"':
			b.text = false
		}
		return
	}
	switch c {
	case ' ', '\t', '\r', '\n':
		return
	case ',':
		b.due = b.due || b.list && b.depth == 1
		return
	case ']', '}':
		b.depth--
		if b.due = false; b.depth == 0 {
			b.depth = -1 // the document is over
		}
		return
	case '[':
		if b.due && b.depth == 0 {
			b.list, b.depth = true, 1
			return
		}
	}
	if b.due {
		b.found, b.due = append(b.found, b.at), false
	}
	switch c {
	case '"':
		b.text = true
	case '[', '{':
		b.depth++
	}
}

// gave: what only cannot be decoded has begun like any other element.
func (b *begins) gave(f frame, _ bool) {
	if f.why == "" {
		return
	}
	b.count(f.at)
	b.found = nil
	b.n++
}

func (b *begins) count(upTo int64) int64 {
	i := 0
	for i < len(b.found) && b.found[i] < upTo {
		i++
	}
	b.found = b.found[i:]
	b.n += int64(i)
	return b.n
}

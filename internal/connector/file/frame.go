package file

import (
	"bytes"
	"errors"
	"io"

	"godwit/internal/fault"
)

// Bounds of what is held in memory: a record, and a field in quotes before its
// opening quote is taken for a mistake.
const (
	mostBytes  = 256 << 20
	mostQuoted = 32 << 20
)

// frame is one record's text.
type frame struct {
	raw  []byte
	at   int64  // its first byte in the file's content
	line int64  // its first line, from 1; 0 where lines mean nothing
	why  string // it is malformed
}

// place is between two records.
type place struct {
	At     int64 `json:"at"`               // byte of the plain content
	Line   int64 `json:"line,omitempty"`   // that begins there
	Inside bool  `json:"inside,omitempty"` // of an array
}

// framer cuts a content into records; nothing between two of them is left out
// but white space, and what an array has between its elements.
type framer interface {
	next() (frame, error) // io.EOF behind the last one
	// place is where the next one begins, or may begin.
	place() place
}

const neverClosed = "a quote is opened that is not closed"

// lines cuts at the ends of lines; with quotes, at those outside of them.
type lines struct {
	in     *stream
	at     int64
	line   int64 // of the next record
	quotes bool
	ahead  []byte // given back by next: comes before the stream
}

func (l *lines) place() place { return place{At: l.at, Line: l.line} }

func (l *lines) next() (frame, error) {
	for {
		f := frame{at: l.at, line: l.line}
		first, err := l.read()
		if err != nil {
			return f, err
		}
		f.raw = first
		if len(bytes.TrimSpace(first)) == 0 && (!l.quotes || len(bytes.TrimRight(first, "\r\n")) == 0) {
			l.over(first)
			continue
		}
		var q quotes
		for open := l.quotes && q.open(first); open; {
			more, err := l.read()
			if err != nil && !errors.Is(err, io.EOF) {
				return f, err
			}
			f.raw, open = append(f.raw, more...), q.open(more)
			if open && (err != nil || len(f.raw) > mostQuoted) {
				f.why, open = neverClosed, false
			}
		}
		if len(f.raw) > len(first) && f.why == "" {
			_, f.why = fieldsOf(f.raw)
		}
		if f.why != "" { // the lines behind the first may well be records
			l.ahead = append(bytes.Clone(f.raw[len(first):]), l.ahead...)
			f.raw = f.raw[:len(first):len(first)]
			_, f.why = fieldsOf(f.raw)
		}
		l.over(f.raw)
		return f, nil
	}
}

// over moves behind a record or an empty line.
func (l *lines) over(raw []byte) {
	l.at += int64(len(raw))
	l.line += int64(bytes.Count(raw, []byte("\n")))
}

// read gives a line with its end; io.EOF when there is none.
func (l *lines) read() ([]byte, error) {
	if len(l.ahead) > 0 {
		n := bytes.IndexByte(l.ahead, '\n') + 1
		if n == 0 {
			n = len(l.ahead)
		}
		line := l.ahead[:n:n]
		l.ahead = l.ahead[n:]
		return line, nil
	}
	var line []byte
	for {
		part, err := l.in.ReadSlice('\n')
		line = append(line, part...)
		switch {
		case errors.Is(err, io.EOF) && len(line) > 0, err == nil:
			return line, nil
		case len(line) > mostBytes:
			return nil, fault.New(fault.Data, "data.too-large", "the record in line %d, byte %d has more than %d bytes", l.line, l.at, mostBytes)
		case err != nil && !isFull(err):
			return nil, err
		}
	}
}

// quotes knows whether a record of CSV is inside of quotes, line by line. A
// quote that does not begin a field opens nothing.
type quotes struct{ behind, inside bool }

// open takes a line and tells whether it ends inside of quotes.
func (q *quotes) open(line []byte) bool {
	for i := 0; i < len(line); i++ {
		switch c := line[i]; {
		case q.inside && c == '"' && i+1 < len(line) && line[i+1] == '"':
			i++
		case q.inside && c == '"':
			q.inside = false
		case q.inside:
		case !q.behind && c == '"':
			q.inside, q.behind = true, true
		default:
			q.behind = c != ','
		}
	}
	return q.inside
}

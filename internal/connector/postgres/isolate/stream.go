package isolate

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
)

// Of the messages of a COPY (PostgreSQL documentation, "Message Formats" and
// COPY, "Binary Format"): each CopyData holds one row; the first of a binary
// stream begins with a header, its last is a trailer of two bytes.
const (
	frameHead  = 5
	copyData   = 'd'
	headerSize = 19
)

var (
	binaryHeader  = []byte("PGCOPY\n\xff\r\n\x00\x00\x00\x00\x00\x00\x00\x00\x00")
	binaryTrailer = []byte{0xff, 0xff}
)

// stream gives the rows of CopyData frames one after the other.
type stream struct {
	in     *bufio.Reader
	binary bool
	begun  bool  // the binary header was read
	size   int64 // of the row that is next
}

// next moves to the next row and gives its size; io.EOF is the end. The row is
// to be read from in before it is called again.
func (s *stream) next() (int64, error) {
	for {
		var head [frameHead]byte
		if _, err := io.ReadFull(s.in, head[:]); err != nil {
			return 0, err // io.EOF between frames
		}
		if head[0] != copyData {
			return 0, fmt.Errorf("a message %q among rows", head[0])
		}
		s.size = int64(binary.BigEndian.Uint32(head[1:])) - 4
		if !s.binary {
			return s.size, nil
		}
		if !s.begun {
			s.begun = true
			if s.size < headerSize {
				return 0, errors.New("a binary stream without its header")
			}
			if _, err := s.in.Discard(headerSize); err != nil {
				return 0, err
			}
			if s.size -= headerSize; s.size == 0 {
				continue
			}
		}
		if s.size == int64(len(binaryTrailer)) {
			// A row of no columns is two bytes as well, but never of these.
			if end, err := s.in.Peek(len(binaryTrailer)); err == nil && string(end) == string(binaryTrailer) {
				_, err := s.in.Discard(len(binaryTrailer))
				if err != nil {
					return 0, err
				}
				continue
			}
		}
		return s.size, nil
	}
}

// page is rows in memory.
type page struct {
	data []byte
	ends []int // of each row in data
}

func (p *page) rows() int { return len(p.ends) }

// cut is the bytes of rows from one on, up to another.
func (p *page) cut(from, to int) []byte {
	begin := 0
	if from > 0 {
		begin = p.ends[from-1]
	}
	return p.data[begin:p.ends[to-1]]
}

func (p *page) reset() { p.data, p.ends = p.data[:0], p.ends[:0] }

// add reads a row of that size.
func (p *page) add(r io.Reader, size int64) error {
	at := len(p.data)
	if need := at + int(size); need > cap(p.data) {
		grown := make([]byte, at, max(need, 2*cap(p.data)))
		copy(grown, p.data)
		p.data = grown
	}
	p.data = p.data[:at+int(size)]
	p.ends = append(p.ends, len(p.data))
	_, err := io.ReadFull(r, p.data[at:])
	return err
}

// fields takes a row of COPY's text format apart; nil is NULL.
func fields(row []byte) [][]byte {
	if n := len(row); n > 0 && row[n-1] == '\n' {
		row = row[:n-1]
	}
	var all [][]byte
	for {
		end := 0
		for end < len(row) && row[end] != '\t' {
			end++
		}
		all = append(all, unescaped(row[:end]))
		if end == len(row) {
			return all
		}
		row = row[end+1:]
	}
}

var escapes = map[byte]byte{'b': '\b', 'f': '\f', 'n': '\n', 'r': '\r', 't': '\t', 'v': '\v'}

// unescaped is a field's value as COPY TO writes it: it never uses digits
// behind a backslash.
func unescaped(field []byte) []byte {
	if string(field) == `\N` {
		return nil
	}
	value := make([]byte, 0, len(field))
	for i := 0; i < len(field); i++ {
		c := field[i]
		if c == '\\' && i+1 < len(field) {
			i++
			if c = field[i]; escapes[c] != 0 {
				c = escapes[c]
			}
		}
		value = append(value, c)
	}
	return value
}

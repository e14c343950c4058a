package file

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"

	"godwit/internal/fault"
	"godwit/internal/record"

	"github.com/go-json-experiment/json/jsontext"
)

// array cuts a JSON text into the elements of its array; any other value is one
// record. What is wrong inside of a value is left to whoever decodes it. Behind
// a break in the text nobody knows where the next element begins: all the rest
// is one record then.
type array struct {
	d     *jsontext.Decoder
	in    io.Reader // what the decoder reads
	base  int64     // place where it began
	begun bool
	inner bool // inside of the array
	over  bool
	end   int64 // behind a broken rest
}

// newArray begins at a document, or behind a record of one.
func newArray(in io.Reader, at int64, first, inside bool) *array {
	a := &array{in: in, base: at, begun: !first, inner: inside}
	if inside {
		a.in, a.base = io.MultiReader(bytes.NewReader([]byte(`[""`)), in), at-3
	}
	a.d = jsontext.NewDecoder(a.in, jsontext.AllowDuplicateNames(true), jsontext.AllowInvalidUTF8(true))
	if inside {
		_, _ = a.d.ReadToken()
		_, _ = a.d.ReadToken() // both were just written
	}
	return a
}

func (a *array) place() place {
	return place{At: max(a.end, a.base+a.d.InputOffset()), Inside: a.inner}
}

func (a *array) next() (frame, error) {
	if a.over {
		return frame{}, io.EOF
	}
	if !a.begun {
		a.begun = true
		switch a.d.PeekKind() {
		case '[':
			a.inner = true
			if _, err := a.d.ReadToken(); err != nil {
				return a.rest(err)
			}
		case 0:
			_, err := a.d.ReadToken()
			return a.rest(err)
		default:
			return a.value()
		}
	}
	if a.inner && a.d.PeekKind() != ']' {
		return a.value()
	}
	if a.inner {
		if _, err := a.d.ReadToken(); err != nil {
			return a.rest(err)
		}
		a.inner = false
	}
	if a.d.PeekKind() == 0 {
		if _, err := a.d.ReadToken(); errors.Is(err, io.EOF) {
			a.over = true
			return frame{}, io.EOF
		}
	}
	return a.rest(errors.New("something stands behind the document"))
}

func (a *array) value() (frame, error) {
	v, err := a.d.ReadValue()
	if err != nil {
		return a.rest(err)
	}
	if len(v) > mostBytes {
		return frame{}, fault.New(fault.Data, "data.too-large", "the record at byte %d has more than %d bytes", a.base+a.d.InputOffset(), mostBytes)
	}
	return frame{raw: bytes.Clone(v), at: a.base + a.d.InputOffset() - int64(len(v))}, nil
}

// rest makes one broken record of all that is left.
func (a *array) rest(why error) (frame, error) {
	var syntax *jsontext.SyntacticError
	if errors.Is(why, io.EOF) && !a.inner {
		a.over = true
		return frame{}, io.EOF
	}
	if !errors.As(why, &syntax) && !errors.Is(why, io.ErrUnexpectedEOF) && !errors.Is(why, io.EOF) && why.Error() != "something stands behind the document" {
		return frame{}, why
	}
	at := a.base + a.d.InputOffset()
	raw := bytes.Clone(a.d.UnreadBuffer())
	more, err := io.ReadAll(io.LimitReader(a.in, mostQuoted+1))
	if err != nil {
		return frame{}, err
	}
	raw = append(raw, more...)
	if len(raw) > mostQuoted {
		return frame{}, fault.New(fault.Data, "data.syntax", "the JSON text breaks behind byte %d, and too much follows to keep it aside: %w", at, why)
	}
	a.over, a.inner, a.end = true, false, at+int64(len(raw))
	text := why.Error()
	if syntax != nil {
		text = fmt.Sprintf("%s, behind byte %d", record.SyntaxText(syntax), a.base+syntax.ByteOffset)
	}
	return frame{raw: raw, at: at, why: "the rest of the file is no JSON: " + text}, nil
}

func isFull(err error) bool { return errors.Is(err, bufio.ErrBufferFull) }

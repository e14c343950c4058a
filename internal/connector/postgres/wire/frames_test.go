package wire

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"testing"
	"testing/iotest"

	"godwit/internal/record"

	"github.com/google/go-cmp/cmp"
)

func wireMessage(kind byte, body string) string {
	return string(binary.BigEndian.AppendUint32([]byte{kind}, uint32(len(body)+4))) + body
}

// header is the one of a binary COPY.
const header = "PGCOPY\n\xff\r\n\x00\x00\x00\x00\x00\x00\x00\x00\x00"

// TestFrames cuts streams into reads of every size.
func TestFrames(t *testing.T) {
	t.Parallel()
	long := string(bytes.Repeat([]byte("0123456789abcdef"), 50))
	end := wireMessage('c', "") + wireMessage('C', "COPY 3\x00") + wireMessage('Z', "T")
	for name, test := range map[string]struct {
		binary bool
		stream []string // without what is left out
		drop   map[int]string
		rows   []string
		tail   string
	}{
		"text":           {stream: []string{wireMessage('d', "a\n"), wireMessage('d', "\n"), wireMessage('d', long+"\n")}, rows: []string{"a\n", "\n", long + "\n"}, tail: end},
		"no rows":        {tail: end},
		"binary":         {binary: true, stream: []string{wireMessage('d', header+"row 1"), wireMessage('d', long), wireMessage('d', "\x00\x00"), wireMessage('d', "\xff\xff")}, rows: []string{"row 1", long, "\x00\x00"}, tail: end},
		"binary, empty":  {binary: true, stream: []string{wireMessage('d', header+"\xff\xff")}, tail: end},
		"header alone":   {binary: true, stream: []string{wireMessage('d', header), wireMessage('d', "row 1"), wireMessage('d', "\xff\xff")}, rows: []string{"row 1"}, tail: end},
		"notices":        {stream: []string{wireMessage('d', "a\n"), wireMessage('d', "b\n")}, drop: map[int]string{0: wireMessage('H', "\x00\x00\x00"), 1: wireMessage('N', long) + wireMessage('S', "x\x00y\x00"), 2: wireMessage('A', "")}, rows: []string{"a\n", "b\n"}, tail: end},
		"error mid-copy": {stream: []string{wireMessage('d', "a\n")}, rows: []string{"a\n"}, tail: wireMessage('E', "SERROR\x00C57014\x00Mcut\x00\x00") + wireMessage('Z', "E")},
	} {
		t.Run(name, func(t *testing.T) {
			var all, kept string
			for i := range len(test.stream) + 1 {
				all += test.drop[i]
				if i < len(test.stream) {
					all, kept = all+test.stream[i], kept+test.stream[i]
				}
			}
			var want record.Sum
			for _, r := range test.rows {
				want.Add([]byte(r))
			}
			for size := 1; size < len(all)+10; size++ {
				f := &Frames{Conn: bytes.NewReader([]byte(all + test.tail)), Binary: test.binary}
				var got bytes.Buffer
				if _, err := io.CopyBuffer(onlyWriter{&got}, f, make([]byte, size)); err != nil {
					t.Fatal(err)
				}
				rest, _ := io.ReadAll(f.Conn)
				if got.String() != kept || f.Sum != want || string(f.Tail)+string(rest) != test.tail {
					t.Fatalf("reads of %d bytes: given out equal: %v, tail equal: %v, sum (-want +got):\n%s",
						size, got.String() == kept, string(f.Tail)+string(rest) == test.tail, cmp.Diff(want, f.Sum))
				}
			}
		})
	}
}

type onlyWriter struct{ io.Writer }

func TestFramesEndTooEarly(t *testing.T) {
	t.Parallel()
	stream := wireMessage('N', "notice") + wireMessage('d', "row\n")
	for n := range len(stream) {
		f := &Frames{Conn: bytes.NewReader([]byte(stream[:n]))}
		if _, err := io.Copy(io.Discard, f); !errors.Is(err, io.ErrUnexpectedEOF) {
			t.Errorf("after %d bytes: %v", n, err)
		}
	}
	broken := errors.New("broken")
	f := &Frames{Conn: iotest.ErrReader(broken)}
	if _, err := io.Copy(io.Discard, f); err != broken || f.Failed != broken {
		t.Errorf("error is %v, %v", err, f.Failed)
	}
}

// BenchmarkFrames is the relay's own cost: walking headers and hashing rows.
func BenchmarkFrames(b *testing.B) {
	row := append([]byte("d\x00\x00\x00\x64"), bytes.Repeat([]byte("x"), 96)...)
	stream := append(bytes.Repeat(row, 100000), "c\x00\x00\x00\x04"...)
	b.SetBytes(int64(len(stream)))
	w := &into{buffer: make([]byte, stretch)}
	for b.Loop() {
		f := &Frames{Conn: bytes.NewReader(stream)}
		if _, err := io.Copy(w, f); err != nil || f.Sum.Rows != 100000 {
			b.Fatal(err, f.Sum.Rows)
		}
	}
}

// into takes a stream as a ring of buffers does.
type into struct{ buffer []byte }

func (w *into) Write(b []byte) (int, error) { return len(b), nil }

func (w *into) ReadFrom(r io.Reader) (total int64, err error) {
	for {
		n, err := r.Read(w.buffer)
		total += int64(n)
		if err == io.EOF {
			return total, nil
		}
		if err != nil {
			return total, err
		}
	}
}

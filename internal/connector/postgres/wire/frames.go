package wire

import (
	"encoding/binary"
	"io"
	"slices"

	"godwit/internal/record"

	"github.com/zeebo/xxh3"
)

// binaryHeader is the size of the header that begins a binary COPY
// (PostgreSQL documentation, COPY, "Binary Format").
const binaryHeader = 19

// Frames reads the server's answer to a COPY TO STDOUT and gives out the
// CopyData messages in it as they stand on the wire: type, length, payload.
// Only headers are looked at; each row's payload is added to Sum, whatever
// parts it comes in. It ends (io.EOF) before the first message that ends the
// stream; that one and what was read behind it is left in Tail.
type Frames struct {
	Conn   io.Reader
	Binary bool
	Sum    record.Sum
	Tail   []byte
	Failed error // of Conn

	unread []byte // read from Conn but not given out

	head [5]byte // of a message whose header is cut by the end of a buffer
	got  int

	left  int64 // bytes of the payload to come
	skip  int64 // of them to be left out of the sum: the binary header
	body  int64 // of them in the row
	seen  int64 // bytes of the row so far
	start bool  // the binary header was seen
	small [64]byte
	hash  xxh3.Hasher
}

// Read fills p with whole and partial CopyData messages.
func (f *Frames) Read(p []byte) (int, error) {
	for f.Tail == nil && f.Failed == nil {
		n, err := f.fill(p)
		if n == 0 && err != nil {
			f.Failed = cutOff(err)
			break
		}
		if at := f.walk(p[:n]); at > 0 {
			return at, nil
		}
	}
	if f.Failed != nil {
		return 0, f.Failed
	}
	return 0, io.EOF
}

func (f *Frames) fill(p []byte) (int, error) {
	if len(f.unread) > 0 {
		n := copy(p, f.unread)
		f.unread = f.unread[n:]
		return n, nil
	}
	return f.Conn.Read(p)
}

// walk goes through the messages in p and returns the length of the part that
// is to be given out. The rest is left unread, or is the tail.
func (f *Frames) walk(p []byte) int {
	at := 0
	for at < len(p) {
		if f.left == 0 {
			if f.got == 0 && p[at] != copyData {
				f.other(p[at:])
				return at
			}
			n := copy(f.head[f.got:], p[at:])
			at += n
			if f.got += n; f.got == len(f.head) {
				f.got = 0
				f.begin(int64(binary.BigEndian.Uint32(f.head[1:])) - 4)
			}
			continue
		}
		n := int(min(f.left, int64(len(p)-at)))
		f.left -= int64(n)
		f.add(p[at : at+n])
		at += n
	}
	return at
}

// other meets a message that is no CopyData. Those that may come at any time
// (notices, changed parameters), and the one that opens the stream, are left
// out; any other ends it.
func (f *Frames) other(p []byte) {
	rest := slices.Concat(p, f.unread)
	switch p[0] {
	case 'H', 'N', 'S', 'A':
	default:
		f.Tail, f.unread = rest, nil
		return
	}
	f.unread = rest
	whole := &tailed{f: f}
	if _, _, err := message(whole); err != nil {
		f.Failed = err
	}
}

// tailed reads what is unread, then the connection.
type tailed struct{ f *Frames }

func (t *tailed) Read(p []byte) (int, error) { return t.f.fill(p) }

// begin meets the header of a CopyData message.
func (f *Frames) begin(size int64) {
	f.left, f.body, f.seen, f.skip = size, size, 0, 0
	if f.Binary && !f.start {
		f.start = true
		f.skip = min(size, binaryHeader)
		f.body -= f.skip
	}
	if size == 0 {
		f.Sum.Add(nil)
	}
}

// add takes the next bytes of the payload into the sum.
func (f *Frames) add(b []byte) {
	if n := min(f.skip, int64(len(b))); n > 0 {
		f.skip -= n
		b = b[n:]
	}
	if len(b) == 0 {
		return
	}
	switch {
	case f.seen == 0 && int64(len(b)) == f.body:
		f.row(b)
	case f.body <= int64(len(f.small)):
		f.seen += int64(copy(f.small[f.seen:], b))
		if f.seen == f.body {
			f.row(f.small[:f.body])
		}
	default:
		if f.seen == 0 {
			f.hash.Reset()
		}
		f.hash.Write(b) // never fails
		if f.seen += int64(len(b)); f.seen == f.body {
			sum := f.hash.Sum128()
			f.Sum.AddHash(sum.Hi, sum.Lo, f.body)
		}
	}
}

// row counts a whole row; the two bytes that end a binary stream are none.
func (f *Frames) row(b []byte) {
	if f.Binary && len(b) == 2 && b[0] == 0xff && b[1] == 0xff {
		return
	}
	f.Sum.Add(b)
}

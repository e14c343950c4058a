package file

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"io"

	"godwit/internal/fault"

	"github.com/klauspost/compress/zstd"
)

// stream is the plain content of a file from a place on.
type stream struct {
	*bufio.Reader
	file   io.Closer
	zstd   *zstd.Decoder
	packed bool
	begin  int64 // of the file's content, behind a byte order mark
	given  int64 // bytes that were handed out or are in the buffer, from the file's beginning
}

// openStream unpacks what is packed, which its first bytes tell, leaves a byte
// order mark out and goes to a place.
func (e *Endpoint) openStream(o object, at int64) (*stream, error) {
	f, err := e.open(o)
	if err != nil {
		return nil, err
	}
	s := &stream{file: f}
	if err := s.unpack(f, at); err != nil {
		s.close()
		return nil, fault.New(fault.Data, "data.corrupt", "%s: %w", o.Name, err)
	}
	return s, nil
}

func (s *stream) unpack(f io.ReadSeeker, at int64) error {
	first := make([]byte, 4)
	n, err := io.ReadFull(f, first)
	if err != nil && err != io.EOF && err != io.ErrUnexpectedEOF {
		return err
	}
	if _, err := f.Seek(0, io.SeekStart); err != nil {
		return err
	}
	var r io.Reader = f
	switch first = first[:n]; {
	case bytes.HasPrefix(first, []byte{0x1f, 0x8b}):
		s.packed = true
		r, err = gzip.NewReader(f)
	case bytes.HasPrefix(first, []byte{0x28, 0xb5, 0x2f, 0xfd}):
		s.packed = true
		if s.zstd, err = zstd.NewReader(f, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxMemory(1<<30)); err == nil {
			r = s.zstd
		}
	default:
		err = nil
	}
	if err != nil {
		return err
	}
	s.Reader = bufio.NewReaderSize(counted{r, &s.given}, 64<<10)
	if mark, _ := s.Peek(3); bytes.Equal(mark, []byte("\ufeff")) {
		s.begin = 3
	}
	if at == 0 {
		at = s.begin
	}
	if !s.packed {
		if s.given, err = f.Seek(at, io.SeekStart); err == nil {
			s.Reset(counted{f, &s.given})
		}
		return err
	}
	_, err = io.CopyN(io.Discard, s.Reader, at)
	return err
}

func (s *stream) close() {
	if s.zstd != nil {
		s.zstd.Close()
	}
	s.file.Close()
}

type counted struct {
	io.Reader
	n *int64
}

func (c counted) Read(b []byte) (int, error) {
	n, err := c.Reader.Read(b)
	*c.n += int64(n)
	return n, err
}

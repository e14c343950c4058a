package spool

import (
	"encoding/binary"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"strings"

	"godwit/internal/fault"

	"github.com/klauspost/compress/zstd"
	"github.com/zeebo/xxh3"
)

// Chunk names one that is read.
type Chunk struct {
	Unit   string
	Number int
}

// Counts gives how many items each partition has in some chunks.
func (s Spool) Counts(chunks []Chunk) (map[int]int64, error) {
	counts := map[int]int64{}
	for _, c := range chunks {
		f, index, err := s.open(c)
		if err != nil {
			return nil, err
		}
		if err := f.Close(); err != nil {
			return nil, disk(err)
		}
		for _, b := range index {
			counts[b.Part] += b.Items
		}
	}
	return counts, nil
}

// Reader gives the items of partitions, one after the other, of each those of the
// chunks in their order. It holds one block. Not safe for concurrent use.
type Reader struct {
	spool  Spool
	chunks []Chunk
	parts  []int

	part, chunk int // indexes of the next file
	file        *os.File
	blocks      []block // of the file that are still to be read
	rest        []byte
	unpacker    *zstd.Decoder
}

// Read reads partitions. Close must be called.
func (s Spool) Read(chunks []Chunk, parts []int) (*Reader, error) {
	z, err := zstd.NewReader(nil, zstd.WithDecoderConcurrency(1))
	return &Reader{spool: s, chunks: chunks, parts: parts, unpacker: z}, err
}

// Next is the next item's text, or io.EOF. It is the caller's.
func (r *Reader) Next() ([]byte, error) {
	for len(r.rest) == 0 {
		if err := r.advance(); err != nil {
			return nil, err
		}
	}
	n, size := binary.Uvarint(r.rest)
	if size <= 0 || n > uint64(len(r.rest)-size) {
		return nil, damaged(r.chunks[r.chunk-1], "an item is cut")
	}
	text := r.rest[size : size+int(n) : size+int(n)]
	r.rest = r.rest[size+int(n):]
	return text, nil
}

// advance unpacks the next block.
func (r *Reader) advance() error {
	for len(r.blocks) == 0 {
		if r.chunk == len(r.chunks) {
			r.part, r.chunk = r.part+1, 0
		}
		if r.part >= len(r.parts) || len(r.chunks) == 0 {
			return io.EOF
		}
		if err := r.Close(); err != nil {
			return err
		}
		f, index, err := r.spool.open(r.chunks[r.chunk])
		if err != nil {
			return err
		}
		r.file = f
		r.chunk++
		for _, b := range index {
			if b.Part == r.parts[r.part] {
				r.blocks = append(r.blocks, b)
			}
		}
	}
	b := r.blocks[0]
	r.blocks = r.blocks[1:]
	packed := make([]byte, b.Size)
	if _, err := r.file.ReadAt(packed, b.At); err != nil {
		return disk(err)
	}
	if xxh3.Hash(packed) != b.Sum {
		return damaged(r.chunks[r.chunk-1], "a block has other bytes than were written")
	}
	var err error
	if r.rest, err = r.unpacker.DecodeAll(packed, nil); err != nil {
		return damaged(r.chunks[r.chunk-1], err.Error())
	}
	return nil
}

// Close gives the file back. It may be called twice.
func (r *Reader) Close() error {
	if r.file == nil {
		return nil
	}
	f := r.file
	r.file = nil
	return disk(f.Close())
}

func (s Spool) open(c Chunk) (*os.File, []block, error) {
	f, err := os.Open(s.file(c.Unit, c.Number))
	if os.IsNotExist(err) {
		return nil, nil, fault.New(fault.Data, "spool.gone", "chunk %d of %s is not in the spool any more", c.Number, c.Unit).
			Hint("somebody took %s away: godwit cancel, then the same command reads the records again", s.dir)
	}
	if err != nil {
		return nil, nil, disk(err)
	}
	index, err := indexOf(f)
	if err != nil {
		f.Close()
		return nil, nil, damaged(c, err.Error())
	}
	return f, index, nil
}

func indexOf(f *os.File) (index []block, err error) {
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	size := info.Size()
	end := make([]byte, tail)
	if size < int64(len(magic)+tail) {
		return nil, io.ErrUnexpectedEOF
	}
	if _, err := f.ReadAt(end, size-int64(tail)); err != nil {
		return nil, err
	}
	n := binary.BigEndian.Uint64(end)
	if is := string(end[16:]); is != magic && strings.HasPrefix(is, magic[:len(magic)-2]) {
		return nil, fmt.Errorf("another version of godwit wrote it (%s)", strings.TrimSpace(is))
	}
	if string(end[16:]) != magic || n > uint64(size-int64(len(magic)+tail)) {
		return nil, io.ErrUnexpectedEOF
	}
	text := make([]byte, n)
	if _, err := f.ReadAt(text, size-int64(tail)-int64(n)); err != nil {
		return nil, err
	}
	if xxh3.Hash(text) != binary.BigEndian.Uint64(end[8:]) {
		return nil, io.ErrUnexpectedEOF
	}
	err = json.Unmarshal(text, &index)
	return index, err
}

func damaged(c Chunk, why string) error {
	return fault.New(fault.Data, "spool.damaged", "chunk %d of %s in the spool cannot be read: %s", c.Number, c.Unit, why).
		Hint("godwit cancel, then the same command reads the records again: what was delivered is not sent again")
}

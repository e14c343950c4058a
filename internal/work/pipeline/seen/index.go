// Package seen remembers what the records of a load have in the fields that
// rules over many of them compare: in an index of bounded memory while they are
// read, and in the form that is kept with each chunk. Start reading at Index.
package seen

import (
	"bufio"
	"encoding/binary"
	"errors"
	"io"
	"os"

	"godwit/internal/fault"
)

// Digest stands for values: 128 bits of a hash, so that among thousands of
// millions of them no two different ones are the same in practice.
type Digest = [16]byte

// Index holds a digest for each of any number of groups. It is an open hash
// table with linear probing: in memory up to inMemory bytes, then in a file
// without a name in the system's folder for such (TMPDIR), which is gone with
// the process. Nothing rests on it: it is filled anew from what is kept with the
// chunks. Not safe for concurrent use.
type Index struct {
	ram   []byte
	file  *os.File
	slots uint64 // a power of two
	used  uint64
}

const (
	slotBytes  = 32 // group, then value; an empty slot is all zero
	firstSlots = 1 << 12
)

// inMemory is how large a table may be in memory. A variable for tests.
var inMemory uint64 = 32 << 20

// NewIndex gives an empty one.
func NewIndex() *Index {
	return &Index{ram: make([]byte, firstSlots*slotBytes), slots: firstSlots}
}

// Find gives a group's value.
func (x *Index) Find(group Digest) (value Digest, ok bool, err error) {
	_, value, ok, err = x.probe(named(group))
	return value, ok, err
}

// Put gives a group a value; one that it has already is replaced.
func (x *Index) Put(group, value Digest) error {
	if x.used >= x.slots/5*3 {
		if err := x.grow(); err != nil {
			return err
		}
	}
	return x.put(named(group), value)
}

// Len is the number of groups.
func (x *Index) Len() uint64 { return x.used }

// Close frees the file; it may be called twice.
func (x *Index) Close() error {
	x.ram = nil
	if x.file == nil {
		return nil
	}
	err := x.file.Close()
	x.file = nil
	return err
}

// named keeps a digest of zeros from looking like an empty slot.
func named(group Digest) Digest {
	if group == (Digest{}) {
		group[15] = 1
	}
	return group
}

func (x *Index) put(group, value Digest) error {
	at, _, known, err := x.probe(group)
	if err != nil {
		return err
	}
	if !known {
		x.used++
	}
	var slot [slotBytes]byte
	copy(slot[:16], group[:])
	copy(slot[16:], value[:])
	if x.file == nil {
		copy(x.ram[at*slotBytes:], slot[:])
		return nil
	}
	_, err = x.file.WriteAt(slot[:], int64(at*slotBytes)) //nolint:gosec // a file's size
	return scratch(err)
}

// probe finds a group's slot, or the empty one where it belongs.
func (x *Index) probe(group Digest) (at uint64, value Digest, known bool, err error) {
	var slot [slotBytes]byte
	for at = binary.LittleEndian.Uint64(group[:8]) & (x.slots - 1); ; at = (at + 1) & (x.slots - 1) {
		if x.file == nil {
			copy(slot[:], x.ram[at*slotBytes:])
		} else if _, err := x.file.ReadAt(slot[:], int64(at*slotBytes)); err != nil { //nolint:gosec // a file's size
			return 0, value, false, scratch(err)
		}
		switch Digest(slot[:16]) {
		case group:
			return at, Digest(slot[16:]), true, nil
		case Digest{}:
			return at, value, false, nil
		}
	}
}

// grow makes the table four times as large.
func (x *Index) grow() error {
	old := *x
	defer old.Close()
	x.ram, x.file, x.slots, x.used = nil, nil, old.slots*4, 0
	if size := x.slots * slotBytes; size <= inMemory {
		x.ram = make([]byte, size)
	} else if err := x.create(int64(size)); err != nil { //nolint:gosec // a file's size
		return err
	}
	all := old.all()
	var slot [slotBytes]byte
	for {
		_, err := io.ReadFull(all, slot[:])
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return scratch(err)
		}
		if group := Digest(slot[:16]); group != (Digest{}) {
			if err := x.put(group, Digest(slot[16:])); err != nil {
				return err
			}
		}
	}
}

func (x *Index) create(size int64) error {
	f, err := os.CreateTemp("", "godwit-seen-*")
	if err != nil {
		return scratch(err)
	}
	x.file = f
	if err = os.Remove(f.Name()); err == nil {
		err = f.Truncate(size)
	}
	return scratch(err)
}

func (x *Index) all() io.Reader {
	if x.file == nil {
		return &rest{b: x.ram}
	}
	return bufio.NewReaderSize(io.NewSectionReader(x.file, 0, int64(x.slots*slotBytes)), 1<<20) //nolint:gosec // a file's size
}

// rest reads bytes without copying them first.
type rest struct{ b []byte }

func (r *rest) Read(p []byte) (int, error) {
	if len(r.b) == 0 {
		return 0, io.EOF
	}
	n := copy(p, r.b)
	r.b = r.b[n:]
	return n, nil
}

func scratch(err error) error {
	if err == nil {
		return nil
	}
	return fault.New(fault.Unavailable, "load.scratch", "the file for what rules over many records compare: %w", err).
		Hint("it takes 64 to 128 bytes a record, in the folder that TMPDIR names: make room there, or name another folder")
}

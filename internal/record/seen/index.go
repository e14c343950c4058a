// Package seen remembers what the records of a load have in the fields that
// rules over many of them compare, and which keys were read: in an index of bounded
// memory, and in the form that is kept with each chunk. Start reading at Index.
package seen

import (
	"encoding/binary"
	"os"
	"syscall"

	"godwit/internal/fault"
)

// Digest stands for values: 128 bits of a hash, so that among thousands of
// millions of them no two different ones are the same in practice.
type Digest = [16]byte

// Index holds a digest for each of any number of groups. It is an open hash
// table with linear probing: in memory up to inMemory bytes, then in a file
// without a name in the system's folder for such (TMPDIR), which is gone with
// the process. The file is mapped, so the system gives and takes its memory.
// Nothing rests on it: it is filled anew from what is kept with the chunks. Not
// safe for concurrent use.
type Index struct {
	table  []byte
	mapped bool
	slots  uint64 // a power of two
	used   uint64
}

const (
	slotBytes  = 32 // group, then value; an empty slot is all zero
	firstSlots = 1 << 10
)

// inMemory is how large a table may be in memory. A variable for tests, and so that
// binaries built for tests can hold little.
var inMemory uint64 = 32 << 20

// NewIndex gives an empty one.
func NewIndex() *Index {
	return &Index{table: make([]byte, firstSlots*slotBytes), slots: firstSlots}
}

// Find gives a group's value.
func (x *Index) Find(group Digest) (value Digest, known bool) {
	_, value, known = x.probe(named(group))
	return value, known
}

// First gives a group a value unless it has one, which is returned then.
func (x *Index) First(group, value Digest) (was Digest, known bool, err error) {
	if x.used >= x.slots/5*3 {
		if err := x.grow(); err != nil {
			return was, false, err
		}
	}
	was, known = x.first(named(group), value)
	return was, known, nil
}

// Len is the number of groups.
func (x *Index) Len() uint64 { return x.used }

// Close gives the memory and the file back; it may be called twice.
func (x *Index) Close() error {
	table, mapped := x.table, x.mapped
	x.table, x.mapped = nil, false
	if !mapped {
		return nil
	}
	return syscall.Munmap(table)
}

// named keeps a digest of zeros from looking like an empty slot.
func named(group Digest) Digest {
	if group == (Digest{}) {
		group[15] = 1
	}
	return group
}

func (x *Index) first(group, value Digest) (was Digest, known bool) {
	at, was, known := x.probe(group)
	if known {
		return was, true
	}
	x.used++
	copy(x.table[at:], group[:])
	copy(x.table[at+16:], value[:])
	return was, false
}

// probe finds where a group is in the table, or where it belongs.
func (x *Index) probe(group Digest) (at uint64, value Digest, known bool) {
	for n := binary.LittleEndian.Uint64(group[:8]); ; n++ {
		at = (n & (x.slots - 1)) * slotBytes
		slot := x.table[at : at+slotBytes]
		switch Digest(slot[:16]) {
		case group:
			return at, Digest(slot[16:]), true
		case Digest{}:
			return at, value, false
		}
	}
}

// grow makes the table four times as large.
func (x *Index) grow() error {
	larger := &Index{slots: x.slots * 4}
	if size := larger.slots * slotBytes; size <= inMemory {
		larger.table = make([]byte, size)
	} else if err := larger.create(int(size)); err != nil { //nolint:gosec // a file's size
		return fault.New(fault.Unavailable, "load.scratch", "the file for what records are compared by: %w", err).
			Hint("it takes up to 256 bytes a record, in the folder that TMPDIR names: make room there, or name another folder")
	}
	for at := 0; at < len(x.table); at += slotBytes {
		if group := Digest(x.table[at : at+16]); group != (Digest{}) {
			larger.first(group, Digest(x.table[at+16:at+slotBytes]))
		}
	}
	old := *x
	*x = *larger
	return old.Close()
}

// create maps a file. It is written once: a place in a mapped file for which the
// disk has no room would end the process.
func (x *Index) create(size int) error {
	f, err := os.CreateTemp("", "godwit-seen-*")
	if err != nil {
		return err
	}
	defer f.Close()
	if err := os.Remove(f.Name()); err != nil {
		return err
	}
	zeros := make([]byte, 1<<20)
	for left := size; left > 0; {
		n, err := f.Write(zeros[:min(left, len(zeros))])
		if err != nil {
			return err
		}
		left -= n
	}
	if x.table, err = syscall.Mmap(int(f.Fd()), 0, size, syscall.PROT_READ|syscall.PROT_WRITE, syscall.MAP_SHARED); err != nil { //nolint:gosec // a descriptor
		return err
	}
	x.mapped = true
	return nil
}

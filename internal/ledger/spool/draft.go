package spool

import (
	"encoding/binary"
	"encoding/json"
	"os"
	"slices"

	"godwit/internal/unit/calls"

	"github.com/zeebo/xxh3"
)

// Draft is a chunk that is being written: it takes the place of what was kept for
// it before with Keep. Not safe for concurrent use; Drop must be called.
type Draft struct {
	spool Spool
	name  string
	file  *os.File
	at    int64
	index []block
	room  [2][]byte // plain and packed
}

// Draft begins a chunk. Nothing is made before something is added or it is kept.
func (s Spool) Draft(unit string, chunk int) *Draft {
	return &Draft{spool: s, name: s.file(unit, chunk)}
}

// Add writes items behind those that were added before; of a partition in their order.
func (d *Draft) Add(items []calls.Spooled) error { return disk(d.add(items)) }

func (d *Draft) add(items []calls.Spooled) error {
	if err := d.open(); err != nil {
		return err
	}
	slices.SortStableFunc(items, func(a, b calls.Spooled) int { return a.Part - b.Part })
	plain, packed := d.room[0], d.room[1]
	for i := 0; i < len(items); {
		b := block{Part: items[i].Part, At: d.at}
		for plain = plain[:0]; i < len(items) && items[i].Part == b.Part && (b.Items == 0 || len(plain) < blockSize); i++ {
			plain = append(binary.AppendUvarint(plain, uint64(len(items[i].Text))), items[i].Text...)
			b.Items++
		}
		packed = packer.EncodeAll(plain, packed[:0])
		b.Size, b.Sum = int64(len(packed)), xxh3.Hash(packed)
		if err := d.put(packed); err != nil {
			return err
		}
		d.index = append(d.index, b)
	}
	if d.room = [2][]byte{plain, packed}; cap(plain) > 4*blockSize {
		d.room = [2][]byte{} // of large ones nothing is kept
	}
	return nil
}

func (d *Draft) open() (err error) {
	if d.file != nil {
		return nil
	}
	if err := os.MkdirAll(d.spool.dir, 0o700); err != nil {
		return err
	}
	if d.file, err = os.OpenFile(d.name+".new", os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600); err != nil {
		return err
	}
	return d.put([]byte(magic))
}

func (d *Draft) put(text []byte) error {
	_, err := d.file.Write(text)
	d.at += int64(len(text))
	return err
}

// Keep ends the chunk. When it returns its items outlive the machine.
func (d *Draft) Keep() error { return disk(d.keep()) }

func (d *Draft) keep() error {
	if err := d.open(); err != nil {
		return err
	}
	text, err := json.Marshal(d.index)
	if err != nil {
		return err
	}
	end := binary.BigEndian.AppendUint64(text, uint64(len(text)))
	end = binary.BigEndian.AppendUint64(end, xxh3.Hash(text))
	if err := d.put(append(end, magic...)); err != nil {
		return err
	}
	if err := d.file.Sync(); err != nil {
		return err
	}
	f := d.file
	d.file = nil
	if err := f.Close(); err != nil {
		return err
	}
	if err := os.Rename(d.name+".new", d.name); err != nil {
		return err
	}
	return settled(d.spool.dir)
}

// Drop takes away what was not kept. It may be called twice.
func (d *Draft) Drop() {
	if d.file != nil {
		_ = d.file.Close() // it is of no use any more
		_ = os.Remove(d.name + ".new")
		d.file = nil
	}
}

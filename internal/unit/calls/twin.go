package calls

import (
	"encoding/binary"

	"github.com/zeebo/xxh3"
)

// Twin is what tells whether a key is spooled in two groups: hashes of the key and of what
// its record is ordered by.
type Twin struct{ Key, Group uint64 }

// TwinOf is that of an item.
func TwinOf(i *Texts) Twin {
	of := i.Group
	if of == "" {
		of = i.Key
	}
	return Twin{xxh3.HashString(i.Key), xxh3.HashString(of)}
}

// Part is the partition of the record: that of its group, so that there is one order.
func (t Twin) Part() int { return int(t.Group % Partitions) }

// Append writes it behind b.
func (t Twin) Append(b []byte) []byte {
	return binary.BigEndian.AppendUint64(binary.BigEndian.AppendUint64(b, t.Key), t.Group)
}

// EachTwin reads what Append wrote.
func EachTwin(b []byte, do func(Twin) error) error {
	for ; len(b) >= 16; b = b[16:] {
		if err := do(Twin{binary.BigEndian.Uint64(b), binary.BigEndian.Uint64(b[8:])}); err != nil {
			return err
		}
	}
	return nil
}

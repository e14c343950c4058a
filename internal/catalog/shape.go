package catalog

import (
	"encoding/binary"
	"encoding/hex"

	"github.com/zeebo/xxh3"
)

// Shape is a short digest of the columns' names and types in their order: 16
// hex digits that change when a column is added, dropped, renamed or given
// another type.
func Shape(columns []Column) string {
	var h xxh3.Hasher
	for _, c := range columns {
		for _, s := range []string{c.Name, c.Type} {
			var size [4]byte
			binary.BigEndian.PutUint32(size[:], uint32(len(s)))
			h.Write(size[:]) // never fails
			h.WriteString(s)
		}
	}
	return hex.EncodeToString(binary.BigEndian.AppendUint64(nil, h.Sum64()))
}

package calls

import (
	"encoding/binary"
	"fmt"

	"godwit/internal/record"
)

// Item is a record on its way to its calls. All that they need of it is in it.
type Item struct {
	Seq       int64         // its place among those of its partition, in the order of the source
	Key       string        // as record.KeyText writes it
	Group     string        // ordered inside; "" = it is alone
	Hash      uint64        // of Record and Doc; never 0
	Record    record.Object // mapped
	Doc       record.Object // what the calls read of the record as it was read
	Source    []byte        // the record as it was read, see record.Encode
	Exception int64         // that it is redriven from, 0 = none
	Size      int
}

// Texts are an item before it is read again: Record and Doc as record.EncodeValue
// writes them.
type Texts struct {
	Key, Group          string
	Hash                uint64
	Record, Doc, Source []byte
	Exception           int64
}

// form begins a stored item: another one is of another version.
const form = 1

// Append writes an item in its stored form behind b.
func (t *Texts) Append(b []byte) []byte {
	b = append(b, form)
	b = binary.BigEndian.AppendUint64(b, t.Hash)
	b = binary.AppendVarint(b, t.Exception)
	for _, text := range []string{t.Key, t.Group} {
		b = append(binary.AppendUvarint(b, uint64(len(text))), text...)
	}
	for _, text := range [][]byte{t.Record, t.Doc, t.Source} {
		b = append(binary.AppendUvarint(b, uint64(len(text))), text...)
	}
	return b
}

// DecodeItem reads an item again. It keeps parts of the text.
func DecodeItem(text []byte) (*Item, error) {
	i := &Item{Size: len(text)}
	bad := fmt.Errorf("it is no record of a spool")
	if len(text) < 10 || text[0] != form {
		return nil, bad
	}
	i.Hash = binary.BigEndian.Uint64(text[1:])
	var n int
	if i.Exception, n = binary.Varint(text[9:]); n <= 0 {
		return nil, bad
	}
	rest := text[9+n:]
	var parts [5][]byte
	for k := range parts {
		length, n := binary.Uvarint(rest)
		if n <= 0 || length > uint64(len(rest)-n) {
			return nil, bad
		}
		end := n + int(length)
		parts[k], rest = rest[n:end:end], rest[end:]
	}
	if len(rest) > 0 {
		return nil, bad
	}
	i.Key, i.Group, i.Source = string(parts[0]), string(parts[1]), parts[4]
	var err error
	if i.Record, err = record.DecodeObject(parts[2]); err == nil {
		i.Doc, err = record.DecodeObject(parts[3])
	}
	return i, err
}

package calls

import (
	"encoding/binary"
	"fmt"

	"godwit/internal/record"
)

// Item is a record on its way to its calls. All that they need of it is in it.
type Item struct {
	Seq       int64  // its place among those of its partition, in the order of the source
	Key       string // as record.KeyText writes it
	Group     string // ordered inside; "" = it is alone
	Hash      uint64 // of what Open gives; never 0
	Source    []byte // the record as it was read, see record.Encode
	Exception int64  // that it is redriven from, 0 = none
	Turn      int64  // see record.Order
	Gone      bool   // it is not in the source any more: Open gives two empty objects
	Gap       bool   // no record: one of the group is missing here, for a reason that may hold the others up
	Size      int

	record, doc []byte
}

// Open gives the mapped record, and what the calls read of it as it was read. Each
// call makes them anew: many items wait, and few are at work.
func (i *Item) Open() (mapped, doc record.Object, err error) {
	if mapped, err = record.DecodeObject(i.record); err == nil {
		doc, err = record.DecodeObject(i.doc)
	}
	return mapped, doc, err
}

// Docs are what the expressions of a program read of an item. A record that they only
// send as it is, is a record.Written.
func (p *Program) Docs(i *Item) (map[string]any, error) {
	docs := map[string]any{"key": i.Key}
	if !p.opens && !i.Gone {
		if text, err := record.Write(i.record); err == nil { // else it is told when it is sent
			docs["record"], docs["doc"] = text, record.Object{}
			if len(p.Reads) == 0 {
				return docs, nil
			}
			doc, err := record.DecodeObject(i.doc)
			docs["doc"] = doc
			return docs, err
		}
	}
	mapped, doc, err := i.Open()
	docs["record"], docs["doc"] = mapped, doc
	return docs, err
}

// Awaits tells of a gap whether its record waits for others, which may come yet, and the
// keys of those of its own entity.
func (i *Item) Awaits() (keys []string, waits bool, err error) {
	if waits = i.Gap && len(i.record) > 0; !waits {
		return nil, false, nil
	}
	v, err := record.DecodeValue(i.record)
	list, _ := v.([]any)
	for _, one := range list {
		if key, is := one.(string); is {
			keys = append(keys, key)
		}
	}
	return keys, true, err
}

// Await notes of a gap what Awaits tells.
func (t *Texts) Await(keys []string) (err error) {
	list := make([]any, len(keys))
	for i, key := range keys {
		list[i] = key
	}
	t.Record, err = record.EncodeValue(list)
	return err
}

// Texts are an item that is put away: Record and Doc, which Open gives, as
// record.EncodeValue writes them.
type Texts struct {
	Key, Group          string
	Hash                uint64
	Record, Doc, Source []byte
	Exception, Turn     int64
	Gone, Gap           bool
}

// A stored item begins with its form: another one is of another version.
const (
	form     = 1
	formGone = 2
	formGap  = 3
)

// Append writes an item in its stored form behind b.
func (t *Texts) Append(b []byte) []byte {
	switch {
	case t.Gone:
		b = append(b, formGone)
	case t.Gap:
		b = append(b, formGap)
	default:
		b = append(b, form)
	}
	b = binary.BigEndian.AppendUint64(b, t.Hash)
	b = binary.AppendVarint(binary.AppendVarint(b, t.Exception), t.Turn)
	for _, text := range []string{t.Key, t.Group} {
		b = append(binary.AppendUvarint(b, uint64(len(text))), text...)
	}
	for _, text := range [][]byte{t.Record, t.Doc, t.Source} {
		b = append(binary.AppendUvarint(b, uint64(len(text))), text...)
	}
	return b
}

// DecodeItem reads an item again. It keeps the text.
func DecodeItem(text []byte) (*Item, error) {
	i := &Item{Size: len(text)}
	bad := fmt.Errorf("it is no record of a spool")
	if len(text) < 10 || text[0] < form || text[0] > formGap {
		return nil, bad
	}
	i.Gone, i.Gap = text[0] == formGone, text[0] == formGap
	i.Hash = binary.BigEndian.Uint64(text[1:])
	rest := text[9:]
	for _, into := range []*int64{&i.Exception, &i.Turn} {
		v, n := binary.Varint(rest)
		if n <= 0 {
			return nil, bad
		}
		*into, rest = v, rest[n:]
	}
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
	i.Key, i.Group, i.record, i.doc, i.Source = string(parts[0]), string(parts[1]), parts[2], parts[3], parts[4]
	return i, nil
}

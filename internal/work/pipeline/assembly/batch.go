package assembly

import (
	"fmt"

	"godwit/internal/fault"
	"godwit/internal/record"
)

// Rule is the rule that a record breaks whose parts are not as they are due.
const Rule = "part"

// batch are some records and what was read of their parts.
type batch struct {
	records []record.Record
	ids     []any            // their keys, each once, without null
	of      map[string][]int // records by the text of their key
	parts   []*rows
	size    int64
	full    bool // there is more than fits into memory
}

// rows are those of one part, by record.
type rows struct {
	part *Part
	by   int // slot of the record's key
	each []list
}

type list struct {
	rows  []any
	size  int64
	wrong string // why they are not what is due
}

func newBatch(records []record.Record, key int) *batch {
	b := &batch{records: records, of: map[string][]int{}}
	for i := range records {
		slots := records[i].Slots
		if records[i].Broken != nil || key >= len(slots) || slots[key] == nil || slots[key] == record.Missing {
			continue // it has no parts
		}
		text := record.KeyText(slots[key])
		if b.of[text] == nil {
			b.ids = append(b.ids, slots[key])
		}
		b.of[text] = append(b.of[text], i)
	}
	return b
}

func (b *batch) begin(p *Part) {
	b.parts = append(b.parts, &rows{part: p, by: p.Of.Index(p.By), each: make([]list, len(b.records))})
}

// take gives a page of rows to their records. It is enough when no more of them
// can be held, or none is wanted.
func (b *batch) take(page *record.Page) (enough bool, err error) {
	r := b.parts[len(b.parts)-1]
	for i := range page.Records {
		row := &page.Records[i]
		owners := b.of[record.KeyText(row.Slots[r.by])]
		if len(owners) == 0 {
			return false, fault.New(fault.Data, "load.unknown-part", "part %s gave a row whose %s is %s: none of the records that were asked for",
				r.part.Name, r.part.By, record.Show(row.Slots[r.by], false)).
				Hint("its query must give rows of :ids only, and compare keys exactly: upper and lower case, accents")
		}
		doc, size := document(r.part, row), int64(row.Size+slotSize*len(row.Slots))
		for _, o := range owners {
			l := &r.each[o]
			l.rows, l.size = append(l.rows, doc), l.size+size
			b.size += size
			switch {
			case row.Broken != nil:
				l.wrong = "has a row that cannot be read: " + row.Broken.Field + " " + row.Broken.Text
			case r.part.One && len(l.rows) > 1:
				l.wrong = "has several rows, one is due"
			case len(l.rows) > recordRows:
				l.wrong = fmt.Sprintf("has more than %d rows", recordRows)
			case l.size > recordSize:
				l.wrong = fmt.Sprintf("has more than %d MiB of rows", recordSize>>20)
			}
			if l.wrong != "" && len(b.records) == 1 {
				return true, nil
			}
		}
	}
	b.full = b.size > batchSize && len(b.records) > 1
	return b.full, nil
}

func document(p *Part, row *record.Record) record.Object {
	doc := make(record.Object, len(row.Slots))
	for i, f := range p.Of.Fields {
		if row.Slots[i] != record.Missing {
			doc[f.Name] = row.Slots[i]
		}
	}
	return doc
}

// assembled are the records with their parts. One whose parts are not as they
// are due is broken: it keeps what was read of it as a text.
func (b *batch) assembled(s *record.Schema) []record.Record {
	out := make([]record.Record, len(b.records))
	for i, rec := range b.records {
		if rec.Broken != nil {
			out[i] = rec
			continue
		}
		slots := make([]any, 0, len(rec.Slots)+len(b.parts))
		slots = append(slots, rec.Slots...)
		var wrong *record.Issue
		for _, r := range b.parts {
			l := &r.each[i]
			rec.Size += int(l.size)
			if l.wrong != "" && wrong == nil {
				wrong = &record.Issue{Rule: Rule, Field: r.part.Name, Severity: record.SeverityError, Text: "the part " + l.wrong,
					Hint: "mend the source or the part's query, then run the step again"}
			}
			slots = append(slots, r.value(i))
		}
		if rec.Slots = slots; wrong != nil {
			rec.Broken = &record.Broken{Issue: *wrong, Raw: b.text(s, i)}
		}
		out[i] = rec
	}
	return out
}

// value is what a record holds of a part.
func (r *rows) value(i int) any {
	list := r.each[i].rows
	switch {
	case !r.part.One:
		if list == nil {
			list = []any{}
		}
		return list
	case len(list) == 0:
		return nil
	}
	return list[0]
}

// shownRows is how many rows of each part the text of a broken record shows.
const shownRows = 10

// text is a record whose parts are wrong, for who is to mend it.
func (b *batch) text(s *record.Schema, i int) []byte {
	doc := record.Object{}
	for slot, v := range b.records[i].Slots {
		if v != record.Missing {
			doc[s.Fields[slot].Name] = v
		}
	}
	for _, r := range b.parts {
		list := r.each[i].rows
		doc[r.part.Name] = list[:min(shownRows, len(list))]
	}
	text, err := record.EncodeJSON(doc)
	if err != nil {
		return []byte(b.records[i].Key)
	}
	return text
}

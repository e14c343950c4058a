package mapping

import (
	"slices"

	"godwit/internal/record"
)

// Open reads the documents that a record's reader left unread, as far as the map
// wants them: Slots has that, Whole what was read. One that cannot be read exactly
// breaks its record.
func (w *Worker) Open(rec *record.Record) {
	var as []any // it stands there, where something cannot be read
	unread, why := -1, error(nil)
	for i, v := range rec.Slots {
		text, left := v.(record.JSON)
		if !left {
			continue
		}
		if rec.Whole == nil {
			rec.Whole, rec.Slots = rec.Slots, w.slots(len(rec.Slots))
			copy(rec.Slots, rec.Whole)
		}
		read, err := text.Decode(w.p.wanted[i])
		if err != nil { // json takes names twice and halves of surrogates
			if as == nil {
				as = slices.Clone(rec.Whole)
			}
			as[i], read, unread, why = string(text), nil, i, err
		}
		rec.Slots[i] = read
	}
	if unread >= 0 {
		rec.Broken = record.Unreadable(w.p.schema, as, unread, why)
	}
}

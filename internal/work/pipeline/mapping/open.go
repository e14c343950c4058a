package mapping

import (
	"godwit/internal/fault"
	"godwit/internal/record"
)

// Open reads the documents that a record's reader left unread, as far as the map
// wants them: Slots has that, Whole what was read. What is no document that can be
// read exactly is a fault.
func (w *Worker) Open(rec *record.Record) error {
	for i, v := range rec.Slots {
		text, unread := v.(record.JSON)
		if !unread {
			continue
		}
		if rec.Whole == nil {
			rec.Whole, rec.Slots = rec.Slots, w.slots(len(rec.Slots))
			copy(rec.Slots, rec.Whole)
		}
		var err error
		if rec.Slots[i], err = text.Decode(w.p.wanted[i]); err != nil {
			return fault.New(fault.Data, "data.syntax", "column %q holds what cannot be read exactly", w.p.schema.Fields[i].Name)
		}
	}
	return nil
}

package records

import (
	"godwit/internal/ledger/store"
	"godwit/internal/record"
	"godwit/internal/unit/calls"
)

// otherwise is the hash of a record that stands at its target with something else
// than was delivered: no record has it.
const otherwise = 1

// Anew changes what is known of records of a place, so that their next delivery mends
// what is not at the target as it was delivered. It may be called twice. By a claimant it
// is refused as NoteAll refuses: another has gone on with the record. Of a record of which
// nothing is there the next attempt is another one than those before.
func Anew(tx store.Tx, run int64, by calls.Claimant, p record.Place, list []calls.Anew) error {
	var doubt []calls.Sent
	for _, a := range list {
		hash, kept := int64(otherwise), []byte(nil)
		doubt = append(doubt, a.Doubt...)
		if a.Kept == nil {
			hash = 0
		} else if len(a.Kept) > 0 {
			text, err := a.Kept.Bytes()
			if err != nil {
				return err
			}
			kept = short(text)
		}
		err := tx.Change(`UPDATE record SET hash = ?, kept = ?, attempts = attempts + ? WHERE place = `+placeID+` AND key = ? AND hash = ?`,
			hash, kept, a.Kept == nil, p.Entity, p.At, p.Env, a.Key, int64(a.Hash))
		if err != nil {
			return err
		}
	}
	if by.ID == 0 { // nobody is at work with it
		return Note(tx.Change, run, 0, p, doubt, tx.Now)
	}
	noted, err := NoteAll(tx, run, p, []calls.Notes{{By: by, List: doubt}})
	if err == nil {
		err = noted[0].Err
	}
	return err
}

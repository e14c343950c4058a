package records

import (
	"time"

	"godwit/internal/ledger/store"
	"godwit/internal/record"
	"godwit/internal/unit/calls"
)

// otherwise is the hash of a record that stands at its target with something else
// than was delivered: no record has it.
const otherwise = 1

// Anew changes what is known of records of a place, so that their next delivery mends
// what is not at the target as it was delivered. It may be called twice.
func Anew(change store.Change, run int64, p record.Place, list []calls.Anew, now time.Time) error {
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
		err := change(`UPDATE record SET hash = ?, kept = ? WHERE place = `+placeID+` AND key = ? AND hash = ?`,
			hash, kept, p.Entity, p.At, p.Env, a.Key, int64(a.Hash))
		if err != nil {
			return err
		}
	}
	return Note(change, run, 0, p, doubt, now) // nobody is at work with it
}

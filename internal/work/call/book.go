package call

import (
	"context"

	"godwit/internal/record"
	"godwit/internal/unit"
	"godwit/internal/unit/calls"
)

// Book is the ledger's side. Safe for concurrent use.
type Book interface {
	unit.Chunks
	// Unaccepted counts what a unit left that nobody has accepted.
	Unaccepted(ctx context.Context, id string) (int64, error)
	Memory
	Claims
	Spool
}

// Memory is what is known of records.
type Memory interface {
	// Standing gives how records stand beyond runs, and how far calls of theirs have
	// come; of one that nothing is known of there is none. A claimant of the place is not
	// told what it has noted itself since its last chunk was settled, or others of its
	// family: who is none says calls.Claimant{}.
	Standing(ctx context.Context, by calls.Claimant, at record.Place, keys []string) (map[string]calls.Standing, error)
	// Holds reports whether the record of a gap still holds up those behind it: by its
	// exception's number, or without one by the turn that it has in the step of this run.
	Holds(ctx context.Context, step string, at record.Rank) (bool, error)
	// Last is what was said of a record last, and whether that is newer than what an
	// exception has of it, 0 for none.
	Last(ctx context.Context, at record.Place, key string, exception int64) (calls.Word, error)
	// Read reports whether a later run has read the record of an exception and is done with
	// it, or names the one that is at work with it.
	Read(ctx context.Context, exception int64) (older bool, by string, err error)
	// Speaker is who a step of this run is, in the same terms; of a redrive who had left
	// its records.
	Speaker(ctx context.Context, step string, again *unit.Redrive) (calls.Speaker, error)
}

// Claims is who makes calls for which records, and what is noted of them.
type Claims interface {
	// Anew changes what is known of records that a claimant has, durably and at once
	// with what is known of their requests. It is refused as Sent is.
	Anew(ctx context.Context, by calls.Claimant, at record.Place, list []calls.Anew) error
	// Sent notes requests that are about to be sent, or what became of them: durably,
	// when it returns, those of all claimants in one write. When a chunk that says that
	// a record is finished is settled, all that was noted of its requests is gone. It
	// fails with run.fenced when the run is another owner's. A claimant's are refused,
	// by its place in the list, with call.expelled when others have taken over what it
	// had, and with call.shared when others have come since it joined and one that is
	// about to be sent is not claimed; then nothing of it is noted. With none it only
	// asks.
	Sent(ctx context.Context, at record.Place, list []calls.Notes) ([]calls.Noted, error)
	// Watch has the ledger know, from now on, which record has which object of a call.
	Watch(ctx context.Context, at record.Place, o calls.Object) error
	// Join makes a unit a claimant of a place, until Leave. Units of a family have no
	// record in common.
	Join(ctx context.Context, at record.Place, unit, family string) (calls.Claimant, error)
	// Claim makes sure that nobody else is at work with a record until it is finished,
	// or the claimant leaves.
	Claim(ctx context.Context, by calls.Claimant, at record.Place, key string) (calls.Claim, error)
	Leave(ctx context.Context, by calls.Claimant, at record.Place) error
}

// Spool is what was produced.
type Spool interface {
	// Parts counts the items of each partition that units have produced.
	Parts(ctx context.Context, units []string) (map[int]int64, error)
	// Items gives those of some partitions, one partition after the other, always in
	// the same order.
	Items(ctx context.Context, units []string, parts []int) (calls.Items, error)
	// Clear takes what units have produced away. It may be called twice.
	Clear(ctx context.Context, units []string) error
}

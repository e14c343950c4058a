package connector

import "context"

// What to do with rows whose key is gone from the source.
const (
	GoneKeep   = "keep"
	GoneMark   = "mark"
	GoneDelete = "delete"
)

// Holder says for whom something is held back.
type Holder struct {
	Run  string // the run's uid
	Step string
}

// Stager is a RecordTarget that can hold back what a step writes: in tables of
// its own, of which nobody sees anything until they are published.
type Stager interface {
	RecordTarget
	// Stage is what a transaction of BeginRecords can do about them.
	Stage(tx Transaction, h Holder) Stage
}

// Unstage takes away whatever a run holds back at a target, once what a killed
// owner of it may have left open there is ended.
func Unstage(ctx context.Context, o Opener, name, run string) error {
	t, err := Capable[Stager](ctx, o, name, "hold records back")
	if err != nil {
		return err
	}
	if e, ok := t.(Evicter); ok {
		if _, err := e.Evict(ctx, run); err != nil {
			return err
		}
	}
	tx, _, err := t.BeginRecords(ctx, nil)
	if err != nil {
		return err
	}
	defer tx.Close()
	if err := t.Stage(tx, Holder{Run: run}).Drop(ctx); err != nil {
		return err
	}
	return tx.Commit(ctx, nil)
}

// Stage makes a step's own tables and ends them, in a transaction. Not safe for
// concurrent use.
type Stage interface {
	// Tables names those that take the rows of into while they are held back.
	// Records are appended to them.
	Tables(into []Into) []Into
	// Keys names the one that takes the keys of the records read: the columns of
	// into's key, all of them null for a key that cannot be told.
	Keys(into Into) Into
	// Hold makes a table beside each of into that refuses what it refuses: by
	// types, checks, unique keys, foreign keys. What dead runs hold back of the
	// same tables is taken away; of a run that is just writing there it is a
	// fault of kind conflict, code stage.busy.
	Hold(ctx context.Context, into []Into) error
	// HoldKeys makes the table for keys. When it cannot be told which rows of
	// the others are parts of a row of the first the fault is of kind config,
	// code load.parts.
	HoldKeys(ctx context.Context, into []Into, how string) error
	// Publish makes the targets hold what was held back, rows in all, and
	// nothing else, and takes the tables away. Readers are never kept
	// waiting; rows that are the same are not written, and columns that into
	// does not name keep their values where a row stays. Code stage.gone says
	// that others took the tables away, stage.rows that other rows are there
	// than were written.
	Publish(ctx context.Context, into []Into, rows int64) ([]Published, error)
	// Remove deletes the rows of the first target whose key is not among those
	// held back, with their parts, or sets column where it is GoneMark, and takes
	// the table for keys away. With keys that cannot be told (Removed.Untold)
	// nothing is removed.
	Remove(ctx context.Context, into []Into, how, column string) (Removed, error)
	// Drop takes away whatever is held back for the run, of all its steps.
	Drop(ctx context.Context) error
}

// Published is what became of one table.
type Published struct {
	Table    string `json:"table"`
	Rows     int64  `json:"rows"` // that it holds
	Inserted int64  `json:"inserted"`
	Updated  int64  `json:"updated"`
	Deleted  int64  `json:"deleted"`
}

// Removed is what became of rows whose key is gone.
type Removed struct {
	Rows   int64 `json:"rows"`            // deleted or marked
	Parts  int64 `json:"parts,omitempty"` // deleted with them, of the other tables
	Back   int64 `json:"back,omitempty"`  // whose mark was taken off: their key is there again
	Untold int64 `json:"untold,omitempty"`
}

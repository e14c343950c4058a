package bulk

import "godwit/internal/catalog"

// The specs of a copy's units, as they are frozen in the journal. Those of
// define, index, key, foreign, late and view are StatementSpec: they belong to
// whoever sends statements.

// DataSpec is a unit of kind data (one chunk) or small (several tables).
type DataSpec struct {
	From   string          `json:"from"`
	To     string          `json:"to"`
	Policy string          `json:"policy"` // for a lost snapshot
	Chunks []catalog.Chunk `json:"chunks"`
	// Isolate leaves rows out that the target refuses, and puts them away; the
	// chunks have the keys that their rows are told apart by then.
	Isolate bool `json:"isolate,omitempty"`
}

// RepairSpec is a unit of kind reconcile: of all tables (the one that looks
// for what there is to do) or of one (the one that does it).
type RepairSpec struct {
	From   string          `json:"from"`
	To     string          `json:"to"`
	Policy string          `json:"policy"`
	Repair bool            `json:"repair,omitempty"`
	Mixed  bool            `json:"mixed,omitempty"`  // only if its chunks are of several snapshots
	Append bool            `json:"append,omitempty"` // the target's tables hold rows of their own
	Number int             `json:"number,omitempty"` // generation of the account that a repair writes
	Source *Source         `json:"source,omitempty"` // of the look: what the plan was made from
	Tables []catalog.Chunk `json:"tables"`           // whole tables, with their keys
}

// Source is what a source held when the plan was made. At a later snapshot it
// must hold the same objects: what came since has no unit.
type Source struct {
	Snapshot  string         `json:"snapshot"`
	Include   []string       `json:"include,omitempty"`
	Exclude   []string       `json:"exclude,omitempty"`
	Tables    []catalog.Name `json:"tables"`
	Sequences []catalog.Name `json:"sequences,omitempty"`
	Blobs     []uint32       `json:"blobs,omitempty"`
}

// MarksSpec is the unit that takes the run's marks away.
type MarksSpec struct {
	To string `json:"to"`
}

// StatementSpec is statements for one side, sent in one marked transaction.
type StatementSpec struct {
	To         string   `json:"to"`
	Statements []string `json:"statements"`
}

// SequenceSpec is a set of sequences whose values are set as they are at the
// source's snapshot.
type SequenceSpec struct {
	From      string         `json:"from"`
	To        string         `json:"to"`
	Sequences []catalog.Name `json:"sequences"`
	Forward   bool           `json:"forward,omitempty"` // never set back
}

// BlobSpec is a set of large objects.
type BlobSpec struct {
	From string   `json:"from"`
	To   string   `json:"to"`
	OIDs []uint32 `json:"oids"`
}

package unit

// Proof is what was found out about one table, or about objects of one kind: the
// body of VerifyTable. It stands in the report as it is.
type Proof struct {
	Entity string `json:"entity"`
	Result string `json:"result"` // equal, differs, not_verified
	Method string `json:"method"` // how it was found out
	Rows   int64  `json:"rows"`   // at the source
	Left   string `json:"left,omitempty"`
	Right  string `json:"right,omitempty"`
	Others int64  `json:"others,omitempty"` // rows at the target, when not the same
	Count  int    `json:"count,omitempty"`  // rows or objects that differ
	Extra  int    `json:"extra,omitempty"`  // of them, rows that only the target has
	Parts  int    `json:"parts,omitempty"`  // of Count, parts of the table that differ and were not looked into
	Same   int64  `json:"same,omitempty"`   // rows of the source that are proved equal
	Why    string `json:"why,omitempty"`
	Held   int64  `json:"held,omitempty"` // rows of its own before the copy: why it cannot be verified
	// Of records that were mapped again.
	Of      string `json:"of,omitempty"`      // what a record is one of
	Missing int64  `json:"missing,omitempty"` // of Count, rows that the target lacks
	Aside   *Aside `json:"aside,omitempty"`
}

// Aside are the records that no row stands for in a proof: they are neither
// equal nor different.
type Aside struct {
	Read       int64   `json:"read"`
	Filtered   int64   `json:"filtered,omitempty"`   // left out by the map
	Rejected   int64   `json:"rejected,omitempty"`   // by the map
	Superseded int64   `json:"superseded,omitempty"` // by another record with the same key
	Sample     float64 `json:"sample,omitempty"`     // share that was compared; rows without a record were not looked for then
	Left       int64   `json:"left,omitempty"`       // outside of the sample
	Repaired   int64   `json:"repaired,omitempty"`   // known as not delivered from now on: the next run of their load sends them again
}

// Results of a Proof.
const (
	Equal       = "equal"
	Differs     = "differs"
	NotVerified = "not_verified"
	LeftAlone   = "left_alone" // the copy did not touch it, nor is it verified
)

// Difference is one thing that is not the same on both sides: the body of
// VerifyDiffers.
type Difference struct {
	Entity string   `json:"entity"`
	What   string   `json:"what"` // missing, extra, changed, count, table, sequence, definition
	Key    []string `json:"key,omitempty"`
	Column string   `json:"column,omitempty"`
	Left   string   `json:"left,omitempty"`  // of a column: what is at the source
	Right  string   `json:"right,omitempty"` // and at the target
	Text   string   `json:"text"`
}

package record

import (
	"encoding/json"
	"time"
)

// Outcome is what became of a record. It has exactly one at any time.
type Outcome string

// The outcomes.
const (
	Applied     Outcome = "applied"
	Equal       Outcome = "equal"      // the target held the same
	Superseded  Outcome = "superseded" // the target held a newer version
	Redelivered Outcome = "redelivered"
	Filtered    Outcome = "filtered"
	Rejected    Outcome = "rejected" // a data issue: never tried
	Dead        Outcome = "dead"     // tried and refused for good
	Pending     Outcome = "pending"
)

// Count adds n records of an outcome to an account. Read is not touched: it is
// the source's word.
func (a *Account) Count(o Outcome, n int64) {
	switch o {
	case Applied:
		a.Applied += n
	case Equal:
		a.Equal += n
	case Superseded:
		a.Superseded += n
	case Redelivered:
		a.Redelivered += n
	case Filtered:
		a.Filtered += n
	case Rejected:
		a.Rejected += n
	case Dead:
		a.Dead += n
	case Pending:
		a.Pending += n
	}
}

// Refusal is why a target did not take a record.
type Refusal struct {
	Code  string `json:"code"` // data.too-long, data.duplicate ...
	Field string `json:"field,omitempty"`
	Text  string `json:"text"`            // the server's words, without values
	Where string `json:"where,omitempty"` // constraint or table
	State string `json:"state,omitempty"` // the server's own code
	Value string `json:"value,omitempty"` // as Show writes it, where it is known
}

// Exception is a record that was not loaded: rejected, dead, or blocked until
// another one is there (pending). It holds all
// that is needed to process it again.
type Exception struct {
	ID       int64     `json:"id"`
	Step     string    `json:"step"`
	Entity   string    `json:"entity"`
	Key      string    `json:"key"`
	Unit     string    `json:"unit"`
	Chunk    int       `json:"chunk"` // the account's
	Outcome  Outcome   `json:"outcome"`
	Cause    string    `json:"cause"` // the same for all with the same reason: 8 hex digits
	Code     string    `json:"code"`
	Text     string    `json:"text"`
	Fields   []string  `json:"fields,omitempty"`
	Issues   []Issue   `json:"issues,omitempty"`
	Refusal  *Refusal  `json:"refusal,omitempty"`
	Attempts int       `json:"attempts"`
	Mapping  string    `json:"mapping"` // the mapping's version
	First    time.Time `json:"first"`
	Last     time.Time `json:"last"`
	Payload
	Order
	// Closed says how it ended: "" while open, "applied by RUN", "dismissed by ...".
	Closed string `json:"closed,omitempty"`
}

// Rank is where an exception stands among those of its run: in the order of the source
// where that is known, then as they were noted.
type Rank struct{ Turn, ID int64 }

// Less reports whether it comes before another one.
func (r Rank) Less(o Rank) bool { return r.Turn < o.Turn || r.Turn == o.Turn && r.ID < o.ID }

// Rank is the exception's.
func (e *Exception) Rank() Rank { return Rank{e.Turn, e.ID} }

// Payload is what an exception was: the record as it was read, and what the target was
// given. Canonical JSON, see Encode; Sent is empty for what was rejected.
type Payload struct {
	Source json.RawMessage `json:"source,omitempty"`
	Sent   json.RawMessage `json:"sent,omitempty"`
}

// Chunk states.
const (
	Prepared = "prepared" // the target may or may not have it
	Settled  = "settled"
)

// Chunk is one part of a unit that is settled as one: what it came to and
// where the next one begins.
type Chunk struct {
	Number  int     `json:"number"` // within the unit, from 1, without gaps
	State   string  `json:"state"`
	After   []byte  `json:"after,omitempty"` // Page.After of its last page
	Account Account `json:"account"`
	Seen    []byte  `json:"seen,omitempty"` // of an incremental read, for the pipeline alone
	States  *States `json:"-"`              // of its records beyond the run; nil: none are remembered. For who prepares it
	// Stubs are those of records that rows of the chunk stand in for, by entity.
	Stubs []*States `json:"-"`
}

// Warning is an issue of a record that was loaded.
type Warning struct {
	Step   string `json:"step"`
	Entity string `json:"entity"`
	Key    string `json:"key"`
	Issue
}

// IssueID tells an issue from others of its step and entity, over runs.
type IssueID struct{ Key, Rule, Field string }

package record

import (
	"fmt"

	"godwit/internal/catalog"
)

// A value in a slot is one of
//
//	nil        null
//	Missing    not there at all: a document without the field
//	bool  int64  float64  string  []byte
//	Decimal    an exact number that is no int64, as its text
//	time.Time  a date (midnight UTC), a timestamp without zone (its reading of
//	           the clock, as UTC), a moment (in UTC); what has no such form
//	           (infinity, years before 1 or after 9999) is a string
//	[]any  Object  lists and documents of values
//	JSON       a JSON value that nobody has read yet, where a reader was asked
//	           to leave it
//
// Values of a type that only one system has are strings. Values are not
// changed once they are in a record.

// Missing is the value of a field that a document does not have.
var Missing missing

type missing struct{}

func (missing) String() string { return "missing" }

// Decimal is an exact number as it was written: "12.50", "-0", "1e400".
type Decimal string

// JSON is the text of a JSON value that nobody has read yet: it may turn out to
// be none. Written and stored it is the value.
type JSON string

// Object is a document inside a record. Names are unique; their order is not
// kept.
type Object = map[string]any

// Schema says what the slots of records hold.
type Schema = catalog.Schema

// Field is one slot of a schema.
type Field = catalog.Field

// Op is what a change does.
type Op string

// The operations.
const (
	Create Op = "create" // insert, or whatever a table reader gives
	Update Op = "update"
	Delete Op = "delete"
)

// Record is one source record: slots by a schema that a page shares.
type Record struct {
	Op    Op
	Slots []any
	Whole []any  // what was read, where Slots has only parts of its documents; nil = Slots has all
	Key   string // the key's values as text, see KeyText; "" = it has none
	Size  int    // bytes at the source, about
	Order
	// Exception is the one that this record is redriven from, 0 when it comes
	// from its source.
	Exception int64
	// Broken says why it could not be read, or not all of it: it is not mapped then.
	Broken *Broken
}

// Order is where a record stands among others: those that are delivered one behind the
// other, and itself in other runs. Ahead and Older only redrives ask for.
type Order struct {
	Group string `json:"group,omitempty"` // ordered inside; "" = it waits for nobody
	Turn  int64  `json:"turn,omitempty"`  // grows in the order of the source; 0 = it is not known
	// Ahead is one of its group that comes before it and that the redrive leaves out.
	Ahead Ahead `json:"-"`
	// Older: a later run has read the record anew since, and what had been wrong with it
	// was right by then. What this one has of it is not written over that.
	Older bool `json:"-"`
}

// Ahead names an open exception; without an ID it is none.
type Ahead struct {
	Rank
	Key string
}

// AsRead are the slots with all that the source gave.
func (r *Record) AsRead() []any {
	if r.Whole != nil {
		return r.Whole
	}
	return r.Slots
}

// Broken is a record that its source could not make sense of.
type Broken struct {
	Issue
	Raw []byte // all of its text
}

// Malformed is the rule that a record breaks which cannot be read.
const Malformed = "malformed"

// Unreadable breaks a record whose slot holds a text that is no value of its
// type, as a document in which a name stands twice: the other slots say which
// record it is. Slots hold the text as it stands there; they are only read.
func Unreadable(s *Schema, slots []any, slot int, why error) *Broken {
	raw, err := Encode(s, slots)
	if err != nil {
		raw = fmt.Append(nil, slots[slot])
	}
	return &Broken{Raw: raw, Issue: Issue{
		Rule: Malformed, Field: s.Fields[slot].Name, Severity: SeverityError, Text: why.Error(), Value: Show(slots[slot], false),
		Hint: "mend it at the source and load it again: all of the record is kept with the exception",
	}}
}

// Page is records in memory between two stages. It belongs to whoever received
// it last.
type Page struct {
	Schema  *Schema
	Records []Record
	Bytes   int64
	// After is the place behind the page's last record, for the reader that
	// made it; nil when nothing can be read on from there.
	After []byte
	// Mapped is what the records became when they were processed before, by
	// their places; nil where they are to be mapped.
	Mapped []Mapped
}

// Row is one row of one target.
type Row struct {
	Into  int   // index of the target in the process's list of targets
	Slots []any // by the columns of that target
}

// Mapped is what a record became. With Filtered, a Reject or Waits it has no rows.
type Mapped struct {
	Record   Record
	Rows     []Row // the first is the record's own, the others its parts; parents before children
	Filtered string
	Reject   bool // an issue of severity error
	Issues   []Issue
	Waits    []Reference // records that it names and nothing is known of
}

// Severities of issues.
const (
	SeverityError = "error" // the record is rejected
	SeverityWarn  = "warn"  // the record goes on
	SeverityWaits = "waits" // the record waits for another one: nothing is to be mended yet
)

// Issue is one rule that one record breaks.
type Issue struct {
	Rule     string `json:"rule"`
	Field    string `json:"field,omitempty"`
	Severity string `json:"severity"`
	Text     string `json:"text"`            // what is wrong, without the value
	Value    string `json:"value,omitempty"` // as Show writes it
	Hint     string `json:"hint,omitempty"`
	Owner    string `json:"owner,omitempty"`
}

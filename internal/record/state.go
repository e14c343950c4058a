package record

import (
	"fmt"
	"strings"
)

// Place is where records of an entity go: what is remembered of them beyond
// runs is remembered for it.
type Place struct {
	Entity string `json:"entity"`
	At     string `json:"at"`            // connection of the target
	Env    string `json:"env,omitempty"` // environment, "" = the project has none
	// Database is the target's own word for itself, Made is that for the table that
	// the records go to, before its name: one that was emptied or made anew is another.
	// What is "" is not known.
	Database string `json:"database,omitempty"`
	Made     string `json:"made,omitempty"`
}

// States are how the records of a chunk stand once it is settled, beyond its run.
type States struct {
	Place   Place
	Mapping string // version of the map, in hex; the first 8 bytes are kept
	// Anew: the target holds nothing of these records but what this chunk wrote.
	Anew bool
	// By is the claimant that has them, see calls.Claimant; 0: nobody has to be one.
	By   int64
	List []State // of two with one key the last one counts
}

// State is how one record stands.
type State struct {
	Key     string
	Outcome Outcome
	Hash    uint64 // of what it was mapped to, xxh3; 0: it was not, and the last one counts
	// Kept is Kept.Bytes; nil: what was kept of it before still holds; of no length:
	// the target holds nothing of it any more, and nothing that was known of it holds.
	Kept []byte
}

// Kept is what is known of a record at its target: for each call that made or
// changed it values by their names, {create: {id: 17}}. A row of a table is one
// call, CallRow, with the columns of its key.
type Kept map[string]Object

// CallRow is the call that stands for a row of a table.
const CallRow = "row"

// CallStub stands for a row that stands in for the record, which has not come.
const CallStub = "stub"

// RuleGone is the rule of the issue about a record that is gone from the source and
// could not be deleted.
const RuleGone = "gone"

// RuleRead stands for the reading of a record that an earlier run had not loaded: a run
// that has read it, whatever became of it then, knows something newer.
const RuleRead = ""

// RuleTwice stands for the reading of a record whose key one has that the same unit had read
// and not loaded before. Its field is RuleTwice, too, when the last such of the chunk was not
// loaded either. No rule of a map has such a name.
const RuleTwice = "(twice)"

// Codes of records that wait for others: for those that they refer to, or for one before
// them in their group.
const (
	CodeBlocked = "record.blocked"
	CodeBehind  = "group.blocked"
)

// RuleStub is the rule of the issue about a record that a stub stands in for.
const RuleStub = "stub"

// callOther is what is kept of another record with the same key.
const callOther = "other"

// Elements ends the name of a call that is made for each element of a list: of these
// is kept by their keys what they were when it was made.
const Elements = "[]"

// Beside is what is kept of a key that stands for another record, too.
func (k Kept) Beside(other Kept) Kept {
	both := Kept{}
	for name, values := range k {
		both[name] = values
	}
	for name, values := range other {
		if name != callOther {
			both[callOther] = values
		}
	}
	return both
}

// Several reports whether the key stands for several records.
func (k Kept) Several() bool { return k[callOther] != nil }

// Stub reports whether a row only stands in for the record.
func (k Kept) Stub() bool { return k[CallStub] != nil }

// Bytes is the form that is stored.
func (k Kept) Bytes() ([]byte, error) {
	calls := Object{}
	for name, values := range k {
		calls[name] = values
	}
	return EncodeValue(calls)
}

// ReadKept reads what Bytes wrote.
func ReadKept(text []byte) (Kept, error) {
	calls, err := DecodeObject(text)
	if err != nil {
		return nil, err
	}
	k := Kept{}
	for name, values := range calls {
		object, ok := values.(Object)
		if !ok {
			return nil, fmt.Errorf("what call %s kept is no object", name)
		}
		k[name] = object
	}
	return k, nil
}

// Only is the one value that is kept; false when there are others, or none.
func (k Kept) Only() (v any, ok bool) {
	n := 0
	for name, values := range k {
		if strings.HasSuffix(name, Elements) {
			continue
		}
		for _, one := range values {
			v, n = one, n+1
		}
	}
	return v, n == 1
}

// Reference is a key of another record that a record names.
type Reference struct {
	Entity string
	Key    string // as KeyText writes it
	Given  any    // the value that it is the key of
	Field  string // that names it
	Value  string // as Show writes it
	Orphan string // what the map says to do when nothing is known of it
	Owner  string // who is to mend it
}

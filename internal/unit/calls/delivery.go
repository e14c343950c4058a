package calls

import (
	"fmt"

	"godwit/internal/catalog"
	"godwit/internal/record"
	"godwit/internal/unit"

	"github.com/zeebo/xxh3"
)

// Kinds of the units that deliver what a step has produced.
const (
	KindProduce = "produce" // reads, maps, checks and spools: the only one that touches the source
	KindAbsent  = "absent"  // spools what is to be deleted: records that are known, and were not read
	KindDivide  = "divide"  // finds a unit of kind deliver for each part of the groups
	KindDeliver = "deliver" // makes the calls of the records of its part
	KindClear   = "clear"   // takes the spool away once all is delivered
)

// Delivered is the tag of the units that deliver; Limit is of those at a time.
const (
	Delivered = "delivered"
	Limit     = "deliveries"
)

// Partitions is how many parts the groups are divided into, by their hash. All of
// them are delivered at the same time, each in the order of the source: so what the
// ledger notes of them lies close together. Behind them are the keys of all records that
// were read, hashed (Seen), and the twins of the items that have groups (Twins).
const (
	Partitions = 8
	Seen       = Partitions
	Twins      = Seen + 1
)

// Delivery is the spec of the units that deliver: where to, what, and how.
type Delivery struct {
	To     string       `json:"to"`
	Place  record.Place `json:"place"` // that records are remembered for
	Calls  []Call       `json:"calls"`
	Read   *Read        `json:"read,omitempty"` // of the record's object
	Groups string       `json:"groups"`         // Block, Skip, Stop
	StopAt float64      `json:"stopAt,omitempty"`
	// Rate and Concurrency are the step's own limits of requests, below those of the
	// connection; 0 is any.
	Rate        float64 `json:"rate,omitempty"`
	Concurrency int     `json:"concurrency,omitempty"`
	// Attempts is how often a record is tried whose answers do not say what became of
	// it, while others come through; 0 is without end.
	Attempts int             `json:"attempts,omitempty"`
	Step     string          `json:"step"` // that the records are of
	Entity   string          `json:"entity"`
	Scope    []byte          `json:"scope,omitempty"` // inputs and env, see record.EncodeValue
	Mapping  string          `json:"mapping"`         // version of the map
	Schema   *catalog.Schema `json:"schema"`          // of the records as they were read
	Again    *unit.Redrive   `json:"again,omitempty"`
	Sources  []string        `json:"sources"` // units that produced, in the order of their records
	// Reads tells what the records are read of: the same for steps that give other values
	// to one query.
	Reads string `json:"reads"`
	// Parts are the partitions that a unit of kind deliver is about.
	Parts []int `json:"parts,omitempty"`
	// Twice: some keys come in several groups of these, which are read together, in the
	// order of the source.
	Twice bool `json:"twice,omitempty"`
}

// Program compiles the calls; what is wrong with them was told when they were planned.
func (d *Delivery) Program() (*Program, error) {
	env := map[string]any{}
	if d.Scope != nil {
		all, err := record.DecodeObject(d.Scope)
		if err != nil {
			return nil, err
		}
		env = all
	}
	p, problems := Compile(d.Calls, d.Read, Scope{Env: env})
	if len(problems) > 0 {
		return nil, fmt.Errorf("calls%s: %s", problems[0].Path, problems[0].Text)
	}
	return p, nil
}

// Standing is how a record stands at a place beyond runs, and how far its calls
// have come.
type Standing struct {
	Hash uint64      // of what was delivered last, 0 = nothing ever
	Kept record.Kept // by call
	// Attempts is how often the record had come to an end, whichever.
	Attempts int64
	// Calls are those of a delivery that did not come to its end, or is under way.
	Calls []Sent
}

// Sent is a request that was about to be sent, and what became of it.
type Sent struct {
	Key, Call string
	Element   string // of each: its key
	Hash      uint64 // of the item
	Answered  bool   // it took effect; else nobody knows
	Gone      bool   // it did not: nothing is to be kept of it
	Claimed   bool   // its record is the claimant's alone
	Takes     bool   // Kept may be of another record's object, and is noted only if it is not
	Kept      record.Object
}

// Freed notes that a claimant is done with a record of which it has said nothing: what
// it had found of its requests is somebody else's to find out.
func Freed(key string) Sent { return Sent{Key: key, Gone: true} }

// Anew is a record of which something at the target is not what was delivered: what
// is known of it is changed, so that the next delivery mends that.
type Anew struct {
	Key  string
	Hash uint64      // that it stands with: of one that stands otherwise by now nothing is changed
	Kept record.Kept // what still holds; nil: the target holds nothing of it
	// Doubt are calls that would make it again, of which the system is asked before, or
	// that are of no account any more (Gone).
	Doubt []Sent
}

// GoneHash is the hash of the item of a record that is gone.
func GoneHash(key string) uint64 { return max(1, xxh3.HashString("gone "+key)) }

// Spooled is an item in its stored form, with its partition.
type Spooled struct {
	Part int
	Text []byte
}

// Draft is a chunk of items that is being kept. Not safe for concurrent use; Drop,
// which takes away what was not kept, may be called twice.
type Draft interface {
	// Add adds items, those of a partition in their order.
	Add(items []Spooled) error
	// Keep keeps all that was added, instead of what was kept for the chunk before:
	// durably, when it returns.
	Keep() error
	Drop()
}

// Items gives items in their stored form, or io.EOF. Not safe for concurrent use;
// Close may be called twice.
type Items interface {
	Next() ([]byte, error)
	Close() error
}

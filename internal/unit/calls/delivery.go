package calls

import (
	"fmt"

	"godwit/internal/catalog"
	"godwit/internal/record"
	"godwit/internal/unit"
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

// Partitions is how many parts the groups are divided into, by their hash. Seen is
// behind them: the keys of all records that were read, hashed.
const (
	Partitions = 64
	Seen       = Partitions
)

// Delivery is the spec of the units that deliver: where to, what, and how.
type Delivery struct {
	To      string          `json:"to"`
	Place   record.Place    `json:"place"` // that records are remembered for
	Calls   []Call          `json:"calls"`
	Read    *Read           `json:"read,omitempty"` // of the record's object
	Groups  string          `json:"groups"`         // Block, Skip, Stop
	StopAt  float64         `json:"stopAt,omitempty"`
	Step    string          `json:"step"` // that the records are of
	Entity  string          `json:"entity"`
	Scope   []byte          `json:"scope,omitempty"` // inputs and env, see record.EncodeValue
	Mapping string          `json:"mapping"`         // version of the map
	Schema  *catalog.Schema `json:"schema"`          // of the records as they were read
	Again   *unit.Redrive   `json:"again,omitempty"`
	Sources []string        `json:"sources"` // units that produced, in the order of their records
	// Parts are the partitions that a unit of kind deliver is about.
	Parts []int `json:"parts,omitempty"`
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

// Item is a record on its way to its calls. All that they need of it is in it.
type Item struct {
	Seq       int64         // its place among those of its partition, in the order of the source
	Key       string        // as record.KeyText writes it
	Group     string        // ordered inside; "" = it is alone
	Hash      uint64        // of Record and Doc; never 0
	Record    record.Object // mapped
	Doc       record.Object // what the calls read of the record as it was read
	Source    []byte        // the record as it was read, see record.Encode
	Exception int64         // that it is redriven from, 0 = none
	Gone      bool          // it is not in the source any more: Record and Doc are empty
	Size      int
}

// Encode writes an item in its stored form.
func (i *Item) Encode() ([]byte, error) {
	return record.EncodeValue([]any{i.Key, i.Group, int64(i.Hash), i.Record, i.Doc, string(i.Source), i.Exception, i.Gone})
}

// DecodeItem reads it again.
func DecodeItem(text []byte) (*Item, error) {
	v, err := record.DecodeValue(text)
	if err != nil {
		return nil, err
	}
	list, ok := v.([]any)
	if ok && len(list) == 7 { // of a godwit before this one
		list = append(list, false)
	}
	if !ok || len(list) != 8 {
		return nil, fmt.Errorf("it is no record of a spool")
	}
	i := &Item{Size: len(text)}
	hash, source := int64(0), ""
	fits := []bool{set(&i.Key, list[0]), set(&i.Group, list[1]), set(&hash, list[2]), set(&i.Record, list[3]), set(&i.Doc, list[4]), set(&source, list[5]), set(&i.Exception, list[6]), set(&i.Gone, list[7])}
	for _, fit := range fits {
		if !fit {
			return nil, fmt.Errorf("it is no record of a spool")
		}
	}
	i.Hash, i.Source = uint64(hash), []byte(source)
	return i, nil
}

func set[T any](to *T, v any) (fits bool) {
	*to, fits = v.(T)
	return fits
}

// Standing is how a record stands at a place beyond runs, and how far its calls
// have come.
type Standing struct {
	Hash uint64      // of what was delivered last, 0 = nothing ever
	Kept record.Kept // by call
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
	Kept      record.Object
}

// Spooled is an item in its stored form, with its partition.
type Spooled struct {
	Part int
	Text []byte
}

// Items gives items in their stored form, or io.EOF. Not safe for concurrent use;
// Close may be called twice.
type Items interface {
	Next() ([]byte, error)
	Close() error
}

// Package catalog holds the words for what a database contains: names and
// patterns, tables and columns, definitions, chunks. It knows no system;
// connectors fill it, the work reads it. All of it is plain data that goes
// into the journal as JSON, so field names do not change.
package catalog

import (
	"strings"

	"godwit/internal/fault"
)

// Database is what an inspection found.
type Database struct {
	System    string     `json:"system"`  // "postgres"
	Version   string     `json:"version"` // "15.18", for people
	Number    int        `json:"number"`  // 150018, to compare
	Name      string     `json:"name"`
	User      string     `json:"user"`
	Super     bool       `json:"super,omitempty"`
	ID        string     `json:"id"` // the same for two connections to the same database
	Bytes     int64      `json:"bytes"`
	Schemas   []string   `json:"schemas"`
	Tables    []Table    `json:"tables"`
	Sequences []Name     `json:"sequences,omitempty"`
	Blobs     []uint32   `json:"blobs,omitempty"`    // large objects, by oid
	Others    []Object   `json:"others,omitempty"`   // views, functions, types, domains, extensions ...
	LeftOut   []Name     `json:"leftOut,omitempty"`  // tables that the selection leaves out
	Omitted   []Omission `json:"omitted,omitempty"`  // what else is not copied, and why
	Reserved  []Name     `json:"reserved,omitempty"` // selected, but where only our own may be
	Settings  []Property `json:"settings,omitempty"`
	// There is everything that has a name, selected or not: what cannot be made
	// a second time. It is not kept.
	There []Object `json:"-"`
}

// Unreserved refuses a source that has objects of its own in the schema that
// marks are kept in: they would neither be copied nor verified.
func (f Facts) Unreserved(from string) error {
	if f.Source == nil || len(f.Source.Reserved) == 0 {
		return nil
	}
	list := f.Source.Reserved
	e := fault.New(fault.Config, "schema.godwit", "schema %s at %s holds %d objects that are not godwit's: it keeps its marks in a schema of that name", list[0].Schema, from, len(list))
	for i, n := range list {
		if i == 5 {
			e = e.With("", "and %d more", len(list)-i)
			break
		}
		e = e.With("holds", "%s", n)
	}
	return e.Hint("ALTER SCHEMA %s RENAME TO another name, or leave it out: --exclude '%s.*'", list[0].Schema, list[0].Schema)
}

// Omission is something of a database that is not selected, beside tables.
type Omission struct {
	Code string `json:"code"`
	What string `json:"what"` // 12 large objects
	Why  string `json:"why"`
}

// String is the omission as a sentence.
func (o Omission) String() string {
	if strings.HasPrefix(o.What, "1 ") || o.Code == "source.marks" && !strings.Contains(o.What, ", ") {
		return o.What + " is left out: " + o.Why
	}
	return o.What + " are left out: " + o.Why
}

// Property is a named value.
type Property struct {
	Name  string `json:"name"`
	Value string `json:"value"`
}

// Object is anything that is not a table or a sequence.
type Object struct {
	Kind string `json:"kind"`
	Name Name   `json:"name"`
}

// Table kinds.
const (
	Plain       = "table"
	Partitioned = "partitioned" // holds no rows itself
	Foreign     = "foreign"     // rows live elsewhere: definition only
	View        = "view"
	MatView     = "matview"
)

// Table is a relation with rows of its own, or the root of some.
type Table struct {
	Name     Name     `json:"name"`
	Kind     string   `json:"kind"`
	OID      uint32   `json:"oid"`
	FileNode uint32   `json:"fileNode"`         // changes with TRUNCATE and rewrites; 0 when there is no storage
	Columns  []Column `json:"columns"`          // in attribute order, dropped ones left out
	Key      []string `json:"key,omitempty"`    // columns of the primary key, else of a unique index over NOT NULL columns
	Parent   *Name    `json:"parent,omitempty"` // partitioned parent; inheritance parents are in Inherits
	Inherits []Name   `json:"inherits,omitempty"`
	Unlogged bool     `json:"unlogged,omitempty"`
	Rests    bool     `json:"rests,omitempty"`    // a materialised view that reads another one
	Unfilled bool     `json:"unfilled,omitempty"` // a materialised view that was never refreshed: it cannot be read
	Blocks   int64    `json:"blocks"`             // pages of the main fork now
	Bytes    int64    `json:"bytes"`              // main fork and TOAST, no indexes
	Rows     int64    `json:"rows"`               // estimate; -1 when never analysed
	Owner    string   `json:"owner"`
}

// Column is one column of a table.
type Column struct {
	Name      string `json:"name"`
	Type      string `json:"type"` // as the server writes it: numeric(12,2), text[]
	TypeOID   uint32 `json:"typeOid"`
	Base      uint32 `json:"base,omitempty"` // of a domain: the type that its values are of
	Enum      bool   `json:"enum,omitempty"` // its values are labels
	NotNull   bool   `json:"notNull,omitempty"`
	Generated bool   `json:"generated,omitempty"` // computed by the server: never copied
	Default   bool   `json:"default,omitempty"`   // the server fills it when nothing is given
	Identity  bool   `json:"identity,omitempty"`  // GENERATED ALWAYS AS IDENTITY
	Collation string `json:"collation,omitempty"`
}

// Copied lists the columns whose values are moved: all but generated ones.
func (t Table) Copied() []string {
	names := make([]string, 0, len(t.Columns))
	for _, c := range t.Columns {
		if !c.Generated {
			names = append(names, c.Name)
		}
	}
	return names
}

// HasRows reports whether rows are stored in the table itself.
func (t Table) HasRows() bool { return t.Kind == Plain || t.Kind == MatView }

// Sections of definitions: before the data, after it.
const (
	Before = "before"
	After  = "after"
)

// Definition is one object's definition, as one system wrote it for another.
type Definition struct {
	ID      int    `json:"id"`      // unique in its set, in an order that works
	Section string `json:"section"` // Before or After
	Kind    string `json:"kind"`    // the writer's word: TABLE, INDEX, FK CONSTRAINT, MATERIALIZED VIEW DATA ...
	Name    Name   `json:"name"`
	Tables  []Name `json:"tables,omitempty"` // tables it touches: an index's table; a foreign key's two
	After   []int  `json:"after,omitempty"`  // IDs it needs
	Owner   string `json:"owner,omitempty"`
	SQL     string `json:"sql"`
	Drop    string `json:"drop,omitempty"` // statement that takes it away, if there is one
}

// Facts is what a verb's plan is computed from: both sides as they stand and
// the definitions that go from one to the other.
type Facts struct {
	Source      *Database    `json:"source"`
	Snapshot    string       `json:"snapshot,omitempty"` // that Source is of, by its ID; "" = as of now
	Target      *Database    `json:"target"`
	Definitions []Definition `json:"definitions,omitempty"`
	Clearing    []Definition `json:"clearing,omitempty"` // what makes room at the target, in order
	// Kept are objects that are not cleared, since others at the target use
	// them: the same as at the source, and not to be made again.
	Kept []Object `json:"kept,omitempty"`
	// TargetDefinitions are wanted by a verb that compares.
	TargetDefinitions []Definition `json:"targetDefinitions,omitempty"`
	// Unread says why the definitions of one side could not be read, when a
	// verb only looks: they are not compared then.
	Unread string `json:"unread,omitempty"`
	Cores  int    `json:"cores,omitempty"`
	Reader string `json:"-"` // the verb that reads tables of the source, for messages; "" = none does
	// Records is wanted by a verb that reads records.
	Records *Records `json:"records,omitempty"`
}

// SameBlobs are the large objects whose oids both sides have, ascending.
func (f Facts) SameBlobs() []uint32 {
	if f.Source == nil || f.Target == nil {
		return nil
	}
	there := make(map[uint32]bool, len(f.Target.Blobs))
	for _, oid := range f.Target.Blobs {
		there[oid] = true
	}
	var both []uint32
	for _, oid := range f.Source.Blobs {
		if there[oid] {
			both = append(both, oid)
		}
	}
	return both
}

// Formats of a copy stream.
const (
	Text   = "text"
	Binary = "binary"
)

// Chunk is a part of a table that is read, written, marked and accounted as
// one. Ranges count the table's pages: From inclusive, To exclusive, and To 0
// means open, so that the chunks of a table tile it whatever it grows to.
type Chunk struct {
	Table    Name     `json:"table"`
	Into     Name     `json:"into"` // the target's table: as Table unless mapped
	Columns  []string `json:"columns"`
	Format   string   `json:"format"`
	Number   int      `json:"number"` // from 1 within the table
	From     int64    `json:"from,omitempty"`
	To       int64    `json:"to,omitempty"`
	FileNode uint32   `json:"fileNode"` // when it was planned; where the snapshot noted one that one counts. 0 is not compared
	Shape    string   `json:"shape"`    // digest of names and types of the columns when it was planned
	Bytes    int64    `json:"bytes"`    // estimate
	Unlogged bool     `json:"unlogged,omitempty"`
	// Defined reads what a materialised view's query gives, not what it holds.
	Defined bool `json:"defined,omitempty"`
	// With Buckets the chunk is those of Of buckets by the hash of Key (of the
	// whole row when there is no key): the unit of repair.
	Key     []string `json:"key,omitempty"`
	Of      int      `json:"of,omitempty"`
	Buckets []int    `json:"buckets,omitempty"`
}

// Whole reports whether the chunk is its whole table.
func (c Chunk) Whole() bool { return c.From == 0 && c.To == 0 && c.Of == 0 }

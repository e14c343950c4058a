package catalog

import "encoding/json"

// Query says which records are read. One of Table, SQL, Objects and Request is
// given.
type Query struct {
	Table Name           `json:"table,omitzero"`
	Where string         `json:"where,omitempty"` // with Table: a condition in the system's words
	SQL   string         `json:"sql,omitempty"`   // one SELECT; parameters as :name
	Args  map[string]any `json:"args,omitempty"`  // by the names in SQL and Where; bound, never pasted
	// Objects are files: one, or a pattern. Format is what they hold; "" is
	// told by their names.
	Objects string `json:"objects,omitempty"`
	Format  string `json:"format,omitempty"`
	// Request is one to an API, GET /PATH with values encoded, and Params are its
	// parameters, plain. Fields are those that are read of its objects; without
	// any, those of its first page.
	Request string              `json:"request,omitempty"`
	Params  map[string][]string `json:"params,omitempty"`
	Fields  []string            `json:"fields,omitempty"`
	// Key are the columns that tell records apart and by which they are read
	// in order. Without a key the order is unknown, and no page can be read on
	// from.
	Key []string `json:"key,omitempty"`
	// After and Until cut a range of the key: After is exclusive, Until
	// inclusive, nil is open. Both are Page.After of this reader's system.
	After []byte `json:"after,omitempty"`
	Until []byte `json:"until,omitempty"`
	Since *Since `json:"since,omitempty"`
}

// Since makes a query incremental: what holds less in a column is left out, a
// null is read always. Where the query's own text names :since it sees to that
// itself; then :since is null when everything is to be read.
type Since struct {
	Column string `json:"column"`
	// From is the least value that is read, as record.EncodeValue writes it; nil is all.
	From json.RawMessage `json:"from,omitempty"`
}

// Watermark is how far a step has read of a source, for a target.
type Watermark struct {
	Step    string            `json:"step"`
	Source  string            `json:"source"` // both databases, see Database.ID
	Target  string            `json:"target"`
	Meaning map[string]string `json:"meaning"`       // what was read and made of it: hashes by what they are of
	High    json.RawMessage   `json:"high"`          // the highest value read, as record.EncodeValue writes it
	Run     string            `json:"run,omitempty"` // that set it
}

// Field is one field of a record.
type Field struct {
	Name string `json:"name"`
	Type Type   `json:"type"`
	Null bool   `json:"null,omitempty"` // it may be null
	// Of is what a part holds: the value is a document of these fields, or a list
	// of such, by Type.
	Of *Schema `json:"of,omitempty"`
}

// Schema says what the slots of records hold, in order. It does not change
// while records of it are about.
type Schema struct {
	Fields []Field `json:"fields"`
}

// Index is the slot of a name, -1 when there is none. Names are compared as
// they are.
func (s *Schema) Index(name string) int {
	for i, f := range s.Fields {
		if f.Name == name {
			return i
		}
	}
	return -1
}

// Into is one table that records are written to.
type Into struct {
	Table   Name     `json:"table"`
	Columns []string `json:"columns"`           // of Row.Slots
	Key     []string `json:"key,omitempty"`     // what tells its rows apart; needed for merge
	Version string   `json:"version,omitempty"` // merge: a row with an older or equal-and-same version changes nothing
	// Parent are the columns that say whose rows these are, for tables that
	// hold parts of a record. In merge a record's rows take the place of all
	// rows that are there with the same values in them.
	Parent []string `json:"parent,omitempty"`
}

// TargetTable is a table in the words that records are checked against.
type TargetTable struct {
	Name    Name           `json:"name"`
	Columns []TargetColumn `json:"columns"`
	Key     []string       `json:"key,omitempty"` // primary key, else a unique index over NOT NULL columns
	Unique  [][]string     `json:"unique,omitempty"`
	// Unlogged: a crash of the target empties it; Mixed: only some of the
	// tables that hold its rows.
	Unlogged bool `json:"unlogged,omitempty"`
	Mixed    bool `json:"mixed,omitempty"`
}

// TargetColumn is a column with what the target says about its values.
type TargetColumn struct {
	Name      string   `json:"name"`
	Type      Type     `json:"type"`
	NotNull   bool     `json:"notNull,omitempty"`
	Default   bool     `json:"default,omitempty"`   // the target has a value of its own
	Generated bool     `json:"generated,omitempty"` // nobody may write it
	In        []string `json:"in,omitempty"`        // of an enum, a simple CHECK, a small reference table
	From      string   `json:"from,omitempty"`      // what In comes from: constraint or table, for the issue
	Min, Max  *string  `json:",omitempty"`          // of a simple CHECK, inclusive, as text
}

// Records is what a step that reads records is planned from.
type Records struct {
	Schema *Schema       `json:"schema"`           // of the records read
	Key    []string      `json:"key,omitempty"`    // of the table read, when the query names none
	Ranges []Query       `json:"ranges"`           // that tile the query
	Rows   int64         `json:"rows"`             // estimate; -1 when not known
	Tables []TargetTable `json:"tables"`           // that are written, in the order asked for
	Proves bool          `json:"proves,omitempty"` // or only compared
	// Watermark is how far an earlier run has read; nil: there is none that counts.
	Watermark *Watermark `json:"watermark,omitempty"`
	Full      bool       `json:"full,omitempty"` // none counts: everything is to be read
	// Lookups are the tables of values that were read, by name.
	Lookups map[string]Lookup `json:"lookups,omitempty"`
}

// Lookup is a table of values as it was read: pairs of key and value, sorted by
// key, and the hash of them all.
type Lookup struct {
	Pairs [][2]string
	Sum   string
}

package connector

import (
	"context"

	"godwit/internal/catalog"
	"godwit/internal/record"
)

// Query says which records are read. Either Table or SQL is given.
type Query struct {
	Table catalog.Name   `json:"table,omitzero"`
	Where string         `json:"where,omitempty"` // with Table: a condition in the system's words
	SQL   string         `json:"sql,omitempty"`   // one SELECT; parameters as :name
	Args  map[string]any `json:"args,omitempty"`  // by the names in SQL and Where; bound, never pasted
	// Key are the columns that tell records apart and by which they are read
	// in order. Without a key the order is unknown, and no page can be read on
	// from.
	Key []string `json:"key,omitempty"`
	// After and Until cut a range of the key: After is exclusive, Until
	// inclusive, nil is open. Both are Page.After of this reader's system.
	After []byte `json:"after,omitempty"`
	Until []byte `json:"until,omitempty"`
}

// RecordSource is an endpoint that is read record by record.
type RecordSource interface {
	// Describe gives the fields that a query returns; nothing is read. A query
	// that the system refuses is a fault of kind config, code query.invalid,
	// with its words and position.
	Describe(ctx context.Context, q Query) (*record.Schema, error)
	// Split cuts a query into at most n ranges of about the same size, in the
	// order of the key, that tile it. One range (the query itself) is always
	// right.
	Split(ctx context.Context, q Query, n int) ([]Query, error)
	// ReadRecords opens a session that reads the query in the order of its
	// key, at the snapshot of that name if the system has such ("" = now), and
	// from one point in time in any case.
	ReadRecords(ctx context.Context, q Query, snapshot string) (RecordReader, error)
}

// RecordReader gives records page by page. Not safe for concurrent use; Close
// may be called twice, and before the end.
type RecordReader interface {
	Schema() *record.Schema
	// Next returns the next page, at most about 1,000 records or 4 MiB (never
	// less than one record), or io.EOF. Page.After is set where the key's last
	// value is not null and no later record has the same one, and only then
	// can reading begin behind it. The page is the caller's.
	Next(ctx context.Context) (*record.Page, error)
	// Count is the source's own count of the records given out so far: it is
	// not made by counting them here.
	Count() int64
	Close() error
}

// Modes of writing records.
const (
	ModeAppend  = "append"
	ModeMerge   = "merge"
	ModeReplace = "replace"
)

// Into is one table that records are written to.
type Into struct {
	Table   catalog.Name `json:"table"`
	Columns []string     `json:"columns"`           // of Row.Slots
	Key     []string     `json:"key,omitempty"`     // what tells its rows apart; needed for merge
	Version string       `json:"version,omitempty"` // merge: a row with an older or equal-and-same version changes nothing
	// Parent are the columns that say whose rows these are, for tables that
	// hold parts of a record. In merge a record's rows take the place of all
	// rows that are there with the same values in them.
	Parent []string `json:"parent,omitempty"`
}

// Became is what a target did with one record.
type Became struct {
	Outcome record.Outcome  // Applied, Equal, Superseded or Dead
	Rows    int64           // written: inserted, updated or deleted, of all its tables
	Refusal *record.Refusal // with Dead
}

// RecordLoad is a Load that takes records.
type RecordLoad interface {
	// WriteRecords writes the rows of records, in their order, and tells what
	// became of each: a record is written with all its rows or not at all. Of
	// two records with the same key the later one counts. What
	// the server refuses about single records is Dead; the error is for all of
	// them, and the load is of no more use then. Counts come from the server.
	WriteRecords(ctx context.Context, mode string, into []Into, page []record.Mapped) ([]Became, error)
}

// RecordTarget is a Writer whose loads take records.
type RecordTarget interface {
	Writer
	// BeginRecords is Begin for a load that takes records. Triggers and foreign
	// keys of the target work as for everybody else: records are new data.
	BeginRecords(ctx context.Context, marks []record.MarkKey) (Load, RecordLoad, error)
	// Tables gives the tables of these names with all that records are checked
	// against. One that is not there is a fault of kind config, code
	// table.unknown, that names what is spelt nearly so.
	Tables(ctx context.Context, names []catalog.Name) ([]TargetTable, error)
}

// TargetTable is a table in the words that records are checked against.
type TargetTable struct {
	Name    catalog.Name   `json:"name"`
	Columns []TargetColumn `json:"columns"`
	Key     []string       `json:"key,omitempty"` // primary key, else a unique index over NOT NULL columns
	Unique  [][]string     `json:"unique,omitempty"`
}

// TargetColumn is a column with what the target says about its values.
type TargetColumn struct {
	Name      string       `json:"name"`
	Type      catalog.Type `json:"type"`
	NotNull   bool         `json:"notNull,omitempty"`
	Default   bool         `json:"default,omitempty"`   // the target has a value of its own
	Generated bool         `json:"generated,omitempty"` // nobody may write it
	In        []string     `json:"in,omitempty"`        // of an enum, a simple CHECK, a small reference table
	From      string       `json:"from,omitempty"`      // what In comes from: constraint or table, for the issue
	Min, Max  *string      `json:",omitempty"`          // of a simple CHECK, inclusive, as text
}

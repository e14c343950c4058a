// Package lookup is where a table of values is, as it stands in a flow. It reads
// nothing. Start at Table.
package lookup

import (
	"godwit/internal/catalog"
	"godwit/internal/unit"
	"godwit/internal/unit/request"
)

// Table is a table of values: a CSV file with the columns key and value, or
// records of a system, which are read once, when a run is planned.
type Table struct {
	File    string     `flow:"file,csv,alone" help:"CSV file with the columns key and value"`
	From    string     `flow:"at,name" help:"connection that it is read from, once for a run"`
	Table   string     `flow:"table" help:"table, as schema.table"`
	Where   string     `flow:"where,sql" help:"which of its rows"`
	Query   string     `flow:"query,sql" help:"statement that gives it, or a file that ends in .sql"`
	Objects string     `flow:"objects" help:"of files: one of them, or a pattern with * and ?"`
	Format  string     `flow:"format" enum:"csv,ndjson,json" help:"of files: what they hold; default by their names"`
	Key     string     `flow:"key" default:"key" help:"field that holds the keys"`
	Value   string     `flow:"value" default:"value" help:"field that holds the values"`
	Values  [][]string `flow:",rows" json:"values"` // of File, with its header, filled in by the reader of the flow
	Sum     string     `json:"sum,omitempty"`       // of what was read from a system, see catalog.Lookup
	At      string     `flow:",position"`
	request.Place
}

// Problem says what is wrong with where it comes from, empty for nothing.
func (l Table) Problem() string {
	places := 0
	for _, text := range []string{l.Table, l.Query, l.Objects, l.Request} {
		if text != "" {
			places++
		}
	}
	_, asked := l.Place.Problem()
	switch {
	case asked != "":
		return asked
	case l.File == "" && l.From == "":
		return "it needs a file, or at with a table, a query, objects or a request"
	case l.File != "" && (l.From != "" || places > 0 || l.Where != "" || l.Format != ""):
		return "it has a file, and keys of another place too: take one of them"
	case l.File != "" && (l.Key != "key" || l.Value != "value"):
		return "the columns of a CSV file are called key and value: key and value belong to at"
	case l.File != "":
		return ""
	case places != 1:
		return "it needs one of table, query, objects and request"
	case l.Where != "" && l.Table == "":
		return "where belongs to a table: a query has its own"
	case l.Format != "" && l.Objects == "":
		return "format belongs to objects"
	}
	if l.Table != "" {
		if _, err := catalog.ParseName(l.Table); err != nil {
			return err.Error()
		}
	}
	return ""
}

// Needed is what has to be read for it, with values for the names in its query.
func (l Table) Needed(name string, args map[string]any) (n unit.Lookup, err error) {
	n = unit.Lookup{Name: name, At: l.From, Key: l.Key, Value: l.Value, Place: l.At,
		Query: catalog.Query{SQL: l.Query, Where: l.Where, Objects: l.Objects, Format: l.Format, Args: args}}
	l.Into(&n.Query)
	if l.Table != "" {
		n.Query.Table, err = catalog.ParseName(l.Table)
	}
	return n, err
}

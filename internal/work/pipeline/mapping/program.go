package mapping

import (
	"fmt"
	"strings"

	"godwit/internal/catalog"
	"godwit/internal/expression"
	"godwit/internal/expression/path"
	"godwit/internal/record"
)

// Input is what a map is compiled against.
type Input struct {
	Source *catalog.Schema
	// Tables are the target's: the record's own, then one for each entry of
	// the map's rows, in their order. Without any the target takes documents,
	// which may have any field.
	Tables  []catalog.TargetTable
	Into    []string       // columns of the first table that tell its rows apart; nil = its key
	Env     map[string]any // "inputs" and "env", each a map[string]any; frozen for the run
	Key     []string       // paths of what tells records apart
	Version string         // path of a value that grows; empty = there is none
	// Lookups are the values of those that a system holds, by name. They are
	// only read, and may be shared.
	Lookups map[string]map[string]string
}

// Problem is something wrong with a map. At is the position (file:line:col) of
// the field, rule or map; Key the key in it; Line and Column, from 1, lead into
// the text of that key where they are not 0.
type Problem struct {
	At           string
	Key          string
	Line, Column int
	Code         string // map.path, map.column, map.type, map.expr, map.lookup, map.field, map.rule
	Text         string // begins with the position
	Next         []string
}

func (p Problem) String() string {
	if len(p.Next) == 0 {
		return p.Text
	}
	return p.Text + " (" + strings.Join(p.Next, "; ") + ")"
}

// Program is a compiled map. It does not change; each goroutine that maps has
// a Worker of its own.
type Program struct {
	env      map[string]any
	schema   *record.Schema
	targets  []*target
	filters  []filter
	owner    *program
	fields   []*field
	rows     []*children
	rules    []*rule
	sets     []set
	keys     []source
	version  *source
	column   string // of the main target, that holds the version
	lineage  map[string][]string
	read     map[string]bool  // source fields that are read
	wanted   []*record.Wanted // of each of them
	identity string
}

// target is a target with the columns that a map fills.
type target struct {
	table   *catalog.TargetTable // nil: documents
	columns []string
	index   map[string]int
	slots   []layout
	parent  []string // columns that say whose rows these are
	key     []string // columns that tell its rows apart
}

// layout says what a slot is made of.
type layout struct {
	column *catalog.TargetColumn // nil in a document
	nested bool                  // the slot is a document of several fields
	json   bool                  // it is written as JSON text
}

// source is a path that is read from the record, or from the element.
type source struct {
	slot int // of the schema; -1 = the element
	rest path.Path
	text string
	t    catalog.Type // of what is below the slot, as far as it is known
}

// program is an expression with where its paths begin.
type program struct {
	*expression.Program
	vars []variable
}

type variable struct {
	name  string
	root  string
	slot  int // doc: slot of the schema, -1 = the whole; record, parent: index of the field
	rest  path.Path
	whole bool
}

type filter struct {
	name string
	*program
}

// rule is a check over doc and record.
type rule struct {
	Rule
	check *program
	owner *program
	reads []int // fields of record
}

// Columns are those of Input.Tables[i] that rows have slots for, in the order
// of Row.Slots; of a document its top-level fields.
func (p *Program) Columns(i int) []string { return p.targets[i].columns }

// Parent are the columns, of the key of Input.Tables[i], that say whose parts
// its rows are: they are the same in all elements of a list. None with i = 0.
func (p *Program) Parent(i int) []string { return p.targets[i].parent }

// VersionColumn is the column of the first table that holds Input.Version as
// it is read; empty without a version.
func (p *Program) VersionColumn() string { return p.column }

// Value is a field of the mapped record by its name in the map, also a nested
// one; record.Missing when it is not there.
func (p *Program) Value(m record.Mapped, name string) any {
	if len(m.Rows) == 0 {
		return record.Missing
	}
	for _, f := range p.fields {
		if f.name != name {
			continue
		}
		v := m.Rows[0].Slots[f.slot]
		if text, ok := v.(string); ok && len(f.rest) > 0 && p.targets[0].slots[f.slot].json {
			v, _ = record.DecodeJSON([]byte(text))
		}
		var below path.Path
		for _, part := range f.rest {
			below = append(below, path.Part{Name: part})
		}
		if v, err := below.Get(v); err == nil {
			return v
		}
	}
	return record.Missing
}

// Lineage gives the paths of the source that each field is made of. Fields of
// rows stand behind their target's name and a colon, elements of lists as [].
func (p *Program) Lineage() map[string][]string { return p.lineage }

// Unread are the fields of a schema that nothing in the map reads, neither
// fields nor filters, rules, key or version; in the schema's order.
func (p *Program) Unread(s *record.Schema) []string {
	var names []string
	for _, f := range s.Fields {
		if !p.read[f.Name] {
			names = append(names, f.Name)
		}
	}
	return names
}

// Version is the hash of what the map does: the same in every process, another
// one as soon as a record might become something else. What is only said to
// people (positions, hints, printable) does not count.
func (p *Program) Version() string { return p.identity }

// typeOf is the type of a path into the source.
func typeOf(s *record.Schema, src source) catalog.Type {
	if src.slot < 0 || len(src.rest) > 0 {
		return src.t
	}
	return s.Fields[src.slot].Type
}

func quote(name string) string { return fmt.Sprintf("%q", name) }

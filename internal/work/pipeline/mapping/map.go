// Package mapping turns source records into rows of targets: what a map file
// says, compiled against what both sides hold. It is pure: no clock, no I/O,
// the same record always becomes the same rows. It knows no system, no ledger.
// Start reading at Compile.
package mapping

import (
	"godwit/internal/work/pipeline/mapping/literal"
	"godwit/internal/work/pipeline/mapping/lookup"
	"godwit/internal/work/pipeline/mapping/steps"
)

// Converts are steps that normalise a value, in order.
type Converts = steps.List

// Literal is a value that stands in a map file.
type Literal = literal.Literal

// Map is what a map file says.
type Map struct {
	Filter  map[string]string `flow:"filter,exprs" help:"reasons to leave a record out, by name; true leaves it out"`
	Owner   string            `flow:"owner,expr" help:"who is to mend what is wrong: a name of owners"`
	Lookups map[string]Lookup `flow:"lookups" help:"tables of values, by name"`
	Nulls   string            `flow:"nulls" enum:"keep,omit" default:"keep" help:"whether a null is written or left out"`
	Fields  []Field           `flow:"fields,names" help:"what each field of the target holds"`
	Rows    []Rows            `flow:"rows" help:"one record to many rows of other tables"`
	Rules   []Rule            `flow:"rules,names" help:"what records have to fulfil"`
	Stubs   []Stub            `flow:"stubs,names" json:",omitempty" help:"rows that stand in for records that are not there, by their entity"`
	At      string            `flow:",position"`
	// Laid is where filters, and the owner under its own name, stand when that is
	// in an overlay.
	Laid map[string]string `json:"-"`
}

// Lookup is a table of values.
type Lookup = lookup.Table

// Field says what one field of the target holds. Its name stands before it: a
// dotted name is nested.
type Field struct {
	Name  string   `flow:",name"`
	From  []string `flow:"from,oneormore" help:"path into the source record; of several the first that is not null"`
	Expr  string   `flow:"expr,expr" help:"expression over doc, op, key, value"`
	Const *Literal `flow:"const" help:"the same value for all"`
	List
	Fields  []Field  `flow:"fields,names" help:"of each element"`
	Convert Converts `flow:"convert" help:"one or several steps that normalise the value"`
	Found
	Default   *Literal  `flow:"default" help:"for missing and null, not for an empty text"`
	Missing   string    `flow:"missing" enum:"as_null,omit,reject" default:"as_null" help:"what a field that is not there stands for"`
	Type      string    `flow:"type" help:"type of the value; default is that of the target's column"`
	Required  bool      `flow:"required" help:"null is an issue"`
	Min       *Literal  `flow:"min" help:"least value; of a text the least length"`
	Max       *Literal  `flow:"max" help:"greatest value; of a text the greatest length"`
	Match     string    `flow:"match" help:"regular expression (RE2) that the text matches"`
	In        []Literal `flow:"in" help:"values that are allowed"`
	Severity  string    `flow:"severity" enum:"error,warn" default:"error" help:"whether a violation keeps the record out"`
	Printable bool      `flow:"printable" help:"its values may be shown to people"`
	At        string    `flow:",position"`
}

// Found makes the value a key of something: of a table of values, or of another
// record.
type Found struct {
	Lookup string   `flow:"lookup" help:"name of a lookup that the value is looked up in"`
	Else   *Literal `flow:"else" help:"without entry: reject, or this value"`
	Ref    string   `flow:"ref" json:",omitempty" help:"entity that the value is a key of; the field holds the key of its row at the target"`
	Orphan string   `flow:"orphan" json:",omitempty" enum:"hold,reject,nothing,stub" help:"without such a record: hold (the default) until it comes, reject, nothing (null and a warning), stub (a row that stands in for it)"`
}

// What Orphan says, beside nothing at all, which is hold.
const (
	Hold    = "hold"
	Reject  = "reject"
	Nothing = "nothing"
	Stand   = "stub"
)

// List makes a field a list: one document for each element of a list in the
// record.
type List struct {
	Each string `flow:"each" help:"path of a list: the field holds one document for each element"`
	Sort string `flow:"sort" help:"path in the element by which the list is ordered"`
}

// Rows makes rows of another table out of a list in the record.
type Rows struct {
	Into   string   `flow:"into,required" help:"table that the rows go to"`
	Each   string   `flow:"each,required" help:"path of the list"`
	Key    []string `flow:"key,required" help:"columns that tell the rows apart; those the parent's key fills come first"`
	When   string   `flow:"when,expr" help:"false makes no row of an element"`
	Fields []Field  `flow:"fields,required,names" help:"what each column holds"`
	At     string   `flow:",position"`
}

// Rule is something that every record has to fulfil.
type Rule struct {
	Name     string   `flow:",name"`
	Check    string   `flow:"check,expr" help:"true when all is well; over doc and record"`
	Unique   []string `flow:"unique" help:"fields that no two records share"`
	Same     string   `flow:"same" help:"field that is the same in all records of a group"`
	Within   string   `flow:"within" help:"field that names the group of same"`
	Field    string   `flow:"field" help:"field that the issue is about"`
	Severity string   `flow:"severity" enum:"error,warn" default:"error" help:"whether a violation keeps the record out"`
	Hint     string   `flow:"hint" help:"what to do about it"`
	Owner    string   `flow:"owner,expr" help:"who is to mend it"`
	At       string   `flow:",position"`
}

package noted

import (
	"fmt"
	"slices"
	"strings"

	"godwit/internal/catalog"
	"godwit/internal/fault"
)

// Compare refuses a table that is not what was noted and planned: code
// source.changed when a later snapshot can be read, source.redefined when none
// has the chunk's columns. before asks for the columns as the snapshot sees
// them; nil says that its session is of no use, because a table could not be
// locked: then it is found whether it was this one.
func (n Notes) Compare(c catalog.Chunk, now []Column, before func() ([]Column, error)) error {
	noted, node := n.tables[c.Table], n.fileNode(c)
	switch {
	case len(now) == 0:
		return Gone(c)
	case before == nil && (noted.OID == 0 || noted.OID == now[0].OID):
		return nil
	case before != nil && c.Shape != "" && catalog.Shape(Plain(now)) != c.Shape:
		was, err := before()
		if err != nil {
			return err
		}
		return redefined(c).With("columns", "%s", difference(c, Plain(was), Plain(now)))
	case node != 0 && now[0].Node != node:
		return Changed(c).With("now", "it was truncated or rewritten (file node %d -> %d)", node, now[0].Node)
	case noted.OID != 0 && now[0].OID != noted.OID:
		return Other(c)
	case noted.OID != 0 && now[0].Attributes != noted.Attributes:
		was, err := before()
		if err != nil {
			return err
		}
		if err := remade(c, was, now); err != nil {
			return err
		}
	}
	return n.renamed(c, now)
}

// renamed refuses a table with values whose words are others than before: the
// same value would be copied as one thing here and as another there. What came
// since to a type is in no row of the snapshot, except to one of rows, whose
// values all have it.
func (n Notes) renamed(c catalog.Chunk, now []Column) error {
	var list []string
	for _, a := range now {
		for _, w := range a.Words {
			key, word := cut(w)
			was, ok := n.words[key]
			switch attribute := strings.Contains(key, "."); {
			case ok && was != word:
				list = append(list, was+" -> "+word)
			case !ok && attribute:
				list = append(list, "attribute "+word)
			}
		}
	}
	if list == nil {
		return nil
	}
	slices.Sort(list)
	list = slices.Compact(list)
	const named = 5
	if more := len(list) - named; more > 0 {
		list = append(list[:named], fmt.Sprintf("and %d more", more))
	}
	return redefined(c).With("now", "what values of its types are called was changed: %s", strings.Join(list, ", "))
}

// remade refuses a table of which a column was dropped and added again: what
// the snapshot's rows hold of it cannot be read any more. A column that came
// and went is nothing.
func remade(c catalog.Chunk, before, now []Column) error {
	places := map[string]int16{}
	for _, a := range before {
		if a.Name != nil {
			places[*a.Name] = *a.Place
		}
	}
	var names []string
	for _, a := range now {
		if a.Name != nil && places[*a.Name] != *a.Place {
			names = append(names, *a.Name)
		}
	}
	if names == nil {
		return nil
	}
	return Changed(c).With("now", "columns were dropped and added again: %s", strings.Join(names, ", "))
}

// Changed is a table whose rows are other ones than the snapshot's.
func Changed(c catalog.Chunk) *fault.Error {
	return fault.New(fault.Data, "source.changed", "table %s was changed after the snapshot", c.Table).
		With("table", "%s", c.Table).
		Hint("keep TRUNCATE and changed definitions away while the copy runs, then go on with it: what was reloaded is read at a new snapshot")
}

// Other is a table whose name another one has.
func Other(c catalog.Chunk) *fault.Error {
	return Changed(c).With("now", "another table has its name: it, or its schema, was renamed")
}

// redefined is a table whose columns are not those that the copy was planned
// with: no later snapshot has them again.
func redefined(c catalog.Chunk) *fault.Error {
	return fault.New(fault.Data, "source.redefined", "table %s has another definition than when its copy was planned", c.Table).
		With("table", "%s", c.Table)
}

// Gone is a table that is not there.
func Gone(c catalog.Chunk) *fault.Error { return redefined(c).With("now", "the table is gone") }

// difference names the columns that are not as the chunk was planned with. When
// the snapshot is an earlier one than the change it knows their types; else the
// names are known of what was copied.
func difference(c catalog.Chunk, before, now []catalog.Column) string {
	text := func(all []catalog.Column) []string {
		var s []string
		for _, c := range all {
			s = append(s, c.Name+" "+c.Type)
		}
		return s
	}
	old, fresh := text(before), text(now)
	if catalog.Shape(before) != c.Shape {
		old, fresh = c.Columns, catalog.Table{Columns: now}.Copied()
	}
	var parts []string
	for _, c := range old {
		if !slices.Contains(fresh, c) {
			parts = append(parts, "- "+c)
		}
	}
	for _, c := range fresh {
		if !slices.Contains(old, c) {
			parts = append(parts, "+ "+c)
		}
	}
	if parts == nil {
		return "types, order or generated columns are others than before; they are now " + strings.Join(text(now), ", ")
	}
	return strings.Join(parts, ", ")
}

package bulk

import (
	"fmt"
	"slices"
	"strings"

	"godwit/internal/catalog"
	"godwit/internal/fault"
)

// there is what the target holds already, selected or not: none of it can be
// made a second time.
type there struct {
	objects map[catalog.Object]bool
	named   map[catalog.Name]bool
	tables  map[catalog.Name]catalog.Table // those that the selection looks at
}

// kindOf are the definers' words for tables.
var kindOf = map[string]string{
	catalog.Plain: "TABLE", catalog.Partitioned: "TABLE", catalog.Foreign: "FOREIGN TABLE", catalog.MatView: "MATERIALIZED VIEW",
}

func thereAt(db *catalog.Database) there {
	t := there{map[catalog.Object]bool{}, map[catalog.Name]bool{}, map[catalog.Name]catalog.Table{}}
	if db == nil {
		return t
	}
	add := func(kind string, n catalog.Name) {
		t.objects[catalog.Object{Kind: kind, Name: n}], t.named[n] = true, true
	}
	for _, o := range slices.Concat(db.There, db.Others) {
		add(o.Kind, o.Name)
	}
	for _, n := range db.Sequences {
		add("SEQUENCE", n)
	}
	for _, table := range db.Tables {
		add(kindOf[table.Kind], table.Name)
		t.tables[table.Name] = table
	}
	return t
}

func (t there) has(kind string, n catalog.Name) bool {
	return t.objects[catalog.Object{Kind: kind, Name: n}]
}

func (t there) table(n catalog.Name) bool {
	return t.has("TABLE", n) || t.has("FOREIGN TABLE", n) || t.has("MATERIALIZED VIEW", n)
}

// keeps tells what stays as it is when nothing is replaced: of tables that are
// there everything that belongs to them, of other objects the one of the same
// kind and name with what is said about it. kept are the definitions before
// it that stay; all are by ID.
func (t there) keeps(d catalog.Definition, all map[int]catalog.Definition, kept map[int]bool) bool {
	switch d.Kind {
	case "TABLE", "FOREIGN TABLE", "MATERIALIZED VIEW":
		return t.has(d.Kind, d.Name)
	case "TABLE ATTACH":
		return t.table(d.Name)
	case "SHELL TYPE":
		return t.has("TYPE", d.Name)
	case "SEQUENCE":
		return t.has(d.Kind, d.Name) || len(d.Tables) > 0 && t.table(d.Tables[0])
	}
	if len(d.Tables) > 0 {
		return t.table(d.Tables[0])
	}
	switch d.Kind {
	case "ACL", "COMMENT", "SECURITY LABEL", "SEQUENCE OWNED BY":
		schema, _ := strings.CutPrefix(d.Name.Object, "SCHEMA ")
		if t.named[d.Name] || t.has("SCHEMA", catalog.Name{Object: strings.Trim(schema, `"`)}) {
			return true
		}
	}
	// Parts of a view, a domain, a server.
	whole, part := map[string]string{
		"RULE": "VIEW", "TRIGGER": "VIEW", "DEFAULT": "VIEW", "CHECK CONSTRAINT": "DOMAIN", "USER MAPPING": "SERVER",
		"PUBLICATION TABLES IN SCHEMA": "PUBLICATION",
	}[d.Kind]
	if part {
		return slices.ContainsFunc(d.After, func(id int) bool { return all[id].Kind == whole }) &&
			!slices.ContainsFunc(d.After, func(id int) bool { return all[id].Kind == whole && !kept[id] })
	}
	return t.has(d.Kind, d.Name)
}

// Names that exclude one another: relations, and what is a type or brings one.
var (
	relationKinds = []string{"TABLE", "FOREIGN TABLE", "MATERIALIZED VIEW", "VIEW", "SEQUENCE", "INDEX"}
	typeKinds     = []string{"TABLE", "FOREIGN TABLE", "MATERIALIZED VIEW", "VIEW", "TYPE", "DOMAIN"}
	routineKinds  = []string{"FUNCTION", "PROCEDURE", "AGGREGATE"}
)

// clash is the kind of what has the name that a definition would give.
func (t there) clash(d catalog.Definition) string {
	kind := d.Kind
	if kind == "CONSTRAINT" { // one that an index carries
		kind = "INDEX"
	}
	for _, kinds := range [][]string{relationKinds, typeKinds, routineKinds, {kind}} {
		if !slices.Contains(kinds, kind) {
			continue
		}
		for _, k := range kinds {
			if t.has(k, d.Name) {
				return k
			}
		}
	}
	return ""
}

// told says of a definition that it is, or belongs to, a table that is there.
func (t there) told(d catalog.Definition) bool {
	n := d.Name
	if len(d.Tables) > 0 {
		n = d.Tables[0]
	}
	_, ok := t.tables[n]
	return ok
}

// missing leaves out the definitions of what stays at the target as it is.
func (x *expansion) missing(all []catalog.Definition) []catalog.Definition {
	stays := x.there
	switch {
	case x.facts.Target == nil, x.spec.Existing == Fail:
		return all
	case x.spec.Existing == Replace:
		stays = thereAt(&catalog.Database{Others: x.facts.Kept})
	}
	byID, kept := map[int]catalog.Definition{}, map[int]bool{}
	for _, d := range all {
		byID[d.ID] = d
	}
	var list []catalog.Definition
	for _, d := range all {
		// What a view that stays was made from is there anew.
		refresh := d.Kind == "MATERIALIZED VIEW DATA" && (x.spec.Existing == Truncate || x.spec.Existing == Append)
		if stays.keeps(d, byID, kept) && !refresh {
			kept[d.ID] = true
			continue
		}
		list = append(list, d)
	}
	return list
}

// fits refuses, before anything is emptied, what would fail later: a name that
// something else has, a table that cannot take the source's rows.
func (x *expansion) fits(made []catalog.Definition) error {
	if x.facts.Target == nil || x.spec.Existing == Fail || x.spec.Existing == Replace {
		return nil
	}
	var why []string
	comes := map[catalog.Name]bool{} // sequences
	for _, d := range made {
		if d.Kind == "EXTENSION" || d.Kind == "SCHEMA" {
			continue
		}
		if d.Kind == "SEQUENCE" {
			comes[d.Name] = true
		}
		if kind := x.there.clash(d); kind != "" {
			why = append(why, fmt.Sprintf("%s %s cannot be made: there is a %s of that name", strings.ToLower(d.Kind), d.Name, strings.ToLower(kind)))
		}
	}
	if x.spec.Existing != Skip {
		for _, t := range x.facts.Source.Tables {
			if other, ok := x.there.tables[t.Name]; ok {
				why = append(why, x.unlike(t, other)...)
			}
		}
		for _, n := range x.facts.Source.Sequences {
			if len(x.facts.Definitions) > 0 && !comes[n] && !x.there.has("SEQUENCE", n) {
				why = append(why, fmt.Sprintf("sequence %s is not there, and its table stays as it is", n))
			}
		}
	}
	if len(why) == 0 {
		return nil
	}
	e := fault.New(fault.Config, "target.unlike", "%d objects in %s are not as the source needs them, and existing: %s keeps them",
		len(why), x.spec.To, x.spec.Existing)
	for i, w := range why {
		if i == 10 {
			e = e.With("", "and %d more", len(why)-i)
			break
		}
		e = e.With("unlike", "%s", w)
	}
	return e.Hint("existing: replace drops the selected tables and makes them again; or make the target's like the source's")
}

// unlike says why a table that stays cannot take the rows of the source's.
func (x *expansion) unlike(t, other catalog.Table) []string {
	into := x.spec.Existing == Append && t.Kind == catalog.Plain && other.Kind == catalog.Partitioned // its root takes rows
	if !into && (kindOf[t.Kind] != kindOf[other.Kind] || (t.Kind == catalog.Partitioned) != (other.Kind == catalog.Partitioned)) {
		return []string{fmt.Sprintf("%s is a %s, at the source a %s", t.Name, other.Kind, t.Kind)}
	}
	if t.Kind != catalog.Plain {
		return nil
	}
	has := map[string]bool{}
	for _, c := range other.Copied() {
		has[c] = true
	}
	var why []string
	for _, c := range t.Copied() {
		if !has[c] {
			why = append(why, fmt.Sprintf("%s has no column %s to write to", t.Name, c))
		}
	}
	if into {
		why = append(why, x.parts(other)...)
	}
	return append(why, unfilled(t, other)...)
}

// parts says why the partitions of a root cannot take rows together: after a
// crash, what is left must follow from the one mark of a chunk.
func (x *expansion) parts(root catalog.Table) []string {
	var why []string
	of := map[bool]string{} // by whether a crash empties it
	for _, leaf := range x.facts.Target.Leaves(root) {
		if leaf.Kind == catalog.Foreign {
			why = append(why, fmt.Sprintf("%s has the foreign table %s as a partition: its rows are not committed with the others", root.Name, leaf.Name))
			continue
		}
		of[leaf.Unlogged] = leaf.Name.String()
	}
	if len(of) > 1 {
		why = append(why, fmt.Sprintf("%s has logged and unlogged partitions, as %s and %s: a crash would take some rows of a chunk and leave others", root.Name, of[false], of[true]))
	}
	return why
}

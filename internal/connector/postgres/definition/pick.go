package definition

import (
	"cmp"
	"context"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"godwit/internal/catalog"
	"godwit/internal/connector/postgres/dump"
	"godwit/internal/connector/postgres/survey"

	"github.com/jackc/pgx/v5"
)

// node is an entry with what the catalogue knows about it.
type node struct {
	dump.Entry
	name     catalog.Name
	bare     string   // what patterns match
	tables   []uint32 // that it touches
	own      bool     // it is an object; else something said about its dependencies
	out      bool     // touches or needs what is left out
	picked   bool
	resolved bool
}

// picker chooses among the entries of a database.
type picker struct {
	sel      catalog.Selection
	db       *catalog.Database
	nodes    []*node // in order
	byID     map[int]*node
	known    map[survey.Object]survey.Known
	tables   map[uint32]catalog.Name // all there are
	selected map[catalog.Name]*catalog.Table
	sequence map[catalog.Name]bool
	hidden   map[catalog.Name]bool // db.LeftOut
	schemas  map[string]bool       // of selected tables
}

func newPicker(sel catalog.Selection, db *catalog.Database, entries []dump.Entry, objects []survey.Known) *picker {
	p := &picker{
		sel: sel, db: db, byID: map[int]*node{}, known: map[survey.Object]survey.Known{}, tables: map[uint32]catalog.Name{},
		selected: map[catalog.Name]*catalog.Table{}, sequence: map[catalog.Name]bool{}, hidden: map[catalog.Name]bool{}, schemas: map[string]bool{},
	}
	for _, k := range objects {
		p.known[survey.Object{Class: k.Class, OID: k.OID}] = k
		if k.Table {
			p.tables[k.OID] = k.Name()
		}
	}
	for i, t := range db.Tables {
		p.selected[t.Name] = &db.Tables[i]
		p.schemas[t.Name.Schema] = true
	}
	for _, n := range db.Sequences {
		p.sequence[n] = true
	}
	for _, n := range db.LeftOut {
		p.hidden[n] = true
	}
	for _, e := range entries {
		n := &node{Entry: e}
		p.nodes = append(p.nodes, n)
		p.byID[e.ID] = n
	}
	for _, n := range p.nodes {
		p.resolve(n)
	}
	return p
}

// quiet bars the comments that CREATE EXTENSION makes by itself: only the
// extension's owner may repeat them.
func (p *picker) quiet(ctx context.Context, conn *pgx.Conn) error {
	names, err := survey.List(ctx, conn, pgx.RowTo[string], `
		SELECT x.extname::text FROM pg_catalog.pg_extension x JOIN pg_catalog.pg_available_extensions a ON a.name = x.extname
		WHERE a.comment = pg_catalog.obj_description(x.oid, 'pg_extension')`)
	for _, n := range p.nodes {
		if n.Desc == "COMMENT" && len(n.Depends) == 1 && p.byID[n.Depends[0]].Desc == "EXTENSION" && slices.Contains(names, n.name.Object) {
			n.out = true
		}
	}
	return err
}

// resolve gives a node its true name and its tables. What is said about other
// objects (comments, rights, attachments) has those of what it depends on.
func (p *picker) resolve(n *node) {
	if n.resolved {
		return
	}
	n.resolved = true
	class := n.Class
	if n.Desc == "MATERIALIZED VIEW DATA" {
		class = survey.Relation // the archive names the view only
	}
	k, found := p.known[survey.Object{Class: class, OID: n.OID}]
	n.own = found || class != 0
	n.name, n.bare = catalog.Name{Schema: n.Schema, Object: n.Tag}, n.Tag
	if found {
		n.name, n.bare = k.Name(), k.Bare
		for _, t := range []uint32{k.First, k.Second} {
			if _, ok := p.tables[t]; ok && !slices.Contains(n.tables, t) {
				n.tables = append(n.tables, t)
			}
		}
		return
	}
	for _, id := range n.Depends {
		d := p.byID[id]
		p.resolve(d)
		for _, t := range d.tables {
			if !slices.Contains(n.tables, t) {
				n.tables = append(n.tables, t)
			}
		}
	}
	if !strings.HasSuffix(n.Desc, "ATTACH") && class == 0 {
		if i := slices.IndexFunc(n.Depends, func(id int) bool { return p.byID[id].own }); i >= 0 {
			n.name = p.byID[n.Depends[i]].name
		}
	}
}

// pick chooses and numbers.
func (p *picker) pick() ([]catalog.Definition, error) {
	p.bar()
	for _, n := range p.nodes {
		if n.own && p.wanted(n) {
			if n.out {
				p.hide(n)
				continue
			}
			p.take(n)
		}
	}
	for changed := true; changed; {
		changed = false
		for _, n := range p.nodes {
			if !n.picked && p.follows(n) {
				p.take(n)
				changed = true
			}
		}
	}
	if err := p.torn(); err != nil {
		return nil, err
	}
	id := map[int]int{}
	var picked []*node
	for _, n := range p.nodes {
		if n.picked {
			picked = append(picked, n)
			id[n.ID] = len(picked)
		}
	}
	p.tell(picked)
	p.omitKeys()
	all := make([]catalog.Definition, 0, len(picked))
	for _, n := range picked {
		all = append(all, n.definition(id, p.tables))
	}
	return all, nil
}

// bar finds what cannot be had: what touches a table that is left out, and
// what needs something like that.
func (p *picker) bar() {
	for _, n := range p.nodes {
		n.out = n.out || survey.Ours(n.name.Schema) || n.Desc == "SCHEMA" && survey.Ours(n.name.Object) || secretive(n.Entry)
		if n.Desc == "SEQUENCE" {
			continue // a selected table may use one that another table owns
		}
		for _, t := range n.tables {
			n.out = n.out || p.selected[p.tables[t]] == nil
		}
		n.out = n.out || n.Desc == "VIEW" && p.hidden[n.name]
	}
	for changed := true; changed; {
		changed = false
		for _, n := range p.nodes {
			if !n.out && slices.ContainsFunc(n.Depends, func(id int) bool { return p.byID[id].out && needs(n, p.byID[id]) }) {
				n.out, changed = true, true
			}
		}
	}
}

// needs reports whether n cannot be made without d. The archive lets a
// partition depend on its root and its indexes on the root's, though they are
// made alone and attached later; what is wrong with a table is told by torn.
func needs(n, d *node) bool {
	switch n.Desc {
	case "TABLE", "FOREIGN TABLE":
		return false
	case "INDEX", "CONSTRAINT":
		return len(d.tables) == 0
	}
	return true
}

var password = regexp.MustCompile(`(?i)\bpassword\b`)

// secretive reports whether a definition would carry a password into journal
// and plan.
func secretive(e dump.Entry) bool { return e.Desc == "USER MAPPING" && password.MatchString(e.SQL) }

// wanted reports whether the patterns select an object.
func (p *picker) wanted(n *node) bool {
	switch {
	case n.Desc == "SCHEMA":
		return p.schema(n.name.Object)
	case n.Desc == "SEQUENCE":
		return p.sequence[n.name]
	case strings.HasPrefix(n.Desc, "PUBLICATION TABLE"), n.Desc == "CHECK CONSTRAINT" && len(n.tables) == 0:
		return false // with what they belong to: follows
	case n.Desc == "DEFAULT ACL" && n.Schema != "":
		return p.sel.Whole(n.Schema)
	case len(n.tables) > 0:
		return !slices.ContainsFunc(n.tables, func(t uint32) bool { return p.selected[p.tables[t]] == nil })
	case n.name.Schema == "":
		return survey.WholeDatabase(p.sel)
	}
	return p.sel.Match(catalog.Name{Schema: n.name.Schema, Object: n.bare})
}

func (p *picker) schema(name string) bool { return p.schemas[name] || p.sel.Whole(name) }

// follows reports whether something said about others goes with them.
func (p *picker) follows(n *node) bool {
	if n.out || n.own && p.wanted(n) {
		return false // decided
	}
	if n.own && !strings.HasPrefix(n.Desc, "PUBLICATION TABLE") && n.Desc != "CHECK CONSTRAINT" {
		return false
	}
	if len(n.Depends) == 0 { // said about what every database has
		if schema, ok := strings.CutPrefix(n.Tag, "SCHEMA "); ok {
			return p.schema(strings.Trim(schema, `"`))
		}
		return survey.WholeDatabase(p.sel)
	}
	return !slices.ContainsFunc(n.Depends, func(id int) bool { return !p.byID[id].picked })
}

// take picks a node and all that it needs.
func (p *picker) take(n *node) {
	if n.picked || n.out {
		return
	}
	n.picked = true
	for _, id := range n.Depends {
		p.take(p.byID[id])
	}
}

// hide tells that something selected is left out. Foreign keys and the like
// go with the table that is.
func (p *picker) hide(n *node) {
	if len(n.tables) == 0 && !survey.Ours(n.name.Schema) && !p.hidden[n.name] && n.Desc != "SCHEMA" {
		p.hidden[n.name] = true
		p.db.LeftOut = append(p.db.LeftOut, n.name)
	}
}

// omitKeys tells which foreign keys of selected tables are not made, since they
// refer to tables that are not selected.
func (p *picker) omitKeys() {
	for _, n := range p.nodes {
		if n.Desc != "FK CONSTRAINT" || len(n.tables) != 2 || p.selected[p.tables[n.tables[0]]] == nil || p.selected[p.tables[n.tables[1]]] != nil {
			continue
		}
		of, to := p.tables[n.tables[0]], p.tables[n.tables[1]]
		p.db.Omitted = append(p.db.Omitted, catalog.Omission{
			Code: "selection.keys", What: "1 foreign key", Why: fmt.Sprintf("%s of %s refers to %s, which is not selected; once that is at the target: %s",
				n.bare, of, to, strings.Join(strings.Fields(n.SQL), " ")),
		})
	}
}

// tell adds to db.Others what is not selected but needed: clearing has to know.
func (p *picker) tell(picked []*node) {
	there := map[catalog.Object]bool{}
	for _, o := range p.db.Others {
		there[o] = true
	}
	for _, n := range picked {
		o := catalog.Object{Kind: n.Desc, Name: n.name}
		if n.own && (p.known[survey.Object{Class: n.Class, OID: n.OID}].Other || n.Desc == "VIEW") && !there[o] {
			there[o] = true
			p.db.Others = append(p.db.Others, o)
		}
	}
}

// torn refuses a selection from which a selected table cannot be made as it is.
func (p *picker) torn() error {
	var texts []string
	for _, n := range p.nodes {
		if len(n.tables) == 0 || !n.own || !p.wanted(n) {
			continue
		}
		for _, id := range n.Depends {
			d := p.byID[id]
			if !d.out || !n.out && !p.tears(n, d) {
				continue
			}
			texts = append(texts, fmt.Sprintf("%s %s needs %s %s", strings.ToLower(n.Desc), n.name, strings.ToLower(d.Desc), d.name))
		}
	}
	if len(texts) == 0 {
		return nil
	}
	slices.Sort(texts)
	return survey.Torn(strings.Join(slices.Compact(texts), "; "))
}

// tears reports whether a table's definition names d, other than as the root
// it is attached to later.
func (p *picker) tears(n, d *node) bool {
	if n.Desc != "TABLE" && n.Desc != "FOREIGN TABLE" {
		return false
	}
	t := p.selected[n.name]
	return t == nil || t.Parent == nil || cmp.Compare(t.Parent.String(), d.name.String()) != 0
}

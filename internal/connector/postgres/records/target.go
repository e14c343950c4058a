package records

import (
	"context"
	"slices"

	"godwit/internal/catalog"
	"godwit/internal/connector"
	"godwit/internal/connector/postgres/relations"
	"godwit/internal/connector/postgres/survey"
	"godwit/internal/connector/postgres/typed"
	"godwit/internal/fault"

	"github.com/jackc/pgx/v5"
)

// attribute is a column of a table that is written to.
type attribute struct {
	Table     int // place in the list, from 1
	Name      string
	OID       uint32
	Modifier  int32
	NotNull   bool
	Default   bool
	Generated bool
	Identity  string // a: GENERATED ALWAYS AS IDENTITY, d: BY DEFAULT
	t         typed.Type
}

// attributes reads the columns of tables; a table that is not there is a fault.
func attributes(ctx context.Context, conn *pgx.Conn, tables []catalog.Name) ([][]attribute, error) {
	if err := allThere(ctx, conn, tables); err != nil {
		return nil, err
	}
	all, err := survey.List(ctx, conn, func(row pgx.CollectableRow) (a attribute, err error) {
		err = row.Scan(&a.Table, &a.Name, &a.OID, &a.Modifier, &a.NotNull, &a.Default, &a.Generated, &a.Identity)
		return a, err
	}, `
		SELECT w.n::int4, a.attname::text, a.atttypid, a.atttypmod, a.attnotnull, a.atthasdef AND a.attgenerated = '',
			a.attgenerated <> '', a.attidentity::text
		FROM unnest($1::text[]) WITH ORDINALITY AS w (name, n)
		JOIN pg_catalog.pg_attribute a ON a.attrelid = pg_catalog.to_regclass(w.name) AND a.attnum > 0 AND NOT a.attisdropped
		ORDER BY w.n, a.attnum`, quoted(tables))
	if err != nil {
		return nil, err
	}
	refs := make([]typed.Ref, len(all))
	for i, a := range all {
		refs[i] = typed.Ref{OID: a.OID, Modifier: a.Modifier}
	}
	types, err := typed.Load(ctx, conn, refs)
	if err != nil {
		return nil, err
	}
	by := make([][]attribute, len(tables))
	for i, a := range all {
		a.t = types[i]
		by[a.Table-1] = append(by[a.Table-1], a)
	}
	return by, nil
}

// target is one table that a writer writes to, as the server knows it.
type target struct {
	connector.Into
	columns []attribute // of Into.Columns
	key     []int       // places in columns
	version int         // place in columns, -1 without
	parent  []int
	// Of the parent's values: the columns of another target that they refer to.
	owner     int // target, -1 when it is not known
	owned     []int
	columnsOf map[string][]string // of the table's constraints, by name
	takers    []string            // triggers that may leave rows out
}

// targets learns all about the tables that records go into.
func targets(ctx context.Context, conn *pgx.Conn, mode string, into []connector.Into) ([]target, error) {
	tables := make([]catalog.Name, len(into))
	for i, t := range into {
		tables[i] = t.Table
	}
	found, err := attributes(ctx, conn, tables)
	if err != nil {
		return nil, err
	}
	if err := relations.NoRules(ctx, conn, mode, tables); err != nil {
		return nil, err
	}
	unique, err := uniques(ctx, conn, tables)
	if err != nil {
		return nil, err
	}
	all := make([]target, len(into))
	for i := range into {
		to := into[i]
		if mode == connector.ModeAppend { // no row is looked for: the server may make its key
			to.Key, to.Parent, to.Version = nil, nil, ""
		}
		if all[i], err = newTarget(to, found[i]); err != nil {
			return nil, err
		}
		if mode == connector.ModeMerge {
			if err := mergeable(all[i], unique[i]); err != nil {
				return nil, err
			}
		}
	}
	if err := watch(ctx, conn, mode, tables, all); err != nil {
		return nil, err
	}
	return all, constraints(ctx, conn, tables, all)
}

func newTarget(into connector.Into, found []attribute) (target, error) {
	t := target{Into: into, version: -1, owner: -1, columnsOf: map[string][]string{}}
	for _, name := range into.Columns {
		i := slices.IndexFunc(found, func(a attribute) bool { return a.Name == name })
		if i < 0 {
			return t, fault.New(fault.Config, "object.missing", "table %s has no column %q", into.Table, name)
		}
		t.columns = append(t.columns, found[i])
	}
	places := func(names []string) (at []int, err error) {
		for _, name := range names {
			i := slices.Index(into.Columns, name)
			if i < 0 {
				return nil, fault.New(fault.Config, "object.missing", "column %q of %s is needed, and nothing is written into it", name, into.Table)
			}
			at = append(at, i)
		}
		return at, nil
	}
	var err error
	if t.key, err = places(into.Key); err != nil {
		return t, err
	}
	if t.parent, err = places(into.Parent); err != nil {
		return t, err
	}
	if into.Version != "" {
		at, err := places([]string{into.Version})
		if err != nil {
			return t, err
		}
		t.version = at[0]
	}
	return t, nil
}

// mergeable refuses a target whose rows its key does not tell apart.
func mergeable(t target, all []unique) error {
	if len(t.Key) == 0 {
		return fault.New(fault.Config, "target.no-unique", "merge into %s needs a key", t.Table)
	}
	if tells(all, t.Key) {
		return nil
	}
	return fault.New(fault.Config, "target.no-unique", "no unique index of %s is over its key alone", t.Table).
		Hint("CREATE UNIQUE INDEX ON %s (%s);", t.Table.SQL(), idents(t.Key))
}

// constraint is one of a table, with what it refers to.
type constraint struct {
	Table   int // place in the list, from 1
	Name    string
	Columns []string
	Refers  *int // to that table of the list, from 1
	Foreign []string
}

// constraints notes the columns of constraints and who owns the rows of parts.
func constraints(ctx context.Context, conn *pgx.Conn, tables []catalog.Name, all []target) error {
	found, err := survey.List(ctx, conn, pgx.RowToStructByPos[constraint], `
		WITH w AS (SELECT pg_catalog.to_regclass(name) AS t, n::int4 FROM unnest($1::text[]) WITH ORDINALITY AS w (name, n))
		SELECT w.n, c.conname::text,
			ARRAY(SELECT a.attname::text FROM unnest(c.conkey) WITH ORDINALITY k (num, i) JOIN pg_catalog.pg_attribute a
				ON a.attrelid = c.conrelid AND a.attnum = k.num ORDER BY k.i),
			(SELECT f.n FROM w f WHERE f.t = c.confrelid ORDER BY f.n LIMIT 1),
			ARRAY(SELECT a.attname::text FROM unnest(c.confkey) WITH ORDINALITY k (num, i) JOIN pg_catalog.pg_attribute a
				ON a.attrelid = c.confrelid AND a.attnum = k.num ORDER BY k.i)
		FROM w JOIN pg_catalog.pg_constraint c ON c.conrelid = w.t ORDER BY w.n, c.conname`, quoted(tables))
	if err != nil {
		return err
	}
	for _, c := range found {
		t := &all[c.Table-1]
		t.columnsOf[c.Name] = c.Columns
		if c.Refers == nil || t.owner >= 0 || len(t.Parent) == 0 || len(c.Columns) != len(t.Parent) || *c.Refers == c.Table {
			continue
		}
		var owned []int
		for _, name := range t.Parent {
			if i := slices.Index(c.Columns, name); i >= 0 {
				if at := slices.Index(all[*c.Refers-1].Columns, c.Foreign[i]); at >= 0 {
					owned = append(owned, at)
				}
			}
		}
		if len(owned) == len(t.Parent) {
			t.owner, t.owned = *c.Refers-1, owned
		}
	}
	return nil
}

func idents(names []string) string {
	text := ""
	for i, n := range names {
		if i > 0 {
			text += ", "
		}
		text += catalog.Quote(n)
	}
	return text
}

package records

import (
	"context"
	"math/big"
	"slices"
	"strings"

	"godwit/internal/catalog"
	"godwit/internal/connector"
	"godwit/internal/connector/postgres/checks"
	"godwit/internal/connector/postgres/records/allowed"
	"godwit/internal/connector/postgres/relations"
	"godwit/internal/connector/postgres/survey"
	"godwit/internal/fault"
	"godwit/internal/nearest"

	"github.com/jackc/pgx/v5"
)

// allThere refuses names that no table has, with those that are spelt nearly so.
func allThere(ctx context.Context, conn *pgx.Conn, tables []catalog.Name) error {
	kinds, err := survey.List(ctx, conn, pgx.RowTo[*string], `
		SELECT (SELECT c.relkind::text FROM pg_catalog.pg_class c WHERE c.oid = pg_catalog.to_regclass(w.name))
		FROM unnest($1::text[]) WITH ORDINALITY AS w (name, n) ORDER BY w.n`, quoted(tables))
	if err != nil {
		return err
	}
	for i, kind := range kinds {
		switch {
		case kind == nil:
			return unknown(ctx, conn, tables[i])
		case !strings.Contains("rpf", *kind):
			return fault.New(fault.Config, "table.unknown", "%s is no table", tables[i])
		}
	}
	return nil
}

func unknown(ctx context.Context, conn *pgx.Conn, table catalog.Name) error {
	type name struct{ Schema, Object string }
	all, err := survey.List(ctx, conn, pgx.RowToStructByPos[name], `
		SELECT n.nspname::text, c.relname::text FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
		WHERE c.relkind IN ('r', 'p', 'f') AND c.relpersistence <> 't' AND n.nspname !~ '^pg_' AND n.nspname NOT IN ('information_schema', 'godwit')
		ORDER BY 1, 2`)
	if err != nil {
		return err
	}
	named := map[string][]string{} // tables by what they are called in whatever schema
	var names []string
	for _, n := range all {
		if named[n.Object] == nil {
			names = append(names, n.Object)
		}
		named[n.Object] = append(named[n.Object], catalog.Name(n).String())
	}
	var near []string
	if name := nearest.Name(table.Object, names); name != "" {
		near = named[name][:min(3, len(named[name]))]
	}
	e := fault.New(fault.Config, "table.unknown", "there is no table %s", table)
	if near != nil {
		e.Hint("did you mean %s?", strings.Join(near, " or "))
	}
	return e
}

// Tables gives tables as records are checked against them: see
// connector.RecordTarget. Values of small reference tables are those of now;
// of tables that are asked for together with theirs they are left out, since
// those may be about to change.
func Tables(ctx context.Context, conn *pgx.Conn, names []catalog.Name) ([]connector.TargetTable, error) {
	found, err := attributes(ctx, conn, names)
	if err != nil {
		return nil, err
	}
	unique, err := uniques(ctx, conn, names)
	if err != nil {
		return nil, err
	}
	said, err := tableChecks(ctx, conn, names)
	if err != nil {
		return nil, err
	}
	refers, err := allowed.Values(ctx, conn, quoted(names))
	if err != nil {
		return nil, err
	}
	logging, err := relations.LoggingOf(ctx, conn, names)
	if err != nil {
		return nil, err
	}
	tables := make([]connector.TargetTable, len(names))
	for i, name := range names {
		l := logging[i]
		t := connector.TargetTable{Name: name, Unlogged: l.Unlogged, Mixed: l.Unlogged && l.Logged}
		t.Key, _ = keyOf(unique[i])
		for _, u := range unique[i] {
			t.Unique = append(t.Unique, u.Columns)
		}
		for _, a := range found[i] {
			c := columnAs(a)
			for _, s := range said {
				if s.Table == i+1 {
					apply(&c, a.Name, s.Name, s.Text)
				}
			}
			if r, ok := refers[allowed.Column{Table: i + 1, Name: a.Name}]; ok && c.In == nil {
				c.In, c.From = r.Values, r.Constraint
			}
			t.Columns = append(t.Columns, c)
		}
		tables[i] = t
	}
	return tables, nil
}

// columnAs is a column by what its type and its own definition say.
func columnAs(a attribute) connector.TargetColumn {
	c := connector.TargetColumn{Name: a.Name, Type: a.t.Type, NotNull: a.NotNull, Generated: a.Generated,
		Default: a.Default || a.Identity != ""}
	if len(a.t.Labels) > 0 {
		c.In, c.From = a.t.Labels, a.t.Name
	}
	for d := a.t.Domain; d != nil; d = d.Next {
		c.NotNull, c.Default = c.NotNull || d.NotNull, c.Default || d.Default
		for _, s := range d.Checks {
			apply(&c, "VALUE", d.Name+"."+s.Name, s.Text)
		}
	}
	return c
}

// apply adds what a check says about a column. Values are texts that are
// compared as such, so only types whose values have one text have a list.
func apply(c *connector.TargetColumn, column, constraint, text string) {
	for _, r := range checks.Parse(text) {
		if r.Column != column {
			continue
		}
		kind := c.Type.Kind
		listed := kind == catalog.KindInt || kind == catalog.KindText && c.Type.Native != "citext"
		if r.In != nil && c.In == nil && listed && !padded(c.Type, r.In) {
			c.In, c.From = r.In, constraint
		}
		if !slices.Contains([]catalog.Kind{catalog.KindInt, catalog.KindDecimal, catalog.KindFloat}, kind) {
			continue
		}
		if r.Min != "" && c.Min == nil {
			c.Min = bound(r.Min, r.AboveMin, kind, 1)
		}
		if r.Max != "" && c.Max == nil {
			c.Max = bound(r.Max, r.BelowMax, kind, -1)
		}
	}
}

// padded reports whether char(n) would fill one of the values with spaces.
func padded(t catalog.Type, values []string) bool {
	return strings.HasPrefix(t.Native, "character(") && slices.ContainsFunc(values, func(v string) bool { return len([]rune(v)) != t.Length })
}

type said struct {
	Table      int
	Name, Text string
}

func tableChecks(ctx context.Context, conn *pgx.Conn, names []catalog.Name) ([]said, error) {
	return survey.List(ctx, conn, pgx.RowToStructByPos[said], `
		SELECT w.n::int4, c.conname::text, pg_catalog.pg_get_constraintdef(c.oid)
		FROM unnest($1::text[]) WITH ORDINALITY AS w (name, n)
		JOIN pg_catalog.pg_constraint c ON c.conrelid = pg_catalog.to_regclass(w.name) AND c.contype = 'c' ORDER BY w.n, c.conname`, quoted(names))
}

// bound is a border as one that passes itself: of whole numbers the next one.
// Of others the border stays; whoever equals it is refused by the server.
func bound(text string, beyond bool, kind catalog.Kind, step int64) *string {
	n, ok := new(big.Rat).SetString(text)
	if !ok {
		return nil
	}
	if beyond && kind == catalog.KindInt {
		if !n.IsInt() {
			return nil
		}
		text = new(big.Int).Add(n.Num(), big.NewInt(step)).String()
	}
	return &text
}

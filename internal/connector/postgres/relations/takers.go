package relations

import (
	"context"
	"fmt"

	"godwit/internal/catalog"
	"godwit/internal/connector"
	"godwit/internal/connector/postgres/survey"
	"godwit/internal/fault"

	"github.com/jackc/pgx/v5"
)

// NoRules refuses tables whose rules would see to the statements of a mode. COPY
// knows no rules and INSERT does: the same record would go two ways, and the
// server's counts say nothing about rows that a rule has put elsewhere.
func NoRules(ctx context.Context, conn *pgx.Conn, mode string, tables []catalog.Name) error {
	type rule struct {
		Table int
		Name  string
	}
	events := "3"
	if mode != connector.ModeAppend {
		events = "234"
	}
	found, err := survey.List(ctx, conn, pgx.RowToStructByPos[rule], `
		SELECT w.n::int4, r.rulename::text FROM unnest($1::text[]) WITH ORDINALITY AS w (name, n)
		JOIN pg_catalog.pg_rewrite r ON r.ev_class = pg_catalog.to_regclass(w.name)
		WHERE r.ev_enabled IN ('O', 'A') AND pg_catalog.strpos($2, r.ev_type::text) > 0 ORDER BY w.n, r.rulename`, quoted(tables), events)
	if err != nil || len(found) == 0 {
		return err
	}
	t := tables[found[0].Table-1]
	return fault.New(fault.Config, "target.rules", "table %s has rule %s: where its rows go cannot be told", t, found[0].Name).
		Hint("a trigger does what a rule does, and is met by every record").
		Hint("ALTER TABLE %s DISABLE RULE %s; while records are loaded", t.SQL(), catalog.Quote(found[0].Name))
}

// takers are the triggers that may leave rows of the tables out, of their
// partitions and heirs too.
const takers = `
	WITH RECURSIVE w AS (SELECT pg_catalog.to_regclass(name)::oid AS t, n::int4 FROM unnest(%s) WITH ORDINALITY AS w (name, n)),
		tree AS (SELECT w.n, w.t FROM w UNION SELECT tree.n, i.inhrelid FROM tree JOIN pg_catalog.pg_inherits i ON i.inhparent = tree.t)
	SELECT tree.n, g.tgname::text, tree.t::pg_catalog.regclass::text FROM tree JOIN pg_catalog.pg_trigger g ON g.tgrelid = tree.t
	WHERE g.tgtype & 3 = 3 AND g.tgtype & %d <> 0 AND g.tgenabled IN ('O', 'A') AND NOT g.tgisinternal`

// Takers is the query for triggers that may leave rows of the tables out in a
// mode, of their partitions and heirs too: place, name and table. The tables are
// SQL for a list of names.
func Takers(tables, mode string) string {
	events := 4 // of tgtype: INSERT
	if mode != connector.ModeAppend {
		events |= 8 | 16 // DELETE, UPDATE
	}
	return fmt.Sprintf(takers, tables, events)
}

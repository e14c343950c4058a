// Package issuetable keeps issues in a table of a PostgreSQL database, for people
// to ask. Start at Keep.
package issuetable

import (
	"context"
	"fmt"
	"strings"
	"time"

	"godwit/internal/catalog"
	"godwit/internal/connector"
	"godwit/internal/connector/postgres/sqlstate"
	"godwit/internal/fault"

	"github.com/jackc/pgx/v5"
)

// columns of the table with their types. The first is its key.
var columns = []struct{ name, kind string }{
	{"id", "text"}, {"flow", "text"}, {"env", "text"}, {"step", "text"}, {"entity", "text"}, {"key", "text"}, {"rule", "text"}, {"field", "text"},
	{"value", "text"}, {"severity", "text"}, {"what", "text"}, {"hint", "text"}, {"owner", "text"}, {"status", "text"},
	{"first_seen", "timestamptz"}, {"last_seen", "timestamptz"}, {"times", "bigint"}, {"run", "text"}, {"as_of", "bigint"},
}

// Keep is connector.IssueKeeper's, on a session that changes nothing else.
func Keep(ctx context.Context, conn *pgx.Conn, table catalog.Name, asOf int64, rows []connector.IssueRow) error {
	name := pgx.Identifier{table.Schema, table.Object}.Sanitize()
	if err := ready(ctx, conn, table, name); err != nil {
		return err
	}
	if len(rows) == 0 {
		return nil
	}
	_, err := conn.Exec(ctx, upsert(name), arrays(asOf, rows)...)
	if sqlstate.Of(err) == "42703" { // no such column
		return fault.New(fault.Config, "issues.table", "%s is another table: it has not the columns of issues", table).
			Hint("name another table in issues of godwit.yaml; it is made when it is not there")
	}
	return sqlstate.Translate(err)
}

// ready makes the table where there is none. Somebody else may do so at the same
// time: then it is there.
func ready(ctx context.Context, conn *pgx.Conn, table catalog.Name, name string) error {
	var schema, there bool
	look := func() error {
		return conn.QueryRow(ctx, `SELECT EXISTS (SELECT FROM pg_catalog.pg_namespace WHERE nspname = $1),
			EXISTS (SELECT FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = $1 AND c.relname = $2)`,
			table.Schema, table.Object).Scan(&schema, &there)
	}
	if err := look(); err != nil || there {
		return sqlstate.Translate(err)
	}
	_, err := conn.Exec(ctx, definition(table, name, schema), pgx.QueryExecModeSimpleProtocol)
	if err == nil {
		return nil
	}
	if again := look(); again == nil && there {
		return nil
	}
	return sqlstate.Translate(err)
}

func definition(table catalog.Name, name string, schema bool) string {
	var b strings.Builder
	if !schema {
		fmt.Fprintf(&b, "CREATE SCHEMA %s;\n", pgx.Identifier{table.Schema}.Sanitize())
	}
	fmt.Fprintf(&b, "CREATE TABLE %s (", name)
	for i, c := range columns {
		if i > 0 {
			b.WriteString(", ")
		}
		fmt.Fprintf(&b, "%q %s NOT NULL", c.name, c.kind)
	}
	b.WriteString(", PRIMARY KEY (id));\n")
	for _, on := range []string{"entity, key", "status, rule", "owner, status"} {
		fmt.Fprintf(&b, "CREATE INDEX ON %s (%s);\n", name, on)
	}
	return b.String()
}

// upsert takes one array for each column.
func upsert(name string) string {
	var names, values, sets []string
	for i, c := range columns {
		names = append(names, fmt.Sprintf("%q", c.name))
		values = append(values, fmt.Sprintf("$%d::%s[]", i+1, c.kind))
		if i > 0 {
			sets = append(sets, fmt.Sprintf("%q = excluded.%q", c.name, c.name))
		}
	}
	return fmt.Sprintf(`INSERT INTO %s AS t (%s) SELECT * FROM unnest(%s) ON CONFLICT (id) DO UPDATE SET %s WHERE t.as_of <= excluded.as_of`,
		name, strings.Join(names, ", "), strings.Join(values, ", "), strings.Join(sets, ", "))
}

func arrays(asOf int64, rows []connector.IssueRow) []any {
	texts := make([][]string, 15)
	var first, last []time.Time
	var times, asOfs []int64
	for _, r := range rows {
		for i, text := range []string{r.ID, r.Flow, r.Env, r.Step, r.Entity, r.Key, r.Rule, r.Field, r.Value, r.Severity, r.Text, r.Hint, r.Owner, r.Status, r.Run} {
			texts[i] = append(texts[i], safe(text))
		}
		first, last = append(first, r.First), append(last, r.Last)
		times, asOfs = append(times, r.Times), append(asOfs, asOf)
	}
	args := make([]any, 0, len(columns))
	for _, t := range texts[:14] {
		args = append(args, t)
	}
	return append(args, first, last, times, texts[14], asOfs)
}

// safe is a text that a server with UTF-8 takes.
func safe(text string) string {
	return strings.ToValidUTF8(strings.ReplaceAll(text, "\x00", "\ufffd"), "\ufffd")
}

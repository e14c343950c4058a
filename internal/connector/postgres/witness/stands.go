package witness

import (
	"context"

	"godwit/internal/catalog"
	"godwit/internal/connector"
	"godwit/internal/connector/postgres/sqlstate"
	"godwit/internal/connector/postgres/survey"
	"godwit/internal/fault"
	"godwit/internal/record"

	"github.com/jackc/pgx/v5"
)

// Session is one with an open transaction. Fault says what an error of its means.
type Session struct {
	Conn  *pgx.Conn
	Fault func(context.Context, error) error
}

// ReadRows is the connector.RowReader's: see Rows.
func (s Session) ReadRows(ctx context.Context, into connector.Into, columns []string, page []record.Mapped) ([][]any, error) {
	rows, err := Rows(ctx, s.Conn, into, columns, page)
	return rows, fault.Wrap(s.Fault(ctx, err), "read rows of %s back", into.Table)
}

// Stands is the connector.RowWitness's: see Stands.
func (s Session) Stands(ctx context.Context, tables []connector.KnownBy) ([]connector.Standing, error) {
	all, err := Stands(ctx, s.Conn, tables)
	return all, fault.Wrap(s.Fault(ctx, err), "look at tables that rows were written to")
}

// Stands is the connector.RowWitness's, in the transaction that is open in a session.
// Reading a column takes the weakest lock that TRUNCATE waits for, and the right to
// that column alone; nothing is read. Then the table is looked at: it stays so.
func Stands(ctx context.Context, conn *pgx.Conn, tables []connector.KnownBy) ([]connector.Standing, error) {
	names, columns := make([]string, len(tables)), make([]string, len(tables))
	for i, t := range tables {
		names[i], columns[i] = t.Table.SQL(), t.Column
	}
	readable, err := survey.List(ctx, conn, pgx.RowTo[bool], `
		SELECT coalesce(pg_catalog.has_column_privilege(a.attrelid, a.attnum, 'SELECT') AND NOT pg_catalog.row_security_active(a.attrelid), false)
		FROM unnest($1::text[], $2::text[]) WITH ORDINALITY AS w (name, col, n)
		LEFT JOIN pg_catalog.pg_attribute a ON a.attrelid = pg_catalog.to_regclass(w.name) AND a.attname = w.col AND a.attnum > 0 AND NOT a.attisdropped
		ORDER BY w.n`, names, columns)
	if err != nil {
		return nil, err
	}
	for i, can := range readable {
		if !can {
			continue
		}
		if _, err := conn.Exec(ctx, "SELECT "+catalog.Quote(columns[i])+" FROM "+names[i]+" LIMIT 0"); err != nil {
			return nil, sqlstate.Translate(err)
		}
	}
	// As catalog.Table has it (OID and file node), of partitions theirs too. A crash
	// empties what is unlogged and leaves its file node: it also makes all statistics
	// anew, and says so to everybody.
	type stands struct{ Made, Database string }
	made, err := survey.List(ctx, conn, pgx.RowToStructByPos[stands], `
		WITH RECURSIVE tree AS (
			SELECT w.n, c.oid, c.relkind, c.relfilenode, c.relpersistence FROM unnest($1::text[]) WITH ORDINALITY AS w (name, n)
			LEFT JOIN pg_catalog.pg_class c ON c.oid = pg_catalog.to_regclass(w.name)
			UNION ALL SELECT tree.n, c.oid, c.relkind, c.relfilenode, c.relpersistence FROM tree
			JOIN pg_catalog.pg_inherits i ON i.inhparent = tree.oid AND tree.relkind = 'p' JOIN pg_catalog.pg_class c ON c.oid = i.inhrelid)
		SELECT coalesce(pg_catalog.string_agg(oid || '/' || relfilenode || CASE WHEN relpersistence = 'u'
				THEN '@' || coalesce(extract(epoch FROM pg_catalog.pg_stat_get_bgwriter_stat_reset_time()), 0) ELSE '' END, ',' ORDER BY oid), ''),
			(SELECT (SELECT system_identifier FROM pg_catalog.pg_control_system()) || '/' || d.oid FROM pg_catalog.pg_database d WHERE d.datname = current_database())
		FROM tree GROUP BY n ORDER BY n`, names)
	if err != nil {
		return nil, err
	}
	all := make([]connector.Standing, len(tables))
	for i := range all {
		all[i] = connector.Standing{Database: made[i].Database, Made: made[i].Made, Readable: readable[i]}
	}
	return all, nil
}

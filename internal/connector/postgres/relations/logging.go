package relations

import (
	"context"

	"godwit/internal/catalog"
	"godwit/internal/connector/postgres/survey"
	"godwit/internal/fault"

	"github.com/jackc/pgx/v5"
)

// Logging tells of tables whether a crash of the server keeps their rows and
// whether one empties them: of partitions and heirs, which hold them, some may be
// logged and some not.
type Logging struct{ Logged, Unlogged bool }

// LoggingOf looks at the tables as they are now.
func LoggingOf(ctx context.Context, conn *pgx.Conn, tables []catalog.Name) ([]Logging, error) {
	return survey.List(ctx, conn, pgx.RowToStructByPos[Logging], `
		WITH RECURSIVE w AS (SELECT pg_catalog.to_regclass(name)::oid AS t, n FROM unnest($1::text[]) WITH ORDINALITY AS w (name, n)),
			tree AS (SELECT w.n, w.t FROM w UNION SELECT tree.n, i.inhrelid FROM tree JOIN pg_catalog.pg_inherits i ON i.inhparent = tree.t)
		SELECT coalesce(pg_catalog.bool_or(c.relkind <> 'p' AND c.relpersistence <> 'u'), false), coalesce(pg_catalog.bool_or(c.relkind <> 'p' AND c.relpersistence = 'u'), false)
		FROM tree LEFT JOIN pg_catalog.pg_class c ON c.oid = tree.t GROUP BY tree.n ORDER BY tree.n`, quoted(tables))
}

// Logged refuses tables whose rows a crash takes while their chunk's mark stays,
// or the other way round: they were altered, or got a partition, after the load
// was planned.
func Logged(ctx context.Context, conn *pgx.Conn, tables []catalog.Name, unlogged bool) error {
	all, err := LoggingOf(ctx, conn, tables)
	if err != nil {
		return err
	}
	for i, l := range all {
		if unlogged && l.Logged || !unlogged && l.Unlogged {
			is := map[bool]string{false: "logged", true: "unlogged"}
			return fault.New(fault.Config, "target.logging", "%s was %s when the load was planned, and is %s now, or a part of it is", tables[i], is[unlogged], is[!unlogged]).
				Hint("ALTER TABLE ... SET LOGGED or SET UNLOGGED makes it as it was")
		}
	}
	return nil
}

package relations

import (
	"context"
	"slices"
	"strings"

	"godwit/internal/catalog"
	"godwit/internal/connector/postgres/sqlstate"
	"godwit/internal/connector/postgres/survey"
	"godwit/internal/fault"

	"github.com/jackc/pgx/v5"
)

// PathOfRole: what people write is read with the search_path that their role has there;
// the fixed settings have none.
const PathOfRole = "SET LOCAL search_path TO DEFAULT"

// AsRole gives the transaction the search_path that its role has: what people
// write, and triggers, are read with it. Where schemas stand before pg_catalog in
// it, their operators over the server's own types would be taken in our
// conditions, too; which operator a key's order goes by cannot be written by
// name for all types, so such a path is refused.
func AsRole(ctx context.Context, conn *pgx.Conn) error {
	results, err := conn.PgConn().Exec(ctx, PathOfRole+"; SELECT pg_catalog.array_to_string(pg_catalog.current_schemas(true), E'\\n')").ReadAll()
	if err != nil {
		return sqlstate.Translate(err)
	}
	path := strings.Split(string(results[len(results)-1].Rows[0][0]), "\n")
	before := slices.DeleteFunc(path[:max(0, slices.Index(path, "pg_catalog"))], func(schema string) bool { return strings.HasPrefix(schema, "pg_temp") })
	if len(before) == 0 {
		return nil
	}
	type overload struct{ Schema, Name, Role string }
	found, err := survey.List(ctx, conn, pgx.RowToStructByPos[overload], `
		SELECT n.nspname::pg_catalog.text, o.name::pg_catalog.text, CURRENT_USER::pg_catalog.text FROM pg_catalog.pg_namespace n JOIN (
			SELECT oprnamespace AS n, oprname AS name FROM pg_catalog.pg_operator
			WHERE oprname::pg_catalog.text OPERATOR(pg_catalog.=) ANY (ARRAY['=', '<>', '<', '<=', '>', '>=']::pg_catalog.text[])
				AND oprleft OPERATOR(pg_catalog.<) 16384 AND oprright OPERATOR(pg_catalog.<) 16384
			UNION ALL SELECT pronamespace, proname FROM pg_catalog.pg_proc
			WHERE proname::pg_catalog.text OPERATOR(pg_catalog.=) ANY (ARRAY['count', 'min', 'max', 'unnest', 'generate_series', 'row_number']::pg_catalog.text[])
			UNION ALL SELECT typnamespace, typname FROM pg_catalog.pg_type
			WHERE typname::pg_catalog.text OPERATOR(pg_catalog.=) ANY (ARRAY['text', 'int8', 'int4', 'regclass']::pg_catalog.text[])
		) o ON o.n OPERATOR(pg_catalog.=) n.oid
		WHERE n.nspname::pg_catalog.text OPERATOR(pg_catalog.=) ANY ($1::pg_catalog.text[]) LIMIT 1`, before)
	if err != nil || len(found) == 0 {
		return err
	}
	f := found[0]
	return fault.New(fault.Config, "login.search-path", "the search_path of role %s has %s before pg_catalog, and with it %s.%s: comparisons would not mean what the server's own do",
		f.Role, f.Schema, f.Schema, f.Name).
		Hint("ALTER ROLE %s SET search_path = pg_catalog, ...;", catalog.Quote(f.Role)).
		Hint("or give the connection a path of its own: options=-csearch_path=%s", f.Schema)
}

// LikeAll has triggers and foreign keys work for this transaction as they do for
// everybody else, whatever the role's own setting.
func LikeAll(ctx context.Context, conn *pgx.Conn) error {
	_, err := conn.PgConn().Exec(ctx, `SELECT pg_catalog.set_config('session_replication_role', 'origin', true)
		WHERE pg_catalog.current_setting('session_replication_role') OPERATOR(pg_catalog.<>) 'origin'`).ReadAll()
	err = sqlstate.Translate(err)
	if fault.CodeOf(err) != "right.missing" {
		return err
	}
	role := catalog.Quote(conn.Config().User)
	return fault.New(fault.Denied, "right.missing", "foreign keys and triggers rest for role %s, and it may not have them work: %w", role, err).
		Hint("ALTER ROLE %s RESET session_replication_role;", role)
}

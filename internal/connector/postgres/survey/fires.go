package survey

import (
	"context"

	"godwit/internal/catalog"
	"godwit/internal/fault"

	"github.com/jackc/pgx/v5"
)

// firesSQL lists what is set off by rows that are deleted from a table and put
// in again, under this session's role of replication: triggers and DELETE
// rules (COPY knows none), and the actions of foreign keys, which are internal
// triggers of the referenced table. Checks of foreign keys only pass or fail.
// Before PostgreSQL 15 a partition's copy of its root's trigger counts as
// internal, but belongs to no constraint. tgtype: 4 is INSERT, 8 DELETE.
const firesSQL = `
	WITH mode AS (SELECT ARRAY['A', CASE current_setting('session_replication_role') WHEN 'replica' THEN 'R' ELSE 'O' END] AS fires)
	SELECT CASE WHEN k.oid IS NOT NULL AND t.tgisinternal THEN format('foreign key %I of %s', k.conname, k.conrelid::regclass)
		ELSE format('trigger %I', t.tgname) END
	FROM mode, pg_trigger t LEFT JOIN pg_constraint k ON k.oid = t.tgconstraint JOIN pg_proc p ON p.oid = t.tgfoid
	WHERE t.tgrelid = $1::text::regclass AND t.tgenabled::text = ANY (mode.fires) AND CASE
		WHEN NOT t.tgisinternal OR t.tgconstraint = 0 THEN t.tgtype & 12 <> 0
		ELSE p.proname IN ('RI_FKey_cascade_del', 'RI_FKey_setnull_del', 'RI_FKey_setdefault_del') END
	UNION
	SELECT format('rule %I', r.rulename) FROM mode, pg_rewrite r
	WHERE r.ev_class = $1::text::regclass AND r.ev_type = '4' AND r.ev_enabled::text = ANY (mode.fires)
	ORDER BY 1`

// Fires names what is set off by rows that are deleted from a table and put in
// again.
func Fires(ctx context.Context, conn *pgx.Conn, table catalog.Name) ([]string, error) {
	names, err := List(ctx, conn, pgx.RowTo[string], firesSQL, table.SQL())
	return names, fault.Wrap(err, "look at the triggers of %s", table)
}

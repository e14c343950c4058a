package survey

import (
	"context"
	"fmt"
	"strings"

	"godwit/internal/catalog"
	"godwit/internal/connector"
	"godwit/internal/connector/postgres/dump"
	"godwit/internal/fault"

	"github.com/jackc/pgx/v5"
)

var sourceChecks = []check{
	{"tools.version", "pg_dump is new enough for the server", checkTools},
	{"right.read", "every table, sequence and large object can be read", checkReading},
	{"right.policies", "no row security policy hides rows", checkPolicies},
	{"locks.few", "the lock table holds a lock on every table", checkLocks},
	{"connections.few", "there is room for more sessions", checkConnections},
	{"transactions.old", "no old or prepared transactions", checkOldTransactions},
	{"standby.conflicts", "reading will not be cancelled by replay", checkStandby},
	{"table.keyless", "every table has a key", checkKeys},
	{"table.unlogged", "no unlogged tables", checkUnlogged},
	{"index.invalid", "no invalid indexes", checkIndexes},
	{"extension.rows", "no extension keeps rows of yours", checkExtensionRows},
	{"selection.objects", "nothing else is left out", checkOmitted},
	{"secrets.left-out", "no definition carries a password", checkSecrets},
	{"values.large", "values over 512 MiB are not looked for; a column that holds one is copied in binary only", fine},
	{"schema.changes", "nothing reads tables here", remind},
}

func fine(context.Context, *examination) error { return nil }

// remind says what cannot be checked.
func remind(_ context.Context, x *examination) error {
	if x.facts.Reader != "" {
		x.add(connector.Warns, "schema.changes", "", "an ALTER TABLE during the %s waits for the table's readers, and everybody behind it: change no definitions meanwhile", x.facts.Reader)
	}
	return nil
}

func checkTools(ctx context.Context, x *examination) error {
	_, err := dump.Find(ctx, x.here.Number/10000)
	if fault.CodeOf(err) != "tools.version" {
		return err
	}
	f := fault.Of(err)
	x.add(connector.Blocks, f.Code, "", "%s", f.Text).Or = f.Next
	return nil
}

// refusedRight is an object that may not be read, with what would allow it.
type refusedRight struct{ Object, Fix string }

// largeObject begins what a large object is called.
const largeObject = "large object "

// checkReading asks for all tables, selected or not: pg_dump locks each of
// them before it reads definitions, and may only with the right to read.
func checkReading(ctx context.Context, x *examination) error {
	refused, err := List(ctx, x.conn, pgx.RowToStructByPos[refusedRight], `
		SELECT quote_ident(n.nspname), format('GRANT USAGE ON SCHEMA %I TO %I', n.nspname, current_user)
		FROM pg_namespace n WHERE NOT `+Foreigners+` AND NOT has_schema_privilege(n.oid, 'USAGE')
		UNION ALL
		SELECT format('%I.%I', n.nspname, c.relname), format('GRANT SELECT ON %I.%I TO %I', n.nspname, c.relname, current_user)
		FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
		WHERE c.relkind IN ('r', 'p', 'm', 'S') AND c.relpersistence <> 't' AND NOT `+Foreigners+`
			AND `+NotOfExtension("pg_class", "c.oid")+` AND NOT CASE c.relkind WHEN 'S' THEN has_sequence_privilege(c.oid, 'SELECT')
				ELSE has_table_privilege(c.oid, 'SELECT') END
		UNION ALL
		SELECT '`+largeObject+`' || l.oid, format('GRANT SELECT ON LARGE OBJECT %s TO %I', l.oid, current_user)
		FROM pg_largeobject_metadata l, pg_roles r
		WHERE r.rolname = current_user AND NOT r.rolsuper AND NOT pg_has_role(l.lomowner, 'USAGE')
			AND NOT EXISTS (SELECT FROM aclexplode(l.lomacl) a WHERE a.privilege_type = 'SELECT'
				AND (a.grantee = 0 OR pg_has_role(a.grantee, 'USAGE')))
		ORDER BY 1`)
	if err != nil || len(refused) == 0 {
		return err
	}
	var names, fixes []string
	objects := 0
	for _, r := range refused {
		if strings.HasPrefix(r.Object, largeObject) {
			objects++
		}
		names, fixes = append(names, r.Object), append(fixes, r.Fix)
	}
	f := x.add(connector.Blocks, "right.read", names[0], "%s may not read %d objects: %s", x.here.User, len(names), some(names))
	f.Fixes = fixes
	if x.here.Number >= 140000 && objects < len(refused) {
		or := fmt.Sprintf("GRANT pg_read_all_data TO %s", catalog.Quote(x.here.User))
		if objects > 0 {
			or += ", which leaves large objects out"
		}
		f.Or = []string{or}
	}
	return nil
}

func checkPolicies(ctx context.Context, x *examination) error {
	names, err := List(ctx, x.conn, pgx.RowTo[string], `
		SELECT format('%I.%I', n.nspname, c.relname) FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace, pg_roles r
		WHERE r.rolname = current_user AND c.relrowsecurity AND NOT r.rolsuper AND NOT r.rolbypassrls AND NOT `+Foreigners+`
			AND (c.relforcerowsecurity OR NOT pg_has_role(c.relowner, 'USAGE')) ORDER BY 1`)
	if err == nil && len(names) > 0 {
		x.add(connector.Blocks, "right.policies", names[0], "row security would hide rows of %s from %s", some(names), x.here.User).
			Fixes = []string{fmt.Sprintf("ALTER ROLE %s BYPASSRLS", catalog.Quote(x.here.User))}
	}
	return err
}

// checkLocks: pg_dump locks all tables in one transaction. The lock table is
// shared, and has room for at least its settings' product.
func checkLocks(ctx context.Context, x *examination) error {
	tables, err := One(ctx, x.conn, pgx.RowTo[int], `SELECT count(*)::int FROM pg_class WHERE relkind IN ('r', 'p')`)
	if err != nil {
		return err
	}
	sessions := x.here.Connections + x.here.MaxPrepared
	if room := x.here.Locks * sessions; tables > room {
		x.add(connector.Blocks, "locks.few", "", "pg_dump locks %d tables at a time, the lock table holds %d", tables, room).Fixes = []string{
			fmt.Sprintf("ALTER SYSTEM SET max_locks_per_transaction = %d -- then restart the server", 2*tables/sessions+64)}
	}
	return nil
}

func checkStandby(ctx context.Context, x *examination) error {
	type standby struct{ Feedback, Delay string }
	s, err := One(ctx, x.conn, pgx.RowToStructByPos[standby],
		`SELECT current_setting('hot_standby_feedback'), current_setting('max_standby_streaming_delay')`)
	if err == nil && x.here.Recovery && s.Feedback == "off" && s.Delay != "-1" {
		x.add(connector.Warns, "standby.conflicts", "", "this is a standby: what it replays may cancel a reader after max_standby_streaming_delay = %s, and with it the snapshot is lost", s.Delay).
			Fixes = []string{"ALTER SYSTEM SET hot_standby_feedback = on", "SELECT pg_reload_conf()"}
	}
	return err
}

func (x *examination) sourceTables(pick func(catalog.Table) bool) []string {
	var names []string
	if x.facts.Source != nil {
		for _, t := range x.facts.Source.Tables {
			if t.Kind == catalog.Plain && pick(t) {
				names = append(names, t.Name.String())
			}
		}
	}
	return names
}

func checkKeys(_ context.Context, x *examination) error {
	if names := x.sourceTables(func(t catalog.Table) bool { return len(t.Key) == 0 }); len(names) > 0 {
		x.add(connector.Warns, "table.keyless", names[0], "tables without a key (%d) are verified as multisets, repaired as a whole: %s", len(names), some(names))
	}
	return nil
}

func checkUnlogged(_ context.Context, x *examination) error {
	if names := x.sourceTables(func(t catalog.Table) bool { return t.Unlogged }); len(names) > 0 {
		x.add(connector.Warns, "table.unlogged", names[0], "%d tables are unlogged: a crash of the target empties them: %s", len(names), some(names))
	}
	return nil
}

func checkIndexes(ctx context.Context, x *examination) error {
	names, err := List(ctx, x.conn, pgx.RowTo[string], `
		SELECT format('%I.%I', n.nspname, c.relname) FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid
			JOIN pg_namespace n ON n.oid = c.relnamespace
		WHERE NOT i.indisvalid AND c.relkind = 'i' AND NOT `+Foreigners+` ORDER BY 1`)
	if err == nil && len(names) > 0 {
		f := x.add(connector.Warns, "index.invalid", names[0], "%d indexes are invalid and not copied: %s", len(names), some(names))
		for _, n := range names {
			f.Fixes = append(f.Fixes, "REINDEX INDEX CONCURRENTLY "+n)
		}
	}
	return err
}

// checkExtensionRows finds rows that pg_extension_config_dump marks as the
// user's in an extension's table.
func checkExtensionRows(ctx context.Context, x *examination) error {
	type configured struct{ Extension, Table, Condition string }
	tables, err := List(ctx, x.conn, pgx.RowToStructByPos[configured], `
		SELECT x.extname::text, format('%I.%I', n.nspname, c.relname), coalesce(x.extcondition[u.i], '')
		FROM pg_extension x, LATERAL unnest(x.extconfig) WITH ORDINALITY u(oid, i)
			JOIN pg_class c ON c.oid = u.oid JOIN pg_namespace n ON n.oid = c.relnamespace
		WHERE c.relkind = 'r' AND has_table_privilege(c.oid, 'SELECT') ORDER BY 1, 2`)
	if err != nil {
		return err
	}
	for _, t := range tables {
		rows, err := One(ctx, x.conn, pgx.RowTo[int64], "SELECT count(*) FROM "+t.Table+" "+t.Condition)
		if err != nil {
			return err
		}
		if rows > 0 {
			x.add(connector.Warns, "extension.rows", t.Table, "extension %s keeps %d rows of yours in %s: they are not copied", t.Extension, rows, t.Table)
		}
	}
	return nil
}

// checkSecrets names what is left out because it would carry passwords into
// plan and journal.
func checkSecrets(ctx context.Context, x *examination) error {
	names, err := List(ctx, x.conn, pgx.RowTo[string], `
		SELECT format('subscription %I', s.subname) FROM pg_subscription s JOIN pg_database d ON d.oid = s.subdbid WHERE d.datname = current_database()
		UNION ALL
		SELECT format('user mapping of %I for %s', srvname, coalesce(usename, 'public')) FROM pg_user_mappings
		WHERE umoptions::text ~* 'password'
		ORDER BY 1`)
	if err == nil && len(names) > 0 {
		x.add(connector.Warns, "secrets.left-out", names[0], "left out, since they hold passwords: %s", some(names)).Or = []string{"make them at the target by hand"}
	}
	return err
}

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

var _ connector.Examiner = (*Endpoint)(nil)

// Examine looks at one side of a copy. Source and Target of the facts may be
// nil, and Definitions empty, when they are not known: what is compared with
// them is then left out. Every check gives at least one finding, also when all
// is well. It reads catalogues only; sizes of values and free disk space are
// not looked at.
func (e *Endpoint) Examine(ctx context.Context, role string, facts catalog.Facts) ([]connector.Finding, error) {
	x := examination{facts: facts, name: e.name}
	err := e.reading(ctx, "", func(conn *pgx.Conn) error {
		x.s = s
		var err error
		if x.here, err = One(ctx, conn, pgx.RowToStructByPos[situation], situationSQL); err != nil {
			return err
		}
		checks := sourceChecks
		if role == "target" {
			checks = targetChecks
		}
		for _, check := range checks {
			before := len(x.found)
			if err := check.run(&x, ctx); err != nil {
				return fault.Wrap(err, "check %s", check.code)
			}
			if len(x.found) == before {
				x.found = append(x.found, connector.Finding{Severity: connector.Passes, Code: check.code, Text: check.fine})
			}
		}
		return nil
	})
	return x.found, fault.Wrap(err, "examine %s", e.name)
}

// examination is one side's checks under way.
type examination struct {
	s     *pgx.Conn
	name  string
	facts catalog.Facts
	here  situation
	found []connector.Finding
}

// check is one question; when it finds nothing, fine is said.
type check struct {
	code string
	fine string
	run  func(*examination, context.Context) error
}

// situation is what most checks ask for.
type situation struct {
	Database, User  string
	Super           bool
	Number          int
	Recovery        bool
	ReadOnly        string // of new transactions
	Encoding        string
	Collate, Ctype  string
	Provider        string
	Connections     int
	Reserved        int
	InUse           int
	Limit           int // the role's or the database's own, -1 none
	Locks           int // per transaction
	Prepared        int
	OldestPrepared  int // seconds
	OldestXact      int
	OldestXactPID   int
	Feedback        string
	StandbyDelay    string
	CanCreate       bool // schemas in this database
	ReadsStatistics bool
}

const situationSQL = `
	SELECT d.datname::text, current_user::text, r.rolsuper, current_setting('server_version_num')::int,
		pg_is_in_recovery(), (SELECT coalesce(
			(SELECT substr(c, 31) FROM pg_db_role_setting g, unnest(g.setconfig) c
				WHERE g.setrole IN (0, r.oid) AND g.setdatabase IN (0, d.oid) AND c LIKE 'default\_transaction\_read\_only=%'
				ORDER BY g.setrole = 0, g.setdatabase = 0 LIMIT 1), (SELECT boot_val FROM pg_settings WHERE name = 'default_transaction_read_only' AND source = 'default'),
			current_setting('default_transaction_read_only'))),
		pg_encoding_to_char(d.encoding)::text, d.datcollate::text, d.datctype::text, %s,
		current_setting('max_connections')::int, current_setting('superuser_reserved_connections')::int,
		(SELECT count(*)::int FROM pg_stat_activity WHERE backend_type = 'client backend'),
		CASE WHEN r.rolconnlimit >= 0 AND d.datconnlimit >= 0 THEN least(r.rolconnlimit, d.datconnlimit)
			ELSE greatest(r.rolconnlimit, d.datconnlimit) END,
		current_setting('max_locks_per_transaction')::int, (SELECT count(*)::int FROM pg_prepared_xacts),
		(SELECT coalesce(extract(epoch FROM max(now() - prepared)), 0)::int FROM pg_prepared_xacts),
		coalesce(extract(epoch FROM o.age), 0)::int, coalesce(o.pid, 0),
		current_setting('hot_standby_feedback'), current_setting('max_standby_streaming_delay'),
		has_database_privilege(d.oid, 'CREATE'), pg_has_role('pg_read_all_stats', 'USAGE')
	FROM pg_database d, pg_roles r
		LEFT JOIN LATERAL (SELECT pid, now() - xact_start AS age FROM pg_stat_activity
			WHERE xact_start IS NOT NULL AND backend_type = 'client backend' AND pid <> pg_backend_pid() ORDER BY xact_start LIMIT 1) o ON true
	WHERE d.datname = current_database() AND r.rolname = current_user`

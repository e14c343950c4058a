package survey

import (
	"context"
	"fmt"
	"strings"

	"godwit/internal/catalog"
	"godwit/internal/connector"
	"godwit/internal/fault"

	"github.com/jackc/pgx/v5"
)

// Examine looks at one side of a copy, "source" or "target". Source and Target
// of the facts may be nil, and Definitions empty, when they are not known: what
// is compared with them is then left out. Every check gives at least one
// finding, also when all is well. It reads catalogues only; sizes of values
// and free disk space are not looked at, and that is said. Most is how many
// sessions the connection may have, 0 for any.
func Examine(ctx context.Context, conn *pgx.Conn, role string, most int, facts catalog.Facts) ([]connector.Finding, error) {
	x := examination{conn: conn, most: most, facts: facts}
	provider := "'c'"
	version, err := number(ctx, conn)
	if err != nil {
		return nil, err
	}
	if version >= 150000 {
		provider = "d.datlocprovider::text"
	}
	if x.here, err = One(ctx, conn, pgx.RowToStructByPos[situation], fmt.Sprintf(situationSQL, provider)); err != nil {
		return nil, err
	}
	checks := sourceChecks
	if role == "target" {
		checks = targetChecks
	}
	for _, c := range checks {
		before := len(x.found)
		if err := c.run(ctx, &x); err != nil {
			return nil, fault.Wrap(err, "check %s", c.code)
		}
		if len(x.found) == before {
			x.found = append(x.found, connector.Finding{Severity: connector.Passes, Code: c.code, Text: c.fine})
		}
	}
	return x.found, nil
}

// examination is one side's checks under way.
type examination struct {
	conn  *pgx.Conn
	most  int // sessions that the connection may have, 0 = any
	facts catalog.Facts
	here  situation
	found []connector.Finding
}

// check is one question; when it finds nothing, fine is said.
type check struct {
	code string
	fine string
	run  func(context.Context, *examination) error
}

func (x *examination) add(severity, code, object, format string, args ...any) *connector.Finding {
	x.found = append(x.found, connector.Finding{Severity: severity, Code: code, Object: object, Text: fmt.Sprintf(format, args...)})
	return &x.found[len(x.found)-1]
}

// some writes the first few of many names.
func some(names []string) string {
	const few = 5
	if len(names) <= few {
		return strings.Join(names, ", ")
	}
	return fmt.Sprintf("%s and %d more", strings.Join(names[:few], ", "), len(names)-few)
}

// situation is what most checks ask for.
type situation struct {
	Database, User  string
	Super           bool
	Number          int
	Recovery        bool
	ReadOnly        string // of new transactions: on, off
	Encoding        string
	Collate, Ctype  string
	Provider        string
	Connections     int
	Reserved        int
	InUse           int
	Limit           int // the role's or the database's own, -1 none
	Locks           int // per transaction
	MaxPrepared     int
	CanCreate       bool // schemas in this database
	ReadsStatistics bool
}

const situationSQL = `
	SELECT d.datname::text, current_user::text, r.rolsuper, current_setting('server_version_num')::int,
		pg_is_in_recovery(), current_setting('default_transaction_read_only'),
		pg_encoding_to_char(d.encoding)::text, d.datcollate::text, d.datctype::text, %s,
		current_setting('max_connections')::int, current_setting('superuser_reserved_connections')::int,
		(SELECT count(*)::int FROM pg_stat_activity WHERE backend_type = 'client backend'),
		CASE WHEN r.rolconnlimit >= 0 AND d.datconnlimit >= 0 THEN least(r.rolconnlimit, d.datconnlimit)
			ELSE greatest(r.rolconnlimit, d.datconnlimit) END,
		current_setting('max_locks_per_transaction')::int, current_setting('max_prepared_transactions')::int,
		has_database_privilege(d.oid, 'CREATE'), pg_has_role('pg_read_all_stats', 'USAGE')
	FROM pg_database d, pg_roles r
	WHERE d.datname = current_database() AND r.rolname = current_user`

// Package marktable says where marks stand in a target, and how their table is
// made. Start at Make.
package marktable

import (
	"godwit/internal/fault"
	"godwit/internal/record"
)

// Lock and Make: the mark table lives and dies with the runs that use it. Its making and
// taking away are serialised by an advisory lock: IF NOT EXISTS alone races. Who
// has waited for that lock may still believe what it had looked up before; only
// the lock of a relation has the server forget it (AcceptInvalidationMessages).
const (
	Lock = "SELECT pg_advisory_xact_lock(7239178502365108467)" // "godwit" has no number of its own: any will do
	Make = Lock + `;
		SELECT FROM pg_catalog.pg_namespace WHERE false;
		CREATE SCHEMA IF NOT EXISTS godwit;
		CREATE TABLE IF NOT EXISTS godwit.mark (
			run uuid, unit text COLLATE "C", chunk int, generation int NOT NULL DEFAULT 1, attempt int NOT NULL,
			n_read bigint, n_applied bigint, bytes bigint, hash bytea, at timestamptz DEFAULT clock_timestamp(),
			PRIMARY KEY (run, unit, chunk));
		CREATE UNLOGGED TABLE IF NOT EXISTS godwit.mark_unlogged (LIKE godwit.mark INCLUDING ALL)`
)

// Names are both tables: what is marked in the second one, rows of
// unlogged tables, is emptied by a crash together with the mark.
var Names = [...]string{"godwit.mark", "godwit.mark_unlogged"}

// Of is where these marks stand; those of one transaction are of one
// kind, since a crash must take all of them or none.
func Of(marks []record.MarkKey) (string, error) {
	for _, m := range marks {
		if m.Unlogged != marks[0].Unlogged {
			return "", fault.New(fault.Internal, "mark.mixed", "%s marks rows of logged and of unlogged tables", m.Unit)
		}
	}
	if len(marks) > 0 && marks[0].Unlogged {
		return Names[1], nil
	}
	return Names[0], nil
}

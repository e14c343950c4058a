package postgres

import (
	"context"
	"encoding/binary"
	"fmt"

	"godwit/internal/connector"
	"godwit/internal/fault"

	"github.com/jackc/pgx/v5"
	"github.com/zeebo/xxh3"
)

// runLock is the advisory lock, shared, that every transaction with marks of a
// run holds: so a later owner finds those of an earlier one.
func runLock(run string) int64 {
	sum := xxh3.HashString128("godwit run " + run).Bytes()
	return int64(binary.BigEndian.Uint64(sum[:8]))
}

func holdRun(run string) string {
	return fmt.Sprintf("SELECT pg_advisory_xact_lock_shared(%d)", runLock(run))
}

// Evict is the connector.Evicter's.
func (e *Endpoint) Evict(ctx context.Context, run string) (int, error) {
	s, err := e.session(ctx)
	if err != nil {
		return 0, fault.Wrap(err, "end what is left of the run at %s", e.name)
	}
	defer s.close()
	lock := uint64(runLock(run))
	gone, err := list(ctx, s, pgx.RowTo[bool], `
		SELECT pg_terminate_backend(pid) FROM pg_locks
		WHERE locktype = 'advisory' AND objsubid = 1 AND classid = $1::int8::oid AND objid = $2::int8::oid
		  AND database = (SELECT oid FROM pg_database WHERE datname = current_database()) AND pid <> pg_backend_pid()`,
		int64(lock>>32), int64(lock&0xffffffff))
	return len(gone), fault.Wrap(err, "end what is left of the run at %s", e.name)
}

var _ connector.Evicter = (*Endpoint)(nil)

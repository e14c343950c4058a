package survey

import (
	"context"

	"godwit/internal/connector"

	"github.com/jackc/pgx/v5"
)

// needed is how many sessions a copy takes at one side at least: two workers,
// the snapshot's keeper and a look at the others.
const needed = 4

func checkConnections(_ context.Context, x *examination) error {
	free := x.here.Connections - x.here.Reserved - x.here.InUse
	if x.here.Super {
		free += x.here.Reserved
	}
	limit := "max_connections"
	if x.here.Limit >= 0 && x.here.Limit < free {
		free, limit = x.here.Limit, "the connection limit of role or database"
	}
	needed := needed
	if x.most > 0 {
		needed = min(needed, x.most)
	}
	if free < needed {
		x.add(connector.Blocks, "connections.few", x.here.User, "%d sessions can be opened, %d are needed: %s is reached", free, needed, limit).
			Or = []string{"raise " + limit, "end sessions that are not needed"}
	}
	return nil
}

// old is from when on a transaction is worth a word.
const old = 3600 // seconds

func checkOldTransactions(ctx context.Context, x *examination) error {
	type ages struct{ Prepared, OldestPrepared, OldestXact, PID int }
	t, err := One(ctx, x.conn, pgx.RowToStructByPos[ages], `
		SELECT p.n, p.age, coalesce(o.age, 0), coalesce(o.pid, 0)
		FROM (SELECT count(*)::int AS n, coalesce(extract(epoch FROM max(now() - prepared)), 0)::int AS age FROM pg_prepared_xacts) p
			LEFT JOIN (SELECT pid, extract(epoch FROM now() - xact_start)::int AS age FROM pg_stat_activity
				WHERE xact_start IS NOT NULL AND backend_type = 'client backend' AND pid <> pg_backend_pid()
				ORDER BY xact_start LIMIT 1) o ON true`)
	if err != nil {
		return err
	}
	if t.Prepared > 0 {
		x.add(connector.Warns, "transactions.prepared", "", "%d prepared transactions, the oldest %d s old: they hold locks and keep dead rows until they are ended",
			t.Prepared, t.OldestPrepared).Fixes = []string{"SELECT gid, prepared, owner FROM pg_prepared_xacts ORDER BY prepared"}
	}
	if t.OldestXact > old {
		x.add(connector.Warns, "transactions.old", "", "session %d is in one transaction for %d s: dead rows cannot be removed and a lock may be waited for",
			t.PID, t.OldestXact)
	}
	return nil
}

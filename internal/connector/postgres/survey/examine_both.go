package survey

import (
	"context"

	"godwit/internal/connector"
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
	if free < needed {
		x.add(connector.Blocks, "connections.few", x.here.User, "%d sessions can be opened, %d are needed: %s is reached", free, needed, limit).
			Or = []string{"raise " + limit, "end sessions that are not needed"}
	}
	return nil
}

// old is from when on a transaction is worth a word.
const old = 3600 // seconds

func checkOldTransactions(_ context.Context, x *examination) error {
	if x.here.Prepared > 0 {
		x.add(connector.Warns, "transactions.prepared", "", "%d prepared transactions, the oldest %d s old: they hold locks and keep dead rows until they are ended",
			x.here.Prepared, x.here.OldestPrepared).Fixes = []string{"SELECT gid, prepared, owner FROM pg_prepared_xacts ORDER BY prepared"}
	}
	if x.here.OldestXact > old {
		x.add(connector.Warns, "transactions.old", "", "session %d is in one transaction for %d s: dead rows cannot be removed and a lock may be waited for",
			x.here.OldestXactPID, x.here.OldestXact)
	}
	return nil
}

package chunks

import (
	"context"

	"godwit/internal/ledger/store"
)

// Answered counts the records that a run's deliveries under way have come to an end
// with, as their owner wrote last, in chunks that are not settled yet: they are in no
// account.
func Answered(ctx context.Context, db store.Reader, run int64) (total int64, err error) {
	err = store.Each(ctx, db, func(scan func(...any) error) error {
		var n int64
		err := scan(&n)
		total += max(0, n) // what was settled since is less
		return err
	}, `SELECT p.rows - coalesce((SELECT sum(a.blocked - a.pending) FROM account a WHERE a.run = p.run AND a.unit = p.unit AND a.current), 0)
		FROM progress p JOIN unit u ON u.run = p.run AND u.id = p.unit WHERE p.run = ? AND u.kind = 'deliver' AND u.state = 'running'`, run)
	return total, err
}

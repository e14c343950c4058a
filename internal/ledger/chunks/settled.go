package chunks

import (
	"context"
	"slices"

	"godwit/internal/ledger/store"
	"godwit/internal/unit/calls"
)

// Many reports whether a unit of a kind settles its records chunk by chunk.
func Many(kind string) bool {
	return slices.Contains([]string{"load", calls.KindProduce, calls.KindDeliver}, kind)
}

// SettledOf is how many records the units of a step, kind and state have settled, each
// counted once however often its unit was begun.
func SettledOf(ctx context.Context, db store.Reader, run int64, step, kind, state string) (total int64, err error) {
	err = store.Each(ctx, db, func(scan func(...any) error) error { return scan(&total) },
		`SELECT coalesce(sum(CASE u.kind WHEN '`+calls.KindDeliver+`' THEN a.blocked - a.pending ELSE a.read END), 0)
		FROM unit u JOIN account a ON a.run = u.run AND a.unit = u.id AND a.current
		WHERE u.run = ? AND u.step = ? AND u.kind = ? AND u.state = ? AND u.started > 0`, run, step, kind, state)
	return total, err
}

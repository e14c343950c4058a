// Package events looks up single kinds of events in a run's journal: nodes that were
// left, limits that were tuned.
package events

import (
	"context"

	"godwit/internal/ledger/store"
)

// Left gives, in order, the nodes of a run that were left, and what with.
func Left(ctx context.Context, db store.Reader, run int64, do func(node string, body []byte)) error {
	return store.Each(ctx, db, func(scan func(...any) error) error {
		var node string
		var body []byte
		err := scan(&node, &body)
		do(node, body)
		return err
	}, `SELECT node, body FROM event WHERE run = ? AND kind = 'node.left' ORDER BY seq`, run)
}

// Tuned gives, in order, what people made of a run's limits.
func Tuned(ctx context.Context, db store.Reader, run int64, do func(actor, reason string, body []byte)) error {
	return store.Each(ctx, db, func(scan func(...any) error) error {
		var actor, reason string
		var body []byte
		err := scan(&actor, &reason, &body)
		do(actor, reason, body)
		return err
	}, `SELECT actor, reason, body FROM event WHERE run = ? AND kind = 'run.tuned' ORDER BY seq`, run)
}

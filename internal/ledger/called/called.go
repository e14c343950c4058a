// Package called looks up what the ledger knows of runs that units of other runs
// have started, of steps that were skipped, of limits that were tuned.
package called

import (
	"context"
	"fmt"

	"godwit/internal/fault"
	"godwit/internal/ledger/store"
)

// Child is a run that a unit of another one has started.
type Child struct {
	Name string // for the ledger's Find
	Unit string // that started it
}

// Children are those of a run, in their order.
func Children(ctx context.Context, db store.Reader, run int64) ([]Child, error) {
	var list []Child
	err := each(ctx, db, func(scan func(...any) error) error {
		var c Child
		var flow string
		var n int
		err := scan(&flow, &n, &c.Unit)
		c.Name = fmt.Sprintf("%s-%d", flow, n)
		list = append(list, c)
		return err
	}, `SELECT flow, n, parent_node FROM run WHERE parent = ? ORDER BY id`, run)
	return list, err
}

// Left gives, in order, the nodes of a run that were left, and what with.
func Left(ctx context.Context, db store.Reader, run int64, do func(node string, body []byte)) error {
	return each(ctx, db, func(scan func(...any) error) error {
		var node string
		var body []byte
		err := scan(&node, &body)
		do(node, body)
		return err
	}, `SELECT node, body FROM event WHERE run = ? AND kind = 'node.left' ORDER BY seq`, run)
}

// Tuned gives, in order, what people made of a run's limits.
func Tuned(ctx context.Context, db store.Reader, run int64, do func(actor, reason string, body []byte)) error {
	return each(ctx, db, func(scan func(...any) error) error {
		var actor, reason string
		var body []byte
		err := scan(&actor, &reason, &body)
		do(actor, reason, body)
		return err
	}, `SELECT actor, reason, body FROM event WHERE run = ? AND kind = 'run.tuned' ORDER BY seq`, run)
}

func each(ctx context.Context, db store.Reader, row func(scan func(...any) error) error, query string, args ...any) error {
	rows, err := db.QueryContext(ctx, query, args...)
	if err != nil {
		return fault.Wrap(err, "read the ledger")
	}
	defer rows.Close()
	for rows.Next() {
		if err := row(rows.Scan); err != nil {
			return fault.Wrap(err, "read the ledger")
		}
	}
	return rows.Err()
}

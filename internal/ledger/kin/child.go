package kin

import (
	"context"
	"fmt"

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
	err := store.Each(ctx, db, func(scan func(...any) error) error {
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

// Depth is how many runs a run and those that it was started by are.
func Depth(ctx context.Context, db store.Reader, run int64) (n int, err error) {
	err = store.Each(ctx, db, func(scan func(...any) error) error { return scan(&n) },
		`WITH RECURSIVE up (id) AS (SELECT ? UNION ALL SELECT run.parent FROM up JOIN run ON run.id = up.id WHERE run.parent <> 0) SELECT count(*) FROM up`, run)
	return n, err
}

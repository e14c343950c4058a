// Package store says what the rooms of a ledger are read and written with: they
// know SQL, and neither pools nor transactions.
package store

import (
	"context"
	"database/sql"
)

// Reader is what a ledger may be asked with: its pool, or one moment of it. Safe
// for concurrent use.
type Reader interface {
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
}

// Change writes one statement of a transaction of the ledger's own writer.
type Change = func(query string, args ...any) error

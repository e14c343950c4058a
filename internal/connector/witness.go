package connector

import (
	"context"

	"godwit/internal/catalog"
	"godwit/internal/record"
)

// RowWitness is a transaction that tells of rows which others have written before,
// and which others may have taken away since.
type RowWitness interface {
	// Stands tells of tables, each with the column that its rows are known by, what
	// they are just now. Tables whose column may be read are neither emptied by
	// TRUNCATE nor made anew until the transaction ends: who does so waits.
	Stands(ctx context.Context, tables []KnownBy) ([]Standing, error)
	// ReadRows is RowReader's, of any table.
	ReadRows(ctx context.Context, into Into, columns []string, page []record.Mapped) ([][]any, error)
}

// KnownBy is a table and the column that its rows are known by; "" when nobody asks
// for any of them.
type KnownBy struct {
	Table  catalog.Name
	Column string
}

// Standing is what a table is at its target.
type Standing struct {
	Database string // the target's own word for itself
	// Made is another one once the table was emptied by TRUNCATE, dropped and made
	// again, or rewritten, or a crash has emptied it: record.SameTable compares. ""
	// when it is not there.
	Made string
	// Readable: all of its rows may be read by that column.
	Readable bool
}

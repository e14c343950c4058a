// Package keyset reads a query of an SQL system record by record in the order
// of a key, part by part: the server names a part's last key, counts the part,
// then gives it. All three are asked with the same comparison of the same
// transaction, so whatever the server holds to be equal (collations, 1 and 1.0)
// lies on one side of a border, and the count is none that was made here. It
// knows no system: connectors give their words. Nulls are first, as in SQLite
// and MySQL. Start at Source.
package keyset

import "context"

// Session is a session inside one read transaction of a server. Its errors are
// faults.
type Session interface {
	// Rows starts a statement whose columns are the query's.
	Rows(ctx context.Context, sql string, args []any) (Rows, error)
	// One runs a statement that gives at most one row; nil when it gives none.
	One(ctx context.Context, sql string, args []any) ([]any, error)
}

// Rows is the answer to a statement.
type Rows interface {
	// Next gives the values of the next row and their size in bytes, io.EOF
	// behind the last one. The slots are the caller's.
	Next() (slots []any, size int, err error)
	Close() error
}

package ledger

import (
	"context"
	"database/sql"
	"strings"
)

// dialect is all that differs between databases. Statements are written in
// the SQL that both understand, with ? for parameters.
type dialect struct {
	name       string
	migrations []string // text of version 1, 2 ...
	// open returns a pool of one connection that writes, that connection, and
	// the pool that only reads.
	open func(ctx context.Context, path string) (opened, error)
	// version reads and sets the schema's version.
	version    string
	setVersion func(n int) string
	// begin opens a transaction that writes; busy reports that another
	// process is writing and begin is to be tried again.
	begin string
	busy  func(error) bool
	// fault names an error of the database.
	fault func(path string, err error) error
	// sound looks for damage; each row is one finding, "ok" is none.
	sound string
}

type opened struct {
	writers *sql.DB
	writer  *sql.Conn
	readers *sql.DB
}

// listed builds an INSERT of several rows: head + VALUES + tail.
func listed(head string, columns, rows int, tail string) string {
	row := "(" + strings.TrimSuffix(strings.Repeat("?,", columns), ",") + ")"
	return head + " VALUES " + strings.TrimSuffix(strings.Repeat(row+",", rows), ",") + tail
}

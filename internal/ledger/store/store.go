// Package store says what the rooms of a ledger are read and written with: they
// know SQL, and neither pools nor transactions.
package store

import (
	"context"
	"database/sql"
	"sync"
	"time"

	"godwit/internal/fault"
)

// Reader is what a ledger may be asked with: its pool, or one moment of it. Safe
// for concurrent use.
type Reader interface {
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
}

// Prepared is a pool that parses each text once: for questions that are asked
// again and again. Safe for concurrent use; it ends with its pool.
type Prepared struct {
	Pool  *sql.DB
	mu    sync.Mutex
	stmts map[string]*sql.Stmt
}

// QueryContext makes it a Reader.
func (p *Prepared) QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error) {
	s, err := p.stmt(ctx, query)
	if err != nil {
		return nil, err
	}
	return s.QueryContext(ctx, args...)
}

func (p *Prepared) stmt(ctx context.Context, query string) (*sql.Stmt, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if s := p.stmts[query]; s != nil {
		return s, nil
	}
	s, err := p.Pool.PrepareContext(ctx, query)
	if err != nil {
		return nil, err
	}
	if p.stmts == nil {
		p.stmts = map[string]*sql.Stmt{}
	}
	p.stmts[query] = s
	return s, nil
}

// Living reports whether a process owns the run of a name.
type Living func(run string) bool

// Change writes one statement of a transaction of the ledger's own writer.
type Change = func(query string, args ...any) error

// Tx is a transaction of the ledger's own writer, for a room that must read what
// it decides upon. Rows of Query are closed before anything else is asked.
type Tx struct {
	Change Change
	Query  func(query string, args ...any) (*sql.Rows, error)
	Now    time.Time // the ledger's time for all that happens in it
}

// QueryContext makes it a Reader.
func (t Tx) QueryContext(_ context.Context, query string, args ...any) (*sql.Rows, error) {
	return t.Query(query, args...)
}

// Each calls row for each row that a query gives, with what reads its columns; the
// first error ends it.
func Each(ctx context.Context, db Reader, row func(scan func(...any) error) error, query string, args ...any) error {
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

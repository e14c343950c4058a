// Package ledger is what godwit remembers: runs, their journal, units,
// accounts, progress and what people asked for, in one database that several
// processes may have open. It knows no verb and no system; it does not decide
// what runs next, only who may say so. Start reading with Open, then Own and
// Session.Turn; the invariants stand in DESIGN.md.
package ledger

import (
	"context"
	"database/sql"
	"errors"
	"os"
	"path/filepath"
	"time"

	"godwit/internal/fault"
	"godwit/internal/ledger/store"
)

// Ledger is an open ledger, safe for concurrent use. Several processes may
// have the same file open; never on a network file system, whose locks do not
// hold what SQLite needs.
type Ledger struct {
	path    string
	dialect dialect
	view    *View
	often   *store.Prepared
	writer  *writer
}

// Open opens the ledger at a path and makes it, with its folders, where there
// is none; an older one is brought to this version's tables. Faults:
// ledger.newer, ledger.damaged, ledger.foreign, ledger.denied, disk.ledger.
func Open(ctx context.Context, path string) (*Ledger, error) {
	path, err := filepath.Abs(path)
	if err != nil {
		return nil, fault.New(fault.Config, "ledger.denied", "ledger: %w", err)
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return nil, fault.New(fault.Config, "ledger.denied", "ledger %s: %w", path, err).
			Hint("name another file with --ledger")
	}
	d := sqliteDialect()
	o, err := d.open(ctx, path)
	if err != nil {
		return nil, d.fault(path, err)
	}
	l := &Ledger{path: path, dialect: d}
	l.writer = &writer{ledger: l, db: o.writers, conn: o.writer, turn: make(chan struct{}, 1), stmts: map[string]*sql.Stmt{}}
	l.view = &View{ledger: l, pool: o.readers, db: o.readers}
	l.often = &store.Prepared{Pool: o.readers}
	if err := l.migrate(ctx); err != nil {
		return nil, errors.Join(err, l.Close())
	}
	return l, nil
}

// Path is the ledger's file, absolute.
func (l *Ledger) Path() string { return l.path }

// Close ends all connections; turns under way end first. Sessions are to be
// released before. It may be called twice.
func (l *Ledger) Close() error {
	l.writer.turn <- struct{}{}
	defer func() { <-l.writer.turn }()
	return errors.Join(l.view.pool.Close(), l.writer.close())
}

// Change is the word of those who write by Let and In.
type Change = store.Change

// Let lets a room of the ledger write, in one transaction.
func (l *Ledger) Let(ctx context.Context, doing string, do func(change Change) error) error {
	return fault.Wrap(l.write(ctx, func(tx *tx) error { return do(tx.change) }, nil), "%s", doing)
}

func (l *Ledger) fault(err error) error { return l.dialect.fault(l.path, err) }

// migrate brings the tables from the file's version to this one's, all or
// nothing.
func (l *Ledger) migrate(ctx context.Context) error {
	var have int
	err := patiently(l.dialect.busy, func() error {
		return l.view.pool.QueryRowContext(ctx, l.dialect.version).Scan(&have)
	})
	if err != nil {
		return l.fault(err)
	}
	if have == len(l.dialect.migrations) {
		return nil // and who only looks waits for no writer
	}
	return l.write(ctx, func(tx *tx) error {
		// again, under the lock: another process may be opening it too
		if err := tx.row(l.dialect.version, nil, &have); err != nil {
			return err
		}
		if have > len(l.dialect.migrations) {
			return fault.New(fault.Config, "ledger.newer",
				"ledger %s was written by a newer godwit: its tables have version %d, this one knows %d",
				l.path, have, len(l.dialect.migrations)).Hint("use the newer godwit, or another file with --ledger")
		}
		for n := have; n < len(l.dialect.migrations); n++ {
			if err := tx.script(l.dialect.migrations[n]); err != nil {
				return fault.Wrap(err, "bring the tables to version %d", n+1)
			}
			if err := tx.script(l.dialect.setVersion(n + 1)); err != nil {
				return err
			}
		}
		return nil
	}, nil)
}

// millis is a time as the ledger stores it; the zero time is 0.
func millis(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMilli()
}

// clock is a stored time; 0 is the zero time.
func clock(ms int64) time.Time {
	if ms == 0 {
		return time.Time{}
	}
	return time.UnixMilli(ms).UTC()
}

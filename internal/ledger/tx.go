package ledger

import (
	"context"
	"database/sql"
	"errors"
	"time"

	"godwit/internal/ledger/records"
)

// tx is a caller's part of a write transaction. now is the ledger's time for
// all that happens in it: milliseconds, UTC.
type tx struct {
	writer *writer
	now    time.Time
	seq    int64 // of the last event, 0 = not read yet
}

// exec returns the number of rows that the statement changed.
func (t *tx) exec(query string, args ...any) (int64, error) {
	r, err := t.writer.exec(query, args...)
	if err != nil {
		return 0, err
	}
	return r.RowsAffected()
}

// row reads one row; sql.ErrNoRows when there is none.
func (t *tx) row(query string, args []any, dest ...any) error {
	s, err := t.writer.prepared(query)
	if err != nil {
		return err
	}
	err = s.QueryRowContext(context.Background(), args...).Scan(dest...)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return t.writer.ledger.fault(err)
	}
	return err
}

func (t *tx) query(query string, args ...any) (*sql.Rows, error) {
	s, err := t.writer.prepared(query)
	if err != nil {
		return nil, err
	}
	return s.QueryContext(context.Background(), args...)
}

// batch rows in one INSERT cost half of single ones; more gain nothing.
const batch = 50

// insert writes rows of equal length by the statement head VALUES ... tail.
func (t *tx) insert(head, tail string, rows [][]any) error {
	for len(rows) > 0 {
		n := min(batch, len(rows))
		if n < batch {
			n = 1 // few texts to keep prepared
		}
		args := make([]any, 0, n*len(rows[0]))
		for _, row := range rows[:n] {
			args = append(args, row...)
		}
		if _, err := t.writer.exec(listed(head, len(rows[0]), n, tail), args...); err != nil {
			return err
		}
		rows = rows[n:]
	}
	return nil
}

// room lets the room of records write in this transaction.
func (t *tx) room() records.Tx {
	return records.Tx{Tx: t.store(), Insert: t.insert}
}

// script runs statements that return nothing.
func (t *tx) script(text string) error {
	if _, err := t.writer.conn.ExecContext(context.Background(), text); err != nil {
		return t.writer.ledger.fault(err)
	}
	return nil
}

// collect reads all rows and closes them.
func collect[T any](rows *sql.Rows, err error, scan func(scanner) (T, error)) ([]T, error) {
	if err != nil {
		return nil, err
	}
	var all []T
	for rows.Next() {
		v, err := scan(rows)
		if err != nil {
			return nil, errors.Join(err, rows.Close())
		}
		all = append(all, v)
	}
	return all, rows.Err()
}

type scanner interface{ Scan(...any) error }

package ledger

import (
	"context"
	"database/sql"
	"errors"
	"sync"
	"time"
)

// patience is how long is waited for other processes' transactions to end.
const patience = 30 * time.Second

// writer is the one connection that writes. Callers queue their jobs; the one
// that gets the turn commits all that wait in one transaction, each in its own
// savepoint, so that they share the flush to disk and one refused hurts no
// other. No goroutine of its own.
type writer struct {
	ledger *Ledger
	db     *sql.DB       // of conn alone
	conn   *sql.Conn     // what it asked for by pragmas holds for it alone
	turn   chan struct{} // held by the one who commits
	stmts  map[string]*sql.Stmt
	closed bool

	mu    sync.Mutex
	queue []*job
}

// job is one caller's part of a transaction. failed is called, before anything
// else is tried, when do's effect did not come to stay.
type job struct {
	do     func(*tx) error
	failed func()
	err    error
	done   chan struct{}
}

// write runs do in a transaction that is committed when it returns nil. It
// may share the transaction with other callers. A context that ends while the
// job is still in the queue takes it out; after that it is done.
func (l *Ledger) write(ctx context.Context, do func(*tx) error, failed func()) error {
	w := l.writer
	j := &job{do: do, failed: failed, done: make(chan struct{})}
	w.mu.Lock()
	w.queue = append(w.queue, j)
	w.mu.Unlock()
	select {
	case <-j.done:
		return j.err
	case <-ctx.Done():
		if w.drop(j) {
			return ctx.Err()
		}
		<-j.done
		return j.err
	case w.turn <- struct{}{}:
	}
	defer func() { <-w.turn }()
	w.commit(w.take())
	<-j.done // in this group or, if it was taken before, already done
	return j.err
}

func (w *writer) take() []*job {
	w.mu.Lock()
	defer w.mu.Unlock()
	jobs := w.queue
	w.queue = nil
	return jobs
}

func (w *writer) drop(j *job) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	for i, q := range w.queue {
		if q == j {
			w.queue = append(w.queue[:i:i], w.queue[i+1:]...)
			return true
		}
	}
	return false
}

func (j *job) fail(err error) {
	j.err = err
	if j.failed != nil {
		j.failed()
	}
}

// commit runs the jobs in one transaction. What ends the transaction as a
// whole (a full disk) fails all that would have been in it.
func (w *writer) commit(jobs []*job) {
	if len(jobs) == 0 {
		return
	}
	defer func() {
		for _, j := range jobs {
			close(j.done)
		}
	}()
	err := w.begin()
	if err == nil {
		t := &tx{writer: w, now: time.Now().UTC().Truncate(time.Millisecond)}
		err = w.each(t, jobs)
		if err == nil {
			_, err = w.exec("COMMIT")
		}
		if err != nil {
			_, _ = w.exec("ROLLBACK") // SQLite may have rolled back by itself
		}
	}
	if err == nil {
		return
	}
	for _, j := range jobs {
		if j.err == nil {
			j.fail(err)
		}
	}
}

// each runs every job behind its own savepoint. Its error ends them all.
func (w *writer) each(t *tx, jobs []*job) error {
	if len(jobs) == 1 { // the usual case: no savepoint needed
		return jobs[0].do(t)
	}
	for _, j := range jobs {
		if _, err := w.exec("SAVEPOINT job"); err != nil {
			return err
		}
		err := j.do(t)
		if err != nil {
			j.fail(err)
			if _, lost := w.exec("ROLLBACK TO job"); lost != nil {
				return err
			}
		}
		if _, err := w.exec("RELEASE job"); err != nil {
			return err
		}
	}
	return nil
}

// begin waits for the write lock.
func (w *writer) begin() error {
	if w.closed {
		return sql.ErrConnDone
	}
	err := patiently(w.ledger.dialect.busy, func() error {
		_, err := w.conn.ExecContext(context.Background(), w.ledger.dialect.begin)
		return err
	})
	if err != nil {
		return w.ledger.fault(err)
	}
	return nil
}

// patiently asks every half millisecond as long as another process is in the
// way: one that writes without a pause leaves the lock free only for moments.
func patiently(busy func(error) bool, ask func() error) error {
	until := time.Now().Add(patience)
	for {
		err := ask()
		if err == nil || !busy(err) || time.Now().After(until) {
			return err
		}
		<-time.After(500 * time.Microsecond)
	}
}

func (w *writer) exec(query string, args ...any) (sql.Result, error) {
	s, err := w.prepared(query)
	if err != nil {
		return nil, err
	}
	r, err := s.ExecContext(context.Background(), args...)
	if err != nil {
		return nil, w.ledger.fault(err)
	}
	return r, nil
}

// prepared keeps every statement: there are few texts, and parsing one costs
// more than running it.
func (w *writer) prepared(query string) (*sql.Stmt, error) {
	if s := w.stmts[query]; s != nil {
		return s, nil
	}
	s, err := w.conn.PrepareContext(context.Background(), query)
	if err != nil {
		return nil, w.ledger.fault(err)
	}
	w.stmts[query] = s
	return s, nil
}

func (w *writer) close() error {
	if w.closed {
		return nil
	}
	w.closed = true
	var err error
	for _, s := range w.stmts {
		err = errors.Join(err, s.Close())
	}
	return errors.Join(err, w.conn.Close(), w.db.Close())
}

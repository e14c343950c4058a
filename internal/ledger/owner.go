package ledger

import (
	"context"
	"encoding/json"
	"sync"
	"sync/atomic"
	"time"

	"godwit/internal/fault"
	"godwit/internal/ledger/lease"
	"godwit/internal/ledger/store"
	"godwit/internal/unit"
)

// Session is one owner's right to one run, until it is released or another
// owner took the run over: then everything that writes is refused with a
// fault of kind conflict, code run.fenced. Safe for concurrent use.
type Session struct {
	ledger *Ledger
	run    int64
	name   string
	token  int64
	seen   int64              // last event that Turn or Load gave; the writer's turn guards it
	turn   atomic.Pointer[tx] // of the Turn whose fn is running

	mu       sync.Mutex
	lock     *lease.Lock // nil when released
	released bool
}

// Own takes a run for an owner ("host:pid"). A run without an owner, or whose
// owner's process is gone, is taken at once; that of a living process only
// when its lease is over, else the fault is of kind conflict, code run.owned,
// and names the owner and the end of its lease. A run that had been owned
// before gets run.resumed, crashed if that owner did not release it.
func (l *Ledger) Own(ctx context.Context, run Run, owner string, term time.Duration) (*Session, error) {
	s := &Session{ledger: l, run: run.ID, name: run.Name()}
	err := l.write(ctx, func(tx *tx) error { return s.take(tx, owner, term) }, func() {
		s.lock.Free()
		s.lock = nil
	})
	if err != nil {
		return nil, fault.Wrap(err, "own %s", run.Name())
	}
	return s, nil
}

// Over is a session of a run that was cancelled, which nobody owns any more: for
// what its loads had prepared, and for nothing else.
func (l *Ledger) Over(run Run) *Session {
	return &Session{ledger: l, run: run.ID, name: run.Name(), token: run.Token, released: true}
}

// Held reports whether a living process owns the run: its lease is not over,
// and its file's lock is held. The question takes the lock from nobody.
func (l *Ledger) Held(run Run) bool {
	return run.LeaseUntil.After(time.Now()) && lease.Held(l.lockPath(run.Name()))
}

// take runs under the ledger's write lock: nobody else takes at the same time.
func (s *Session) take(tx *tx, owner string, term time.Duration) error {
	var flow, key, before, boot string
	var token, until int64
	if err := tx.row(selectOwner, []any{s.run}, &flow, &key, &token, &before, &boot, &until); err != nil {
		return err
	}
	if err := refuseOpen(tx, flow, key, s.run); err != nil {
		return err
	}
	lock, err := lease.Hold(s.lockPath())
	if err != nil {
		return err
	}
	if lock == nil {
		if !lease.Over(boot, until) {
			return owned(before, lease.End(boot, until))
		}
		if lock, err = lease.Replace(s.lockPath()); err != nil {
			return err
		}
	}
	s.lock, s.token = lock, token+1
	id, now := lease.Clock()
	if err := tx.change(takeRun, s.token, owner, id, now+term.Milliseconds(), s.run); err != nil || token == 0 {
		return err
	}
	rows, err := tx.query(selectProgressed, s.run)
	progressed, err := collect(rows, err, func(r scanner) (id string, err error) { err = r.Scan(&id); return id, err })
	if err != nil {
		return s.ledger.fault(err)
	}
	_, err = tx.journal(s.run, []unit.Event{{Kind: unit.RunResumed, Actor: owner,
		Body: unit.Body(unit.Resumed{Owner: owner, Crashed: until != 0, Progressed: progressed})}})
	return err
}

func owned(owner string, until time.Time) error {
	e := fault.New(fault.Conflict, "run.owned", "it is run by %s", owner)
	if until.IsZero() {
		return e
	}
	left := max(time.Until(until), 0).Round(100 * time.Millisecond)
	return e.With("lease", "ends in %s (%s)", left, until.Format(time.RFC3339)).
		Hint("end that process, or wait until its lease is over")
}

func (s *Session) lockPath() string { return s.ledger.lockPath(s.name) }

// Beside is a file beside the ledger that processes with the same ledger share by its
// name.
func (l *Ledger) Beside(name string) string { return l.lockPath(name) }

func (l *Ledger) lockPath(name string) string { return l.path + "." + name + ".lock" }

// Token is the owner's number: 1 for a run's first.
func (s *Session) Token() int64 { return s.token }

// Renew extends the lease to a duration from now and overwrites the run's
// progress: units that are not listed have none.
func (s *Session) Renew(ctx context.Context, term time.Duration, progress []unit.Progress) error {
	rows := make([][]any, len(progress))
	for i, p := range progress {
		waits := ""
		if len(p.Waits) > 0 {
			waits = string(unit.Body(p.Waits))
		}
		rows[i] = []any{s.run, p.Unit, millis(p.At), p.Done, p.Total, p.Rows, p.Bytes, p.Doing, waits}
	}
	err := s.write(ctx, func(tx *tx) error {
		id, now := lease.Clock()
		n, err := tx.exec(renewRun, id, now+term.Milliseconds(), s.run, s.token)
		if err == nil && n == 0 {
			err = s.lost()
		}
		if err != nil {
			return err
		}
		if err := tx.change(dropProgress, s.run); err != nil {
			return err
		}
		return tx.insert(insertProgress, "", rows)
	})
	return s.wrap(err, "renew the lease")
}

// Freeze keeps the report's content as it is at the run's end.
func (s *Session) Freeze(ctx context.Context, report json.RawMessage) error {
	err := s.write(ctx, func(tx *tx) error { return tx.change(freezeRun, string(report), s.run) })
	return s.wrap(err, "freeze the report")
}

// Release gives the run back: no lease, no progress, no lock. It may be called
// twice; a session that lost its run only frees the lock.
func (s *Session) Release(ctx context.Context) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.released {
		return nil
	}
	free := func() {
		s.lock.Remove(s.lockPath())
		s.lock = nil
	}
	err := s.ledger.write(ctx, func(tx *tx) error {
		n, err := tx.exec(renewRun, "", 0, s.run, s.token)
		if err == nil && n == 1 {
			err = tx.change(dropProgress, s.run)
		}
		free() // inside, so that nobody finds a lock without a lease
		return err
	}, nil)
	free()
	s.released = true
	return s.wrap(err, "release")
}

// write is a transaction in which the session is the run's owner.
func (s *Session) write(ctx context.Context, do func(*tx) error) error {
	return s.ledger.write(ctx, func(tx *tx) error {
		if err := s.check(tx); err != nil {
			return err
		}
		return do(tx)
	}, nil)
}

// In lets a room of the ledger write for the session's run, in one transaction.
func (s *Session) In(ctx context.Context, doing string, do func(run int64, change Change) error) error {
	return s.wrap(s.write(ctx, func(tx *tx) error { return do(s.run, tx.change) }), doing)
}

// Room lets a room of the ledger read and decide in one transaction of the
// session's run: nobody else writes meanwhile.
func (s *Session) Room(ctx context.Context, doing string, do func(run int64, tx store.Tx) error) error {
	return s.wrap(s.write(ctx, func(tx *tx) error { return do(s.run, tx.store()) }), doing)
}

// Room is Session.Room for who owns no run: people.
func (l *Ledger) Room(ctx context.Context, doing string, do func(store.Tx) error) error {
	return fault.Wrap(l.write(ctx, func(tx *tx) error { return do(tx.store()) }, nil), "%s", doing)
}

func (t *tx) store() store.Tx { return store.Tx{Change: t.change, Query: t.query, Now: t.now} }

// check reports the loss of the run.
func (s *Session) check(tx *tx) error {
	var token int64
	if err := tx.row(selectToken, []any{s.run}, &token); err != nil {
		return err
	}
	if token != s.token {
		return s.lost()
	}
	return nil
}

func (s *Session) lost() error {
	return fault.New(fault.Conflict, "run.fenced", "another process has taken the run over")
}

func (s *Session) wrap(err error, doing string) error {
	return fault.Wrap(err, "%s: %s", s.name, doing)
}

// Alone holds a name of this ledger for as long as this process lives, or until free
// is called; ok is false while somebody else holds it.
func (l *Ledger) Alone(name string) (free func(), ok bool, err error) {
	lock, err := lease.Hold(l.lockPath(name))
	return func() { lock.Remove(l.lockPath(name)) }, lock != nil, err
}

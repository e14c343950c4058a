package postgres

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"time"

	"godwit/internal/catalog"
	"godwit/internal/connector"
	"godwit/internal/connector/postgres/noted"
	"godwit/internal/connector/postgres/sqlstate"
	"godwit/internal/fault"

	"github.com/jackc/pgx/v5"
	"golang.org/x/sync/semaphore"
)

// snapshots are an endpoint's, by name.
type snapshots struct {
	opening *semaphore.Weighted // one at a time

	mu     sync.Mutex
	named  map[string]*snapshot
	gone   map[string]string // IDs of lost ones that have no successor yet
	closed bool
	tell   func(name string) // told of each loss; may be nil
}

func newSnapshots() *snapshots {
	return &snapshots{opening: semaphore.NewWeighted(1), named: map[string]*snapshot{}, gone: map[string]string{}}
}

// snapshot is one point in time, kept alive by every session that reads at it:
// each imports an export of another one and exports at once again. The
// keeper's does nothing else; when it is lost another one takes over.
type snapshot struct {
	e        *Endpoint
	name     string
	id       string
	seen     string // of the ID, what any session at the snapshot finds
	position string
	notes    noted.Notes        // of all tables, just before
	stop     context.CancelFunc // of the keeper's watch

	mu      sync.Mutex
	exports []string // of sessions not known to be gone
	lost    bool
	values  map[catalog.Name]connector.SequenceValue // of sequences, when it was inspected
}

// OpenSnapshot is the connector.Snapshots'. It may be called by each unit: one
// that is open costs nothing.
func (e *Endpoint) OpenSnapshot(ctx context.Context, name string) (connector.Snapshot, error) {
	if err := e.snapshots.opening.Acquire(ctx, 1); err != nil {
		return nil, err
	}
	defer e.snapshots.opening.Release(1)
	if sn := e.snapshots.find(name); sn != nil {
		return sn, nil
	}
	sn, err := e.succeed(ctx, name)
	if err != nil {
		return nil, fault.Wrap(err, "open snapshot of %s", e.name)
	}
	return sn, nil
}

// succeed takes a snapshot. Whoever is to know that it does not see what a lost
// one of that name saw knows before it can be had.
func (e *Endpoint) succeed(ctx context.Context, name string) (*snapshot, error) {
	sn, err := e.takeSnapshot(ctx, name)
	if err != nil {
		return nil, err
	}
	if tell := e.snapshots.differs(sn); tell != nil {
		tell(name)
	}
	if !e.snapshots.put(name, sn) {
		sn.close()
		return nil, errClosed()
	}
	return sn, nil
}

// differs gives who is to be told that this snapshot sees something else than
// the lost one of its name did.
func (s *snapshots) differs(sn *snapshot) func(string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if old, ok := s.gone[sn.name]; !ok || old == sn.id {
		return nil
	}
	return s.tell
}

// renew takes a lost snapshot's place as soon as the server can be had, if
// nobody has until then: what the loss means is not to wait for who reads next.
func (sn *snapshot) renew() {
	e := sn.e
	pause := time.NewTicker(time.Second)
	defer pause.Stop()
	for e.ended.Err() == nil {
		if again := sn.renewed(); !again {
			return
		}
		select {
		case <-pause.C:
		case <-e.ended.Done():
		}
	}
}

// renewed tries once, and reports whether to try again.
func (sn *snapshot) renewed() (again bool) {
	e := sn.e
	if e.snapshots.opening.Acquire(e.ended, 1) != nil {
		return false
	}
	defer e.snapshots.opening.Release(1)
	if !e.snapshots.holds(sn) { // closed, or renewed by who reads
		return false
	}
	e.snapshots.find(sn.name)
	_, err := e.succeed(keeping(e.ended, sn.name), sn.name)
	if err != nil {
		e.snapshots.restore(sn)
	}
	return err != nil
}

func (s *snapshots) holds(sn *snapshot) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.named[sn.name] == sn
}

// restore puts a lost snapshot back, so that it is known to have no successor.
func (s *snapshots) restore(sn *snapshot) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.closed && s.named[sn.name] == nil {
		s.named[sn.name] = sn
	}
}

// find is the snapshot of that name unless it was lost.
func (s *snapshots) find(name string) *snapshot {
	s.mu.Lock()
	defer s.mu.Unlock()
	sn := s.named[name]
	if sn == nil || !sn.isLost() {
		return sn
	}
	sn.stop()
	delete(s.named, name)
	s.gone[name] = sn.id
	return nil
}

func (s *snapshots) put(name string, sn *snapshot) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.closed {
		s.named[name] = sn
		delete(s.gone, name)
	}
	return !s.closed
}

// CloseSnapshot ends the keeper. Readers that are open stay so.
func (e *Endpoint) CloseSnapshot(name string) {
	e.snapshots.mu.Lock()
	defer e.snapshots.mu.Unlock()
	if sn := e.snapshots.named[name]; sn != nil {
		sn.close()
		delete(e.snapshots.named, name)
	}
	delete(e.snapshots.gone, name)
}

func (s *snapshots) close() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.closed = true
	for _, sn := range s.named {
		sn.close()
	}
	clear(s.named)
	clear(s.gone)
}

const (
	beginReading = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"

	// What is visible follows from the transactions that were under way and the
	// next number to come (txid_current_snapshot): two snapshots with the same
	// ones see the same rows, and between them nothing was committed. A restart
	// may give numbers again, so its time belongs to the ID; on a standby those
	// under way are not listed, so the place in the log does.
	seenSQL = `concat_ws('/', txid_current_snapshot(), extract(epoch from pg_postmaster_start_time()))`
)

func (e *Endpoint) takeSnapshot(ctx context.Context, name string) (*snapshot, error) {
	keeper, err := e.connect(keeping(ctx, name))
	if err != nil {
		return nil, err
	}
	type place struct{ Export, Seen, ID, Position string }
	var notes noted.Notes
	p, err := func() (_ place, err error) {
		if notes, err = noted.Read(ctx, keeper.conn); err != nil {
			return place{}, keeper.fault(ctx, err)
		}
		if err := keeper.exec(ctx, beginReading); err != nil {
			return place{}, err
		}
		return one(ctx, keeper, pgx.RowToStructByPos[place], `
			SELECT s.export, `+seenSQL+`,
			       concat_ws('/', `+seenSQL+`, CASE WHEN pg_is_in_recovery() THEN pg_last_wal_replay_lsn() END),
			       (CASE WHEN pg_is_in_recovery() THEN pg_last_wal_replay_lsn() ELSE pg_current_wal_lsn() END)::text
			FROM (SELECT pg_export_snapshot() AS export OFFSET 0) s`)
	}()
	if err != nil {
		keeper.end()
		return nil, err
	}
	watch, stop := context.WithCancel(e.ended)
	sn := &snapshot{
		e: e, name: name, id: p.ID, seen: p.Seen, position: p.Position, notes: notes, stop: stop, exports: []string{p.Export},
	}
	e.behind(func() { sn.keep(watch, keeper) })
	return sn, nil
}

// keeping labels a keeper: it outlives the unit that opened the snapshot.
func keeping(ctx context.Context, name string) context.Context {
	return connector.WithLabel(ctx, "godwit snapshot "+name)
}

// keep watches the keeper's socket, on which nothing comes while all is well,
// and puts another one in its place when it is lost.
func (sn *snapshot) keep(ctx context.Context, keeper *session) {
	for keeper != nil {
		err := keeper.conn.PgConn().WaitForNotification(ctx)
		if err == nil {
			continue
		}
		keeper.end()
		if ctx.Err() != nil {
			return
		}
		keeper = sn.replace(ctx)
	}
	if sn.isLost() {
		sn.renew()
	}
}

// replace opens a keeper from any session that lives, and waits for a server
// that cannot be reached: the lost keeper's transaction, cut off by the
// network only, may still be there. nil means that the snapshot is lost.
func (sn *snapshot) replace(ctx context.Context) *session {
	pause := time.NewTicker(time.Second)
	defer pause.Stop()
	for ctx.Err() == nil {
		s, err := sn.e.connect(keeping(ctx, sn.name))
		if err == nil {
			if _, err = sn.join(ctx, s); err == nil {
				return s
			}
			s.end()
		}
		if sn.isLost() {
			return nil
		}
		select {
		case <-pause.C:
		case <-ctx.Done():
		}
	}
	return nil
}

// join begins a transaction at the snapshot and exports it again.
func (sn *snapshot) join(ctx context.Context, s *session) (export string, err error) {
	for _, from := range sn.list() {
		is, err := s.importFrom(ctx, from)
		switch {
		case err == nil && is.Seen == sn.seen:
			sn.add(is.Export)
			return is.Export, nil
		case err != nil && !ended(err):
			return "", err
		}
		// Gone, or what another one has the name of now: a server that was
		// restarted gives names again.
		sn.remove(from)
		if err := s.exec(ctx, "ROLLBACK"); err != nil {
			return "", err
		}
	}
	sn.lose()
	return "", fault.New(fault.Unavailable, "snapshot.lost", "snapshot %s of %s is lost: no session holds it any more", sn.id, sn.e.name)
}

// ended tells an export whose transaction has ended: no such file, of older
// and newer servers; a transaction that is just ending; a name that another
// database has now.
func ended(err error) bool {
	return slices.Contains([]string{"22023", "42704", "55000", "0A000"}, sqlstate.Of(err))
}

// imported is what a session finds that joined an export, and its own one.
type imported struct{ Export, Seen string }

func (s *session) importFrom(ctx context.Context, export string) (imported, error) {
	err := s.attempt(ctx, fmt.Sprintf("%s; SET TRANSACTION SNAPSHOT %s", beginReading, literal(export)))
	if err != nil {
		return imported{}, err
	}
	return one(ctx, s, pgx.RowToStructByPos[imported], "SELECT pg_export_snapshot(), "+seenSQL)
}

// ID is the connector.Snapshot's.
func (sn *snapshot) ID() string { return sn.id }

// Position is the write-ahead log's end just after the snapshot was taken, on
// a standby what was replayed.
func (sn *snapshot) Position() string { return sn.position }

// Export returns the longest living export: the keeper's.
func (sn *snapshot) Export(context.Context) (string, error) {
	if all := sn.list(); len(all) > 0 {
		return all[0], nil
	}
	return "", fault.New(fault.Unavailable, "snapshot.lost", "snapshot %s of %s is lost", sn.id, sn.e.name)
}

// Read is the connector.Snapshot's.
func (sn *snapshot) Read(ctx context.Context) (connector.Reader, error) {
	s, err := sn.e.session(ctx)
	if err != nil {
		return nil, fault.Wrap(err, "read at snapshot of %s", sn.e.name)
	}
	export, err := sn.join(ctx, s)
	if err != nil {
		s.close()
		return nil, fault.Wrap(err, "read at snapshot of %s", sn.e.name)
	}
	return &reader{sn: sn, s: s, export: export}, nil
}

func (sn *snapshot) list() []string {
	sn.mu.Lock()
	defer sn.mu.Unlock()
	return slices.Clone(sn.exports)
}

func (sn *snapshot) add(export string) {
	sn.mu.Lock()
	defer sn.mu.Unlock()
	sn.exports = append(sn.exports, export)
}

func (sn *snapshot) remove(export string) {
	sn.mu.Lock()
	defer sn.mu.Unlock()
	sn.exports = slices.DeleteFunc(sn.exports, func(e string) bool { return e == export })
}

func (sn *snapshot) isLost() bool {
	sn.mu.Lock()
	defer sn.mu.Unlock()
	return sn.lost
}

// lose is final once no export is left.
func (sn *snapshot) lose() {
	sn.mu.Lock()
	defer sn.mu.Unlock()
	sn.lost = sn.lost || len(sn.exports) == 0
}

// OnLoss is the connector.Snapshots'.
func (e *Endpoint) OnLoss(tell func(name string)) {
	e.snapshots.mu.Lock()
	defer e.snapshots.mu.Unlock()
	e.snapshots.tell = tell
}

func (sn *snapshot) close() {
	sn.stop()
	sn.mu.Lock()
	defer sn.mu.Unlock()
	sn.lost = true
}

var _ connector.Snapshots = (*Endpoint)(nil)

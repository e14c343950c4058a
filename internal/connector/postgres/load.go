package postgres

import (
	"context"
	"fmt"
	"strings"

	"godwit/internal/catalog"
	"godwit/internal/connector"
	"godwit/internal/connector/postgres/marktable"
	"godwit/internal/connector/postgres/survey"
	"godwit/internal/fault"
	"godwit/internal/record"

	"github.com/jackc/pgx/v5"
)

// load is a session inside a transaction that began with its marks.
type load struct {
	s     *session
	marks []record.MarkKey
	taken record.MarkKey // that it takes away, with BeginUndo
}

// Begin is the connector.Writer's.
func (e *Endpoint) Begin(ctx context.Context, marks []record.MarkKey) (connector.Transaction, error) {
	l, err := e.beginLoad(ctx, marks, e.mayReplicate)
	if err != nil {
		return nil, err
	}
	return l, nil
}

// mostDrops is how often other runs may take the mark table away between its
// making and its use, one after the other.
const mostDrops = 10

// beginLoad begins a transaction with marks, and makes their table when it is
// not there. Resting says whether triggers and foreign keys rest.
func (e *Endpoint) beginLoad(ctx context.Context, marks []record.MarkKey, resting func(context.Context, *session) (bool, error)) (*load, error) {
	l, err := e.begin(ctx, marks, resting)
	for range mostDrops {
		if !missing(err) {
			break
		}
		if len(marks) > 0 && e.remembers(marks[0].Run) {
			return nil, fault.New(fault.Config, "target.marks-missing", "the marks of this run are gone from %s: another owner has ended it, or they were dropped by hand", e.name).
				Hint("look whether the copied rows are there; godwit cancel, then the same command with --new and --existing replace")
		}
		if err = e.makeMarks(ctx); err == nil {
			l, err = e.begin(ctx, marks, resting)
		}
	}
	return l, fault.Wrap(err, "begin load into %s", e.name)
}

// remembers reports whether marks must be there. Who just takes the last away is waited for.
func (e *Endpoint) remembers(run string) bool {
	e.dropping.RLock()
	defer e.dropping.RUnlock()
	return e.trust.remembers(run)
}

func (e *Endpoint) begin(ctx context.Context, marks []record.MarkKey, resting func(context.Context, *session) (bool, error)) (*load, error) {
	s, err := e.trusted(ctx)
	if err != nil {
		return nil, err
	}
	replica, err := resting(ctx, s)
	if err == nil {
		// The server sends next to nothing here: unanswered bytes mean that this
		// side is gone, and its locks with it. See login.Dial for why not elsewhere.
		sql := "BEGIN; SET LOCAL synchronous_commit = on; SET LOCAL tcp_user_timeout = '90s'"
		if replica {
			sql += "; SET LOCAL session_replication_role = replica"
		}
		if len(marks) > 0 {
			sql += "; " + holdRun(marks[0].Run)
		}
		err = s.exec(ctx, sql)
	}
	if err == nil && len(marks) > 0 {
		err = s.insertMarks(ctx, marks)
	}
	if err != nil {
		s.broken = true
		s.close()
		return nil, err
	}
	return &load{s: s, marks: marks}, nil
}

// mayReplicate finds out once whether this role may set
// session_replication_role, which keeps triggers, rules and foreign keys off
// copied rows.
func (e *Endpoint) mayReplicate(ctx context.Context, s *session) (bool, error) {
	e.mu.Lock()
	known := e.replica
	e.mu.Unlock()
	if known != nil {
		return *known, nil
	}
	err := s.attempt(ctx, "SET session_replication_role = replica; SET session_replication_role = origin")
	may := err == nil
	if err := s.tolerate(err, "42501"); err != nil {
		return false, err
	}
	e.mu.Lock()
	e.replica = &may
	e.mu.Unlock()
	return may, nil
}

func (e *Endpoint) makeMarks(ctx context.Context) error {
	s, err := e.session(ctx)
	if err != nil {
		return err
	}
	defer s.close()
	if err = s.writable(ctx); err == nil {
		err = s.exec(ctx, marktable.Make)
	}
	if f := fault.Of(err); f.Code == "right.missing" {
		err = (&fault.Error{Fault: f}).Hint("GRANT CREATE ON DATABASE %s TO %s;", catalog.Quote(e.login.Database), catalog.Quote(e.login.User))
	}
	return fault.Wrap(err, "make table godwit.mark")
}

// Exec is the connector.Transaction's: one or several statements in one message.
func (l *load) Exec(ctx context.Context, sql string) error {
	l.s.touched = true
	if err := l.s.exec(ctx, sql); err != nil {
		return err
	}
	if l.s.conn.PgConn().TxStatus() != 'T' {
		l.s.broken = true
		return fault.New(fault.Internal, "statement.transaction", "a statement ended the transaction")
	}
	return nil
}

// Orphans is the connector.Transaction's.
func (l *load) Orphans(ctx context.Context, tables []catalog.Name) ([]connector.Orphans, error) {
	found, err := survey.Orphans(ctx, l.s.conn, tables)
	return found, l.s.fault(ctx, err)
}

// Fires is the connector.Transaction's.
func (l *load) Fires(ctx context.Context, table catalog.Name) ([]string, error) {
	names, err := survey.Fires(ctx, l.s.conn, table)
	return names, l.s.fault(ctx, err)
}

// only is ONLY for a table that holds its rows itself, nothing for the root of
// partitions.
func (s *session) only(ctx context.Context, table catalog.Name) (string, error) {
	kind, err := one(ctx, s, pgx.RowTo[string],
		"SELECT relkind::text FROM pg_class WHERE oid = $1::text::regclass", table.SQL())
	if err != nil || kind == "p" {
		return "", err
	}
	return "ONLY ", nil
}

// Empty is the connector.Transaction's. A whole table is truncated where the role may
// and no foreign key forbids it, else its rows are deleted.
func (l *load) Empty(ctx context.Context, p connector.Part, buckets []int) error {
	return fault.Wrap(l.empty(ctx, p, buckets), "empty %s", p.Table)
}

func (l *load) empty(ctx context.Context, p connector.Part, buckets []int) error {
	only, err := l.s.only(ctx, p.Table)
	if err != nil {
		return err
	}
	if buckets != nil {
		return l.s.exec(ctx, fmt.Sprintf("DELETE FROM %s%s WHERE %s", only, p.Table.SQL(),
			inBuckets(bucketSQL(p.Key, p.Columns, p.Of), buckets)))
	}
	err = l.s.attempt(ctx, fmt.Sprintf("SAVEPOINT empty; TRUNCATE %s%s", only, p.Table.SQL()))
	if err == nil {
		return nil
	}
	if err := l.s.tolerate(err, "0A000", "42501"); err != nil {
		return err
	}
	return l.s.exec(ctx, fmt.Sprintf("ROLLBACK TO empty; DELETE FROM %s%s", only, p.Table.SQL()))
}

// Count is the connector.Transaction's.
func (l *load) Count(ctx context.Context, table catalog.Name) (int64, error) {
	only, err := l.s.only(ctx, table)
	if err != nil {
		return 0, fault.Wrap(err, "count %s", table)
	}
	n, err := one(ctx, l.s, pgx.RowTo[int64], fmt.Sprintf("SELECT count(*) FROM %s%s", only, table.SQL()))
	return n, fault.Wrap(err, "count %s", table)
}

// Commit is the connector.Transaction's.
func (l *load) Commit(ctx context.Context, accounts []record.Account) error {
	return fault.Wrap(l.commit(ctx, accounts), "commit")
}

func (l *load) commit(ctx context.Context, accounts []record.Account) error {
	if l.s.broken {
		return fault.New(fault.Internal, "session.broken", "the load had an error before")
	}
	if len(l.marks) > 0 || len(accounts) > 0 {
		if err := l.s.fillMarks(ctx, l.marks, accounts); err != nil {
			return err
		}
	}
	tag, err := l.s.conn.Exec(ctx, "COMMIT")
	if err != nil {
		return l.s.fault(ctx, err)
	}
	if tag.String() != "COMMIT" { // a transaction in error is rolled back instead
		l.s.broken = true
		return fault.New(fault.Internal, "commit.refused", "the server answered %s", tag)
	}
	for _, m := range l.marks {
		l.s.e.trust.marked(m.Run, m.Unit)
	}
	if step, _, ok := strings.Cut(l.taken.Unit, "/"); ok {
		l.s.e.trust.unmark(l.taken.Run, step)
	}
	return nil
}

// Close is the connector.Transaction's.
func (l *load) Close() error {
	if l.s == nil {
		return nil
	}
	if !l.s.broken && l.s.conn.PgConn().TxStatus() != 'I' {
		l.s.rollback()
	}
	l.s.close()
	l.s = nil
	return nil
}

var _ connector.Writer = (*Endpoint)(nil)

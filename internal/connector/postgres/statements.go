package postgres

import (
	"context"

	"godwit/internal/connector"
	"godwit/internal/connector/postgres/marktable"
	"godwit/internal/connector/postgres/relations"
	"godwit/internal/connector/postgres/statement"
	"godwit/internal/fault"
	"godwit/internal/record"
)

// BeginStatement is the connector.StatementTarget's.
func (e *Endpoint) BeginStatement(ctx context.Context, marks []record.MarkKey) (connector.Transaction, connector.StatementRunner, error) {
	l, err := e.beginLoad(ctx, marks, func(ctx context.Context, s *session) (bool, error) { return false, s.writable(ctx) })
	if err != nil {
		return nil, nil, err
	}
	return e.forRole(ctx, l)
}

// forRole gives a statement of people the settings that the role would have.
func (e *Endpoint) forRole(ctx context.Context, l *load) (connector.Transaction, connector.StatementRunner, error) {
	l.s.touched = true
	if err := l.s.exec(ctx, relations.PathOfRole); err != nil {
		_ = l.Close()
		return nil, nil, fault.Wrap(err, "begin on %s", e.name)
	}
	return l, l, nil
}

// BeginUndo is the connector.StatementTarget's.
func (e *Endpoint) BeginUndo(ctx context.Context, mark record.MarkKey) (connector.Transaction, connector.StatementRunner, bool, error) {
	l, err := e.begin(ctx, nil, func(ctx context.Context, s *session) (bool, error) { return false, s.writable(ctx) })
	if err != nil {
		return nil, nil, false, fault.Wrap(err, "begin on %s", e.name)
	}
	there, err := l.s.takeMark(ctx, mark)
	if missing(err) { // without the table there is no mark
		there, err = false, nil
	}
	if err != nil || !there {
		_ = l.Close()
		return nil, nil, false, fault.Wrap(err, "begin on %s", e.name)
	}
	l.taken = mark
	tx, run, err := e.forRole(ctx, l)
	return tx, run, err == nil, err
}

// takeMark takes a mark away and reports whether it was there. It is written
// first: so a session that is just committing it is waited for.
func (s *session) takeMark(ctx context.Context, m record.MarkKey) (bool, error) {
	if err := s.exec(ctx, holdRun(m.Run)); err != nil {
		return false, err
	}
	tag, err := s.conn.Exec(ctx, `INSERT INTO `+marktable.Names[0]+` (run, unit, chunk, generation, attempt)
		VALUES ($1::text::uuid, $2, $3, 0, 0) ON CONFLICT DO NOTHING`, m.Run, m.Unit, m.Chunk)
	if err != nil || tag.RowsAffected() > 0 {
		return false, s.fault(ctx, err)
	}
	tag, err = s.conn.Exec(ctx, `DELETE FROM `+marktable.Names[0]+` WHERE run = $1::text::uuid AND unit = $2 AND chunk = $3`, m.Run, m.Unit, m.Chunk)
	return tag.RowsAffected() == 1, s.fault(ctx, err)
}

// writable lets a session's transactions write where a database is read-only by
// default. It does nothing to a server in recovery.
func (s *session) writable(ctx context.Context) error {
	s.touched = true
	return s.exec(ctx, "SET default_transaction_read_only = off")
}

// RunStatement is the connector.StatementRunner's.
func (l *load) RunStatement(ctx context.Context, s connector.Statement) (connector.Ran, error) {
	ran, err := statement.Run(ctx, l.s.conn, s)
	if err != nil {
		return ran, l.s.fault(ctx, err)
	}
	if l.s.conn.PgConn().TxStatus() != 'T' {
		l.s.broken = true
		return ran, fault.New(fault.Config, "statement.control", "the statement ended its transaction").
			Hint("each statement runs in a transaction of its own, with its mark: leave COMMIT and ROLLBACK out")
	}
	return ran, nil
}

// RunUnmarked is the connector.StatementTarget's.
func (e *Endpoint) RunUnmarked(ctx context.Context, s connector.Statement) (connector.Ran, error) {
	session, err := e.trusted(ctx)
	if err != nil {
		return connector.Ran{}, err
	}
	defer session.close()
	session.touched = true
	if err := session.exec(ctx, "SET search_path TO DEFAULT"); err != nil {
		return connector.Ran{}, err
	}
	ran, err := statement.Run(ctx, session.conn, s)
	return ran, session.fault(ctx, err)
}

package postgres

import (
	"context"

	"godwit/internal/connector"
	"godwit/internal/connector/postgres/relations"
	"godwit/internal/connector/postgres/statement"
	"godwit/internal/fault"
	"godwit/internal/record"
)

// BeginStatement is the connector.StatementTarget's.
func (e *Endpoint) BeginStatement(ctx context.Context, marks []record.MarkKey) (connector.Transaction, connector.StatementRunner, error) {
	l, err := e.beginLoad(ctx, marks, func(context.Context, *session) (bool, error) { return false, nil })
	if err != nil {
		return nil, nil, err
	}
	l.s.touched = true
	if err := l.s.exec(ctx, relations.PathOfRole); err != nil {
		_ = l.Close()
		return nil, nil, fault.Wrap(err, "begin on %s", e.name)
	}
	return l, l, nil
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

package postgres

import (
	"context"
	"errors"
	"strings"
	"time"

	"godwit/internal/connector"
	"godwit/internal/connector/postgres/login"
	"godwit/internal/connector/postgres/sqlstate"
	"godwit/internal/fault"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// session is one login with fixed settings. Not safe for concurrent use.
type session struct {
	e       *Endpoint
	conn    *pgx.Conn
	major   int    // of the server's version
	lent    bool   // by the pool
	leave   func() // the pool's room
	broken  bool   // saw an error: not to be used again
	touched bool   // statements of others ran: settings are to be made anew
}

// connect logs in, at the server used last or the first of the others that
// takes the login.
func (e *Endpoint) connect(ctx context.Context) (*session, error) {
	e.mu.Lock()
	first := e.pinned
	e.mu.Unlock()
	var errs []error
	for n := range e.login.Hosts {
		i := (first + n) % len(e.login.Hosts)
		s, err := e.connectTo(ctx, e.login.Hosts[i])
		if err == nil {
			e.pin(i)
			return s, nil
		}
		if errs = append(errs, err); ctx.Err() != nil {
			return nil, ctx.Err()
		}
	}
	if len(errs) == 1 {
		return nil, errs[0]
	}
	return nil, errors.Join(errs...)
}

func (e *Endpoint) connectTo(ctx context.Context, h login.Host) (*session, error) {
	config, err := e.login.Config(h)
	if err != nil {
		return nil, err
	}
	password, err := e.login.Password(ctx, h)
	if err != nil {
		return nil, err
	}
	config.Password = password.Reveal()
	config.DialFunc = login.Dial
	config.RuntimeParams["application_name"] = e.label(ctx)
	config.RuntimeParams["client_encoding"] = "UTF8"
	config.DefaultQueryExecMode = pgx.QueryExecModeDescribeExec
	conn, err := pgx.ConnectConfig(ctx, config)
	if err != nil {
		return nil, fault.Wrap(sqlstate.Refused(ctx, err), "connect to %s", h)
	}
	e.login.Kinds.Carry(conn)
	s := &session{e: e, conn: conn, major: login.Major(conn.PgConn().ParameterStatus("server_version"))}
	var started string
	if err = s.fix(ctx); err == nil {
		started, err = one(ctx, s, pgx.RowTo[string], "SELECT pg_postmaster_start_time()::text")
	}
	if err != nil {
		s.end()
		return nil, fault.Wrap(err, "connect to %s", h)
	}
	e.trust.meet(h.String() + " " + started)
	return s, nil
}

func (s *session) fix(ctx context.Context) error {
	if err := s.exec(ctx, login.Fixed(s.major)); err != nil {
		return err
	}
	if s.major >= 14 {
		// A server then notices within seconds that the owner of a long
		// statement is gone; not every system has it.
		return s.tolerate(s.attempt(ctx, "SET client_connection_check_interval = '10s'"), "22023")
	}
	return nil
}

// ready labels an idle session for its next use.
func (s *session) ready(ctx context.Context) error {
	if s.touched {
		if err := s.exec(ctx, "DISCARD ALL"); err != nil {
			return err
		}
		if err := s.fix(ctx); err != nil {
			return err
		}
		s.touched = false
	}
	return s.exec(ctx, "SET application_name = "+literal(s.e.label(ctx)))
}

// label is the context's label as application_name holds it.
func (e *Endpoint) label(ctx context.Context) string { return e.login.Label(connector.Label(ctx)) }

// exec runs one or several statements in one message and reads no rows.
func (s *session) exec(ctx context.Context, sql string) error {
	_, err := s.conn.PgConn().Exec(ctx, sql).ReadAll()
	return s.fault(ctx, err)
}

// attempt is exec for a statement whose refusal by the server is no reason to
// throw the session away.
func (s *session) attempt(ctx context.Context, sql string) error {
	_, err := s.conn.PgConn().Exec(ctx, sql).ReadAll()
	var refusal *pgconn.PgError
	if errors.As(err, &refusal) && refusal.SeverityUnlocalized == "ERROR" {
		return s.e.login.Kinds.Apply(sqlstate.Translate(err))
	}
	return s.fault(ctx, err)
}

// tolerate takes errors of some SQLSTATEs away.
func (s *session) tolerate(err error, states ...string) error {
	for _, state := range states {
		if sqlstate.Of(err) == state {
			return nil
		}
	}
	return err
}

// query runs one statement; its parameters are bound, its rows scanned by pgx.
// Errors that rows.Err gives are passed through fault by the caller; list and
// one do so.
func (s *session) query(ctx context.Context, sql string, args ...any) (pgx.Rows, error) {
	rows, err := s.conn.Query(ctx, sql, args...)
	return rows, s.fault(ctx, err)
}

// list reads all rows of a query, each by scan (pgx.RowTo, pgx.RowToStructByPos).
func list[T any](ctx context.Context, s *session, scan pgx.RowToFunc[T], sql string, args ...any) ([]T, error) {
	rows, err := s.query(ctx, sql, args...)
	if err != nil {
		return nil, err
	}
	all, err := pgx.CollectRows(rows, scan)
	return all, s.fault(ctx, err)
}

// one reads the first row of a query.
func one[T any](ctx context.Context, s *session, scan pgx.RowToFunc[T], sql string, args ...any) (T, error) {
	rows, err := s.query(ctx, sql, args...)
	if err != nil {
		var none T
		return none, err
	}
	value, err := pgx.CollectOneRow(rows, scan)
	return value, s.fault(ctx, err)
}

// fault translates an error and remembers that the session saw one. An error
// of a context that ended is the context's.
func (s *session) fault(ctx context.Context, err error) error {
	if err == nil {
		return nil
	}
	s.broken = true
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if err = s.e.login.Kinds.Apply(sqlstate.Translate(err)); fault.KindOf(err) == fault.Unavailable {
		s.e.trust.lostSession()
	}
	return err
}

// cancelPatience is how long a cancel request may take, behind the caller's back.
const cancelPatience = 10 * time.Second

// end logs out.
func (s *session) end() {
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	// A socket that is closed already is as good.
	_ = s.conn.Close(ctx)
}

// literal quotes a text for SQL under standard_conforming_strings.
func literal(text string) string { return "'" + strings.ReplaceAll(text, "'", "''") + "'" }

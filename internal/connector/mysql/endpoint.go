package mysql

import (
	"context"
	"database/sql"
	"strings"

	"godwit/internal/catalog"
	"godwit/internal/connector"
	"godwit/internal/connector/keyset"
	"godwit/internal/fault"
	"godwit/internal/rate/room"
	"godwit/internal/sqltext"

	driver "github.com/go-sql-driver/mysql"
)

// Endpoint is an open connection to one server, safe for concurrent use.
type Endpoint struct {
	keyset.Source
	name  string
	db    *sql.DB
	kinds kinds
	room  *room.Room
}

var (
	_ connector.Inspector    = (*Endpoint)(nil)
	_ connector.RecordSource = (*Endpoint)(nil)
	_ connector.Paced        = (*Endpoint)(nil)
	_ connector.Spare        = (*Endpoint)(nil)
)

// Open makes an endpoint. It does not connect.
func Open(ctx context.Context, name string, s *Settings) (*Endpoint, error) {
	l, err := s.login(ctx)
	if err != nil {
		return nil, fault.Wrap(err, "connection %q", name)
	}
	// The password is fetched anew for each session.
	err = l.config.Apply(driver.BeforeConnect(func(ctx context.Context, c *driver.Config) error {
		password, err := l.password(ctx)
		c.Passwd = password.Reveal()
		return err
	}))
	if err != nil {
		return nil, fault.New(fault.Config, "settings.invalid", "connection %q: %w", name, err)
	}
	dial, err := driver.NewConnector(l.config)
	if err != nil {
		return nil, fault.New(fault.Config, "settings.invalid", "connection %q: %w", name, err)
	}
	pace, err := s.Limit.Pace(name, s.Limit.Concurrency)
	if err != nil {
		return nil, err
	}
	e := &Endpoint{name: name, db: sql.OpenDB(dial), kinds: connector.ErrorKinds(s.Errors), room: room.New(s.Limit.Connections)}
	e.db.SetMaxOpenConns(s.Limit.Connections)
	e.Source = keyset.Source{OwnPace: connector.NewOwnPace(pace), Name: name, Begin: func(ctx context.Context) (keyset.Server, error) { return e.begin(ctx) }}
	return e, nil
}

// Close is the connector.Endpoint's.
func (e *Endpoint) Close() error { return e.db.Close() }

// SetAside is the connector.Spare's.
func (e *Endpoint) SetAside(ctx context.Context) error { return e.room.SetAside(ctx) }

// session is a connection inside a consistent snapshot.
type session struct {
	conn    *sql.Conn
	leave   func() // the room that the endpoint has for sessions
	kinds   kinds
	grammar keyset.Grammar
}

// begin opens a snapshot. A reader may be slower than the server likes to wait.
func (e *Endpoint) begin(ctx context.Context) (*session, error) {
	leave, err := e.room.Enter(ctx, connector.IsAside(ctx))
	if err != nil {
		return nil, err
	}
	conn, err := e.db.Conn(ctx)
	if err != nil {
		leave()
		return nil, e.kinds.translate(ctx, err)
	}
	s := &session{conn: conn, leave: leave, kinds: e.kinds}
	for _, text := range []string{
		"SET SESSION net_write_timeout = 7200",
		"SET SESSION TRANSACTION ISOLATION LEVEL REPEATABLE READ",
		"START TRANSACTION WITH CONSISTENT SNAPSHOT, READ ONLY",
	} {
		if _, err := conn.ExecContext(ctx, text); err != nil {
			s.End()
			return nil, e.kinds.translate(ctx, err)
		}
	}
	mode, err := s.One(ctx, "SELECT @@sql_mode", nil)
	if err != nil {
		s.End()
		return nil, err
	}
	s.grammar = keyset.Grammar{Grammar: sqltext.Grammar{Backtick: true, Hash: true, Backslash: !strings.Contains(text(mode[0]), "NO_BACKSLASH_ESCAPES")}}
	return s, nil
}

// End is the keyset.Server's.
func (s *session) End() {
	_, _ = s.conn.ExecContext(context.Background(), "ROLLBACK") // a broken session has nothing to roll back
	_ = s.conn.Close()                                          // only fails when it is closed
	s.leave()
}

// text is what the driver gives for one.
func text(v any) string {
	switch v := v.(type) {
	case []byte:
		return string(v)
	case string:
		return v
	}
	return ""
}

// Inspect is the connector.Inspector's: what the server is, and the tables that
// are selected; a pattern without a schema means the login's database.
func (e *Endpoint) Inspect(ctx context.Context, sel catalog.Selection) (*catalog.Database, error) {
	db, err := e.inspect(ctx, sel)
	return db, fault.Wrap(err, "inspect %s", e.name)
}

func (e *Endpoint) inspect(ctx context.Context, sel catalog.Selection) (*catalog.Database, error) {
	s, err := e.begin(ctx)
	if err != nil {
		return nil, err
	}
	defer s.End()
	about, err := s.One(ctx, "SELECT version(), coalesce(database(), ''), current_user(), concat(@@hostname, ' ', @@port, ' ', coalesce(database(), ''))", nil)
	if err != nil {
		return nil, err
	}
	db := &catalog.Database{System: System, Version: text(about[0]), Name: text(about[1]), User: text(about[2]), ID: System + " " + text(about[3])}
	r, err := s.Rows(ctx, `SELECT table_schema, table_name, CAST(coalesce(table_rows, -1) AS SIGNED), CAST(coalesce(data_length, 0) AS SIGNED) FROM information_schema.tables
		WHERE table_type = 'BASE TABLE' AND table_schema NOT IN ('mysql', 'sys', 'performance_schema', 'information_schema') ORDER BY 1, 2`, nil)
	if err != nil {
		return nil, err
	}
	defer r.Close()
	for {
		v, _, err := r.Next()
		if err != nil {
			return db, keyset.UnlessEnd(err)
		}
		n := catalog.Name{Schema: text(v[0]), Object: text(v[1])}
		if sel.Match(n) || n.Schema == db.Name && sel.Match(catalog.Name{Object: n.Object}) {
			t := catalog.Table{Name: n, Kind: catalog.Plain, Rows: -1}
			t.Rows, _ = v[2].(int64)
			t.Bytes, _ = v[3].(int64)
			db.Bytes += t.Bytes
			db.Tables = append(db.Tables, t)
		}
	}
}

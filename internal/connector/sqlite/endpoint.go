package sqlite

import (
	"context"
	"database/sql"
	"net/url"
	"os"
	"path/filepath"

	"godwit/internal/catalog"
	"godwit/internal/connector"
	"godwit/internal/connector/keyset"
	"godwit/internal/fault"

	_ "modernc.org/sqlite" // the driver
)

// Endpoint is an open connection to one file, safe for concurrent use.
type Endpoint struct {
	keyset.Source
	name  string
	file  string
	db    *sql.DB
	kinds kinds
}

var (
	_ connector.Inspector    = (*Endpoint)(nil)
	_ connector.RecordSource = (*Endpoint)(nil)
)

// Open makes an endpoint. The file is not opened before it is used.
func Open(name string, s *Settings) (*Endpoint, error) {
	if s.File == "" {
		return nil, fault.New(fault.Config, "settings.invalid", "connection %q: file is missing", name)
	}
	path, err := filepath.Abs(s.File)
	if err != nil {
		return nil, fault.New(fault.Config, "settings.invalid", "connection %q: %w", name, err)
	}
	// Read only twice over: a statement of others cannot write whatever it calls.
	u := url.URL{Scheme: "file", Path: path, RawQuery: "mode=ro&_pragma=query_only(1)&_pragma=busy_timeout(20000)&_pragma=trusted_schema(0)"}
	db, err := sql.Open("sqlite", u.String())
	if err != nil {
		return nil, fault.New(fault.Config, "settings.invalid", "connection %q: %w", name, err)
	}
	e := &Endpoint{name: name, file: path, db: db, kinds: connector.ErrorKinds(s.Errors)}
	e.Source = keyset.Source{OwnPace: connector.AnyPace(name), Name: name, Begin: func(ctx context.Context) (keyset.Server, error) { return e.begin(ctx) }}
	return e, nil
}

// Close is the connector.Endpoint's.
func (e *Endpoint) Close() error { return e.db.Close() }

// session is a connection inside a read transaction: what it reads is as of
// its beginning.
type session struct {
	conn  *sql.Conn
	kinds kinds
}

func (e *Endpoint) begin(ctx context.Context) (*session, error) {
	if _, err := os.Stat(e.file); err != nil {
		return nil, fault.New(fault.Config, "database.missing", "%w", err)
	}
	conn, err := e.db.Conn(ctx)
	if err != nil {
		return nil, e.kinds.translate(ctx, err)
	}
	s := &session{conn, e.kinds}
	// The transaction begins with its first look.
	for _, sql := range []string{"BEGIN", "SELECT 1 FROM sqlite_schema LIMIT 1"} {
		if _, err := conn.ExecContext(ctx, sql); err != nil {
			s.End()
			return nil, e.kinds.translate(ctx, err)
		}
	}
	return s, nil
}

// End is the keyset.Server's.
func (s *session) End() {
	_, _ = s.conn.ExecContext(context.Background(), "ROLLBACK") // only fails where nothing is open
	_ = s.conn.Close()                                          // only fails when it is closed
}

// Inspect is the connector.Inspector's: what the file is, and its tables.
func (e *Endpoint) Inspect(ctx context.Context, sel catalog.Selection) (*catalog.Database, error) {
	db := &catalog.Database{System: System, Name: filepath.Base(e.file), ID: System + " " + e.file, Schemas: []string{"main"}}
	if info, err := os.Stat(e.file); err == nil {
		db.Bytes = info.Size()
	}
	s, err := e.begin(ctx)
	if err != nil {
		return nil, fault.Wrap(err, "inspect %s", e.name)
	}
	defer s.End()
	version, err := s.One(ctx, "SELECT sqlite_version()", nil)
	if err != nil {
		return nil, fault.Wrap(err, "inspect %s", e.name)
	}
	db.Version, _ = version[0].(string)
	db.Tables, err = s.tables(ctx, sel)
	return db, fault.Wrap(err, "inspect %s", e.name)
}

func (s *session) tables(ctx context.Context, sel catalog.Selection) ([]catalog.Table, error) {
	var list []catalog.Table
	rows, err := s.Rows(ctx, "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\' ORDER BY name", nil)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for {
		slots, _, err := rows.Next()
		if err != nil {
			return list, keyset.UnlessEnd(err)
		}
		name := catalog.Name{Schema: "main"}
		name.Object, _ = slots[0].(string)
		if !sel.Match(name) && !sel.Match(catalog.Name{Object: name.Object}) {
			continue
		}
		t := catalog.Table{Name: name, Kind: catalog.Plain, Rows: -1}
		columns, err := s.columns(ctx, name)
		if err != nil {
			return nil, err
		}
		for _, c := range columns {
			t.Columns = append(t.Columns, catalog.Column{Name: c.name, Type: c.declared, NotNull: c.filled, Generated: c.hidden})
		}
		t.Key = keyOf(columns)
		list = append(list, t)
	}
}

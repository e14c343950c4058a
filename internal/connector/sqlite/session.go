package sqlite

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"strconv"

	"godwit/internal/catalog"
	"godwit/internal/connector"
	"godwit/internal/connector/keyset"
	"godwit/internal/fault"

	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"
)

// One is the keyset.Session's.
func (s *session) One(ctx context.Context, sql string, args []any) ([]any, error) {
	return keyset.First(s.Rows(ctx, sql, args))
}

// Rows is the keyset.Session's.
func (s *session) Rows(ctx context.Context, sql string, args []any) (keyset.Rows, error) {
	r, err := s.conn.QueryContext(ctx, sql, args...)
	if err != nil {
		return nil, s.kinds.translate(ctx, err)
	}
	return keyset.Scan(r, func(err error) error { return s.kinds.translate(ctx, err) }, nil)
}

// faults are SQLite's primary result codes (sqlite.org/rescode.html).
var faults = map[int]struct {
	kind fault.Kind
	code string
}{
	sqlite3.SQLITE_ERROR:    {fault.Config, "query.invalid"},
	sqlite3.SQLITE_READONLY: {fault.Config, "query.invalid"},
	sqlite3.SQLITE_RANGE:    {fault.Config, "query.invalid"},
	sqlite3.SQLITE_MISUSE:   {fault.Config, "query.invalid"},
	sqlite3.SQLITE_MISMATCH: {fault.Config, "query.invalid"},
	sqlite3.SQLITE_AUTH:     {fault.Denied, "right.read"},
	sqlite3.SQLITE_PERM:     {fault.Denied, "right.read"},
	sqlite3.SQLITE_CANTOPEN: {fault.Config, "database.missing"},
	sqlite3.SQLITE_NOTADB:   {fault.Config, "database.missing"},
	sqlite3.SQLITE_CORRUPT:  {fault.Data, "data.corrupt"},
	sqlite3.SQLITE_TOOBIG:   {fault.Data, "data.too-large"},
	sqlite3.SQLITE_BUSY:     {fault.Conflict, "conflict.lock"},
	sqlite3.SQLITE_LOCKED:   {fault.Conflict, "conflict.lock"},
	sqlite3.SQLITE_SCHEMA:   {fault.Data, "source.changed"},
	sqlite3.SQLITE_IOERR:    {fault.Unavailable, "connection.lost"},
	sqlite3.SQLITE_NOMEM:    {fault.Unavailable, "server.memory"},
}

// kinds are those that the connection gives to errors instead of the usual ones,
// by number or code.
type kinds map[string]fault.Kind

// made is a fault of the usual kind, or of the one that is given to it.
func (k kinds) made(number string, kind fault.Kind, code string, err error) error {
	return fault.New(cmp.Or(k[number], k[code], kind), code, "%w", err)
}

// checkErrors finds entries that no error will ever be.
func checkErrors(settings any) []connector.Problem {
	var codes []string
	for _, f := range faults {
		codes = append(codes, f.code)
	}
	return connector.CheckErrors(settings.(*Settings).Errors, numbered, "the number of an error, as 5", codes)
}

func numbered(code string) bool {
	n, err := strconv.Atoi(code)
	return err == nil && n > 0 && n < 256
}

// translate makes a fault of the driver's error.
func (k kinds) translate(ctx context.Context, err error) error {
	if err == nil || ctx.Err() != nil {
		return cmp.Or(ctx.Err(), err)
	}
	var e *sqlite.Error
	if !errors.As(err, &e) {
		return err
	}
	number := strconv.Itoa(e.Code() & 0xff)
	f, ok := faults[e.Code()&0xff]
	if !ok {
		return k.made(number, fault.Internal, "server.error", err)
	}
	return k.made(number, f.kind, f.code, err)
}

// column is one of a table.
type column struct {
	name, declared string
	filled         bool // never null
	hidden         bool // computed
	key            int64
}

// columns asks for a table's.
func (s *session) columns(ctx context.Context, table catalog.Name) ([]column, error) {
	r, err := s.Rows(ctx, `SELECT name, type, "notnull", pk, hidden,
		pk > 0 AND (upper(type) = 'INTEGER' AND (SELECT count(*) FROM pragma_table_xinfo(?1, ?2) WHERE pk > 0) = 1 OR
			(SELECT wr FROM pragma_table_list(?1) WHERE schema = ?2)) FROM pragma_table_xinfo(?1, ?2) WHERE hidden <> 1`,
		[]any{table.Object, cmp.Or(table.Schema, "main")})
	if err != nil {
		return nil, err
	}
	defer r.Close()
	var list []column
	for {
		v, _, err := r.Next()
		if err != nil {
			return list, keyset.UnlessEnd(err)
		}
		c := column{filled: v[2] == int64(1) || v[5] == int64(1), hidden: v[4] != int64(0)}
		c.name, _ = v[0].(string)
		c.declared, _ = v[1].(string)
		c.key, _ = v[3].(int64)
		list = append(list, c)
	}
}

// keyOf is the primary key of a table, in its order.
func keyOf(columns []column) []string {
	var in []column
	for _, c := range columns {
		if c.key > 0 {
			in = append(in, c)
		}
	}
	slices.SortFunc(in, func(a, b column) int { return cmp.Compare(a.key, b.key) })
	var names []string
	for _, c := range in {
		names = append(names, c.name)
	}
	return names
}

package mysql

import (
	"cmp"
	"context"
	"database/sql/driver"
	"errors"
	"io"
	"net"
	"strconv"
	"strings"

	"godwit/internal/connector"
	"godwit/internal/connector/keyset"
	"godwit/internal/fault"

	"github.com/go-sql-driver/mysql"
)

// One is the keyset.Session's.
func (s *session) One(ctx context.Context, sql string, args []any) ([]any, error) {
	return keyset.First(s.Rows(ctx, sql, args))
}

// Rows is the keyset.Session's. The statement is prepared, also without
// values: only then the server sends numbers as they are; as text it rounds
// FLOAT.
func (s *session) Rows(ctx context.Context, sql string, args []any) (keyset.Rows, error) {
	stmt, err := s.conn.PrepareContext(ctx, sql)
	if err != nil {
		return nil, s.kinds.translate(ctx, err)
	}
	r, err := stmt.QueryContext(ctx, args...)
	if err != nil {
		return nil, errors.Join(s.kinds.translate(ctx, err), stmt.Close())
	}
	return keyset.Scan(r, func(err error) error { return s.kinds.translate(ctx, err) }, stmt)
}

// faults are the server's error numbers (mariadb.com/kb/en/mariadb-error-codes).
var faults = map[uint16]struct {
	kind fault.Kind
	code string
}{
	1040: {fault.Throttled, "server.full"}, 1203: {fault.Throttled, "server.full"}, 1226: {fault.Throttled, "server.full"},
	1044: {fault.Denied, "right.read"}, 1142: {fault.Denied, "right.read"}, 1143: {fault.Denied, "right.read"}, 1227: {fault.Denied, "right.read"}, 1370: {fault.Denied, "right.read"},
	1045: {fault.Denied, "login.refused"}, 1698: {fault.Denied, "login.refused"}, 1130: {fault.Denied, "login.refused"},
	1049: {fault.Config, "database.missing"},
	1053: {fault.Unavailable, "server.stopped"}, 1927: {fault.Unavailable, "connection.lost"}, 1317: {fault.Unavailable, "statement.cancelled"},
	1205: {fault.Conflict, "conflict.lock"}, 1213: {fault.Conflict, "conflict.deadlock"},
	1021: {fault.Unavailable, "disk.full"}, 1114: {fault.Unavailable, "disk.full"}, 1037: {fault.Unavailable, "server.memory"}, 1038: {fault.Unavailable, "server.memory"},
	1412: {fault.Data, "source.changed"}, 1194: {fault.Data, "data.corrupt"}, 1153: {fault.Data, "data.too-large"},
	1792: {fault.Config, "query.invalid"},
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
	return connector.CheckErrors(settings.(*Settings).Errors, numbered, "the number of an error, as 1213", codes)
}

func numbered(code string) bool {
	n, err := strconv.Atoi(code)
	return err == nil && n >= 1000 && n < 10000
}

// translate makes a fault of the driver's error.
func (k kinds) translate(ctx context.Context, err error) error {
	if err == nil || ctx.Err() != nil {
		return cmp.Or(ctx.Err(), err)
	}
	var e *mysql.MySQLError
	var network net.Error
	switch {
	case errors.As(err, &e):
		number := strconv.Itoa(int(e.Number))
		if f, ok := faults[e.Number]; ok {
			return k.made(number, f.kind, f.code, err)
		}
		if class := string(e.SQLState[:2]); strings.Contains("42 22 21 0A", class) {
			return k.made(number, fault.Config, "query.invalid", err)
		}
		return k.made(number, fault.Internal, "server.error", err)
	case errors.As(err, &network):
		return fault.New(fault.Unavailable, "connection.refused", "%w", err)
	case errors.Is(err, mysql.ErrInvalidConn), errors.Is(err, driver.ErrBadConn), errors.Is(err, io.ErrUnexpectedEOF):
		return fault.New(fault.Unavailable, "connection.lost", "%w", err)
	case errors.Is(err, mysql.ErrNoTLS):
		return fault.New(fault.Config, "tls.refused", "%w", err)
	}
	return err
}

package sqlstate

import (
	"errors"
	"regexp"

	"godwit/internal/connector"
	"godwit/internal/fault"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// Kinds are kinds that a connection gives to errors instead of those of the
// table, by SQLSTATE or, of all that have it, by code.
type Kinds map[string]fault.Kind

var form = regexp.MustCompile(`^[0-9A-Z]{5}$`)

// Check finds what is neither an SQLSTATE nor a code. SQLSTATEs that the server
// does not know may be those of functions of the user's.
func Check(list []connector.ErrorKind) []connector.Problem {
	var codes []string
	for _, table := range []map[string]meaning{states, classes} {
		for _, m := range table {
			codes = append(codes, m.code)
		}
	}
	return connector.CheckErrors(list, form.MatchString, "an SQLSTATE of five digits and capitals", codes)
}

// of is the kind of an error of the server's; false when none is given to it.
func (k Kinds) of(err error) (fault.Kind, bool) {
	var e *pgconn.PgError
	if len(k) == 0 || !errors.As(err, &e) {
		return "", false
	}
	if kind, ok := k[e.Code]; ok {
		return kind, true
	}
	kind, ok := k[mean(e.Code).code]
	return kind, ok
}

// Kind is that of any error of a session.
func (k Kinds) Kind(err error) fault.Kind {
	if kind, ok := k.of(err); ok {
		return kind
	}
	return fault.KindOf(Translate(err))
}

// Apply gives a fault of a session its kind; it is changed and returned.
func (k Kinds) Apply(err error) error {
	var f *fault.Error
	if kind, ok := k.of(err); ok && errors.As(err, &f) {
		f.Kind = kind
	}
	return err
}

// A session carries the kinds of its connection: what works on it knows no
// settings.
const carried = "godwit.kinds"

// Carry gives them to a session.
func (k Kinds) Carry(conn *pgx.Conn) {
	if len(k) > 0 {
		conn.PgConn().CustomData()[carried] = k
	}
}

// KindsOf are those of a session.
func KindsOf(conn *pgx.Conn) Kinds {
	k, _ := conn.PgConn().CustomData()[carried].(Kinds)
	return k
}

// Package sqlstate gives the server's errors, and those of the way to it, their
// fault: kind, stable code, and lines that name table, column, constraint and
// place without a row's content. It knows errors only. Start at Translate.
package sqlstate

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"os"
	"regexp"
	"slices"
	"strings"

	"godwit/internal/fault"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// meaning is what an SQLSTATE comes to.
type meaning struct {
	kind fault.Kind
	code string
}

// states is the one table of SQLSTATEs (PostgreSQL documentation, appendix
// "Error Codes"); what is not in it goes by its class, see classes.
var states = map[string]meaning{
	"0A000": {fault.Config, "statement.unsupported"},
	"22001": {fault.Data, "data.too-long"},
	"22003": {fault.Data, "data.out-of-range"},
	"22007": {fault.Data, "data.date"},
	"22008": {fault.Data, "data.date"},
	"22021": {fault.Data, "data.encoding"},
	"22P02": {fault.Data, "data.syntax"},
	"22P05": {fault.Data, "data.encoding"},
	"23502": {fault.Data, "data.not-null"},
	"23503": {fault.Data, "data.foreign-key"},
	"23505": {fault.Data, "data.unique"},
	"23514": {fault.Data, "data.check"},
	"23P01": {fault.Data, "data.exclusion"},
	"25006": {fault.Unavailable, "server.read-only"},
	"25P03": {fault.Unavailable, "connection.lost"},
	"25P04": {fault.Unavailable, "connection.lost"},
	"2BP01": {fault.Config, "target.depended"},
	"28P01": {fault.Denied, "login.refused"},
	"3D000": {fault.Config, "database.missing"},
	"3F000": {fault.Config, "object.missing"},
	"40001": {fault.Conflict, "conflict.serialization"},
	"40P01": {fault.Conflict, "conflict.deadlock"},
	"42501": {fault.Denied, "right.missing"},
	"42601": {fault.Config, "statement.syntax"},
	"42703": {fault.Config, "object.missing"},
	"42704": {fault.Config, "object.missing"},
	"42883": {fault.Config, "object.missing"},
	"42P01": {fault.Config, "object.missing"},
	"42701": {fault.Config, "object.exists"},
	"42710": {fault.Config, "object.exists"},
	"42723": {fault.Config, "object.exists"},
	"42P04": {fault.Config, "object.exists"},
	"42P06": {fault.Config, "object.exists"},
	"42P07": {fault.Config, "object.exists"},
	"53100": {fault.Unavailable, "disk.full"},
	"53200": {fault.Unavailable, "server.memory"},
	"53300": {fault.Unavailable, "server.full"},
	"54000": {fault.Data, "data.too-large"},
	"55006": {fault.Conflict, "conflict.in-use"},
	"55P03": {fault.Conflict, "conflict.lock"},
	"57014": {fault.Unavailable, "statement.cancelled"},
	"57P01": {fault.Unavailable, "server.stopped"},
	"57P02": {fault.Unavailable, "server.crashed"},
	"57P03": {fault.Unavailable, "server.starting"},
	"57P04": {fault.Config, "database.missing"},
	"57P05": {fault.Unavailable, "connection.lost"},
	"72000": {fault.Unavailable, "snapshot.lost"},
	"P0001": {fault.Data, "data.refused"},
	"XX001": {fault.Data, "data.corrupt"},
	"XX002": {fault.Data, "data.corrupt"},
}

var classes = map[string]meaning{
	"08": {fault.Unavailable, "connection.lost"},
	"22": {fault.Data, "data.invalid"},
	"23": {fault.Data, "data.constraint"},
	"28": {fault.Denied, "login.refused"},
	"40": {fault.Conflict, "conflict"},
	"42": {fault.Config, "statement.refused"},
	"53": {fault.Unavailable, "server.resources"},
	"54": {fault.Config, "server.limit"},
	"57": {fault.Unavailable, "server.stopped"},
	"58": {fault.Internal, "server.system"},
}

func mean(state string) meaning {
	if m, ok := states[state]; ok {
		return m
	}
	if len(state) == 5 {
		if m, ok := classes[state[:2]]; ok {
			return m
		}
	}
	return meaning{fault.Internal, "server.error"}
}

// Of is an error's SQLSTATE, empty when the server did not make it.
func Of(err error) string {
	var e *pgconn.PgError
	if errors.As(err, &e) {
		return e.Code
	}
	return ""
}

// Translate gives an error its fault. What is no answer of the server is a
// lost connection; faults and ended contexts stay what they are.
func Translate(err error) error {
	var known *fault.Error
	var answer *pgconn.PgError
	switch {
	case err == nil, errors.As(err, &known), errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		return err
	case errors.As(err, &answer):
		return answered(answer)
	case errors.Is(err, pgx.ErrNoRows), errors.Is(err, pgx.ErrTooManyRows), isScan(err):
		return fault.New(fault.Internal, "server.answer", "%w", err)
	}
	return fault.New(fault.Unavailable, "connection.lost", "connection lost: %w", err)
}

func isScan(err error) bool {
	var scan pgx.ScanArgError
	return errors.As(err, &scan)
}

// answered makes a fault of a server's error. Messages and details about data
// quote the row; only names, types and sizes are taken from them.
func answered(e *pgconn.PgError) error {
	m := mean(e.Code)
	about := e.Code[:min(2, len(e.Code))]
	content := about == "22" || about == "23" || about == "P0"
	message := e.Message
	switch {
	case about == "22" && e.Severity != e.SeverityUnlocalized:
		message = "a value was refused" // another language, other quotes
	case about == "22", about == "P0":
		message = masked(message)
	}
	f := fault.New(m.kind, m.code, "%w", &answer{message, e})
	for _, line := range []struct{ label, text string }{
		{"table", relation(e)}, {"column", e.ColumnName}, {"type", e.DataTypeName}, {"constraint", e.ConstraintName},
		{"key", keyNames(e)}, {"at", place(e.Where)},
	} {
		if line.text != "" {
			f.With(line.label, "%s", line.text)
		}
	}
	if !content && e.Detail != "" {
		f.With("detail", "%s", e.Detail)
	}
	f.With("sqlstate", "%s", e.Code)
	if !content && e.Hint != "" {
		f.Hint("%s", e.Hint)
	}
	return f
}

// answer keeps the server's error as the cause without its text, which may
// quote a row.
type answer struct {
	text  string
	cause *pgconn.PgError
}

func (a *answer) Error() string { return a.text }
func (a *answer) Unwrap() error { return a.cause }

func relation(e *pgconn.PgError) string {
	if e.SchemaName != "" && e.TableName != "" {
		return e.SchemaName + "." + e.TableName
	}
	return e.TableName
}

var (
	quoted    = regexp.MustCompile(`(?s)".*"`)
	keyDetail = regexp.MustCompile(`^Key \((.*?)\)=\(`)
	copyPlace = regexp.MustCompile(`(?m)^COPY (.+), line (\d+)(, column ([^\n:]+))?`)
)

// masked replaces the quoted value in a message by its size.
func masked(message string) string {
	if strings.Contains(message, `encoding "`) {
		return message // its quotes name encodings
	}
	return quoted.ReplaceAllStringFunc(message, func(value string) string {
		return fmt.Sprintf("(%d bytes)", len(value)-2)
	})
}

// keyNames are the column names in "Key (a, b)=(1, 2) already exists.".
func keyNames(e *pgconn.PgError) string {
	if m := keyDetail.FindStringSubmatch(e.Detail); m != nil {
		return m[1]
	}
	return ""
}

// place is "COPY t, line 3, column c" without the value that may follow.
func place(where string) string {
	m := copyPlace.FindStringSubmatch(where)
	if m == nil {
		return ""
	}
	text := "COPY " + m[1] + ", line " + m[2]
	if m[4] != "" {
		text += ", column " + m[4]
	}
	return text
}

// Refused is Translate for a failed login: what is no answer of the server is
// an unreachable one. The text never holds settings.
func Refused(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	var config *pgconn.ConnectError
	if errors.As(err, &config) {
		err = config.Unwrap()
	}
	var answer *pgconn.PgError
	if errors.As(err, &answer) {
		f := answered(answer)
		var e *fault.Error
		if errors.As(f, &e) && e.Code == "login.refused" {
			e.Hint("check user and password; password: {env: NAME}, PGPASSWORD or a passfile give one")
		}
		return f
	}
	var certificate *tls.CertificateVerificationError
	if errors.As(err, &certificate) {
		return fault.New(fault.Denied, "tls.refused", "%w", err).
			Hint("tls: {ca: FILE} names the authority that signed the server's certificate")
	}
	return fault.New(fault.Unavailable, "connection.refused", "%s", unreached(err))
}

// unreached is why no address of a server answered, each reason once and
// without the address, which the caller names.
func unreached(err error) string {
	var reasons []string
	var collect func(error)
	collect = func(err error) {
		if all, ok := err.(interface{ Unwrap() []error }); ok {
			for _, one := range all.Unwrap() {
				collect(one)
			}
			return
		}
		text := err.Error()
		var network *net.OpError
		var call *os.SyscallError
		var name *net.DNSError
		switch {
		case errors.As(err, &name):
			text = name.Error()
		case errors.As(err, &call):
			text = call.Err.Error()
		case errors.As(err, &network) && network.Err != nil:
			text = network.Err.Error()
		}
		if !slices.Contains(reasons, text) {
			reasons = append(reasons, text)
		}
	}
	collect(err)
	return strings.Join(reasons, "; ")
}

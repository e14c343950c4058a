package sqlstate

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"

	"godwit/internal/fault"

	"github.com/jackc/pgx/v5/pgconn"
)

func TestTranslate(t *testing.T) {
	t.Parallel()
	for state, want := range map[string]meaning{
		"08006": {fault.Unavailable, "connection.lost"},
		"53100": {fault.Unavailable, "disk.full"},
		"57P03": {fault.Unavailable, "server.starting"},
		"40P01": {fault.Conflict, "conflict.deadlock"},
		"22P04": {fault.Data, "data.invalid"},
		"23P01": {fault.Data, "data.exclusion"},
		"28000": {fault.Denied, "login.refused"},
		"42501": {fault.Denied, "right.missing"},
		"42P17": {fault.Config, "statement.refused"},
		"25006": {fault.Unavailable, "server.read-only"},
		"XX000": {fault.Internal, "server.error"},
		"":      {fault.Internal, "server.error"},
	} {
		err := Translate(fmt.Errorf("layer: %w", &pgconn.PgError{Code: state, Message: "text", Severity: "ERROR", SeverityUnlocalized: "ERROR"}))
		if f := fault.Of(err); f.Kind != want.kind || f.Code != want.code || Of(err) != state {
			t.Errorf("%s is %s %s, want %v", state, f.Kind, f.Code, want)
		}
	}
	known := fault.New(fault.Denied, "x", "known")
	for err, code := range map[error]string{known: "x", context.Canceled: "run.cancelled", io.ErrUnexpectedEOF: "connection.lost", errors.New("reset"): "connection.lost"} {
		if got := fault.CodeOf(Translate(err)); got != code {
			t.Errorf("%v is %s, want %s", err, got, code)
		}
	}
	if Translate(nil) != nil {
		t.Error("nil is an error")
	}
}

func TestNoContentShows(t *testing.T) {
	t.Parallel()
	const content = "4711 secret"
	for _, e := range []pgconn.PgError{
		{Code: "22P02", Message: `invalid input syntax for type integer: "` + content + `"`, Where: `COPY a, line 3, column b: "` + content + `"`},
		{Code: "22P02", Message: `invalid input syntax for type integer: "quo"te ` + content + `"`},
		{Code: "22P02", Message: `ungültige Eingabesyntax: »` + content + `«`, Severity: "FEHLER"},
		{Code: "22P02", Message: "invalid input syntax for type json", Detail: `Token "` + content + `" is invalid.`},
		{Code: "23505", Message: `duplicate key value violates unique constraint "a_pkey"`, Detail: "Key (a, b)=(1, " + content + ") already exists.", TableName: "a", SchemaName: "s"},
		{Code: "23502", Message: `null value in column "a" violates not-null constraint`, Detail: "Failing row contains (" + content + ")."},
		{Code: "P0001", Message: `bad value "` + content + `"`, Detail: content, Hint: content},
	} {
		if e.Severity == "" {
			e.Severity = "ERROR"
		}
		e.SeverityUnlocalized = "ERROR"
		err := Translate(&e)
		if text := fmt.Sprintf("%v %+v", err, fault.Of(err)); strings.Contains(text, content) {
			t.Errorf("content shows: %s", text)
		}
	}
}

// TestUnreached logs in where nobody listens: each reason once.
func TestUnreached(t *testing.T) {
	t.Parallel()
	for url, want := range map[string]string{
		"postgres://m@127.0.0.1:1/x":      "connection refused",
		"postgres://m@/x?host=/nowhere":   "no such file or directory",
		"postgres://m@nohost.invalid:1/x": "lookup nohost.invalid",
	} {
		_, err := pgconn.Connect(t.Context(), url)
		f := fault.Of(Refused(t.Context(), err))
		if f.Code != "connection.refused" || strings.Count(f.Text, want) != 1 || strings.Contains(f.Text, "127.0.0.1:1") {
			t.Errorf("%s: [%s] %s", url, f.Code, f.Text)
		}
	}
}

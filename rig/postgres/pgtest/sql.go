package pgtest

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"godwit/data"
	"godwit/rig/postgres"

	"github.com/jackc/pgx/v5"
)

// Exec runs SQL texts one after the other on one connection; a text may hold
// several statements, which are then one transaction. The test ends at the first error.
func Exec(t testing.TB, url string, sql ...string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 10*patience)
	defer cancel()
	if err := execute(ctx, url, sql...); err != nil {
		t.Fatal(err)
	}
}

// Query is the one value that a query gives: Query[int](t, url, "select count(*) from a").
// The test ends when it gives no row, several, or something that is no T.
func Query[T any](t testing.TB, url, sql string, args ...any) T {
	t.Helper()
	values := Column[T](t, url, sql, args...)
	if len(values) != 1 {
		t.Fatalf("%d rows instead of 1 from: %s", len(values), sql)
	}
	return values[0]
}

// Column is the values of a query's only column, in order.
func Column[T any](t testing.TB, url, sql string, args ...any) []T {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 10*patience)
	defer cancel()
	values, err := column[T](ctx, url, sql, args...)
	if err != nil {
		t.Fatal(err)
	}
	return values
}

// Load runs a file of SQL by psql and ends the test at the first error. The
// name is looked up from the test's folder, then from the root of the project:
// Load(t, url, "data/pagila/pagila.sql").
func Load(t testing.TB, url, file string) {
	t.Helper()
	if _, err := os.Stat(file); err != nil && !filepath.IsAbs(file) {
		root, rootErr := data.Root()
		if rootErr != nil {
			t.Fatal(rootErr)
		}
		file = filepath.Join(root, file)
	}
	programs, err := postgres.Find(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), programs.Path("psql"), "-X", "-q", "-v", "ON_ERROR_STOP=1", "-f", file, "-d", url)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("load %s: %v: %s", file, err, out)
	}
}

func execute(ctx context.Context, url string, sql ...string) error {
	conn, err := pgx.Connect(ctx, url)
	if err != nil {
		return err
	}
	defer conn.Close(context.WithoutCancel(ctx))
	for _, text := range sql {
		if _, err := conn.PgConn().Exec(ctx, text).ReadAll(); err != nil {
			return fmt.Errorf("%w in: %s", err, text)
		}
	}
	return nil
}

func column[T any](ctx context.Context, url, sql string, args ...any) ([]T, error) {
	conn, err := pgx.Connect(ctx, url)
	if err != nil {
		return nil, err
	}
	defer conn.Close(context.WithoutCancel(ctx))
	rows, err := conn.Query(ctx, sql, args...)
	if err != nil {
		return nil, fmt.Errorf("%w in: %s", err, sql)
	}
	values, err := pgx.CollectRows(rows, pgx.RowTo[T])
	if err != nil {
		return nil, fmt.Errorf("%w in: %s", err, sql)
	}
	return values, nil
}

// undo is Exec for cleanups, when the test's context is over; an error fails
// the test but does not end it.
func undo(t testing.TB, url string, sql ...string) {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	if err := execute(ctx, url, sql...); err != nil {
		t.Error(err)
	}
}

package dump_test

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"godwit/internal/connector/postgres/dump"
	"godwit/internal/secret"
	"godwit/rig/postgres/pgtest"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5"
)

func TestMain(m *testing.M) { pgtest.Main(m) }

func login(t *testing.T, url string) dump.Login {
	t.Helper()
	c, err := pgx.ParseConfig(url)
	if err != nil {
		t.Fatal(err)
	}
	return dump.Login{
		Host: c.Host, Port: int(c.Port), User: c.User, Password: secret.New(c.Password), Database: c.Database,
	}
}

func read(t *testing.T, url string) []dump.Entry {
	t.Helper()
	p, err := dump.Find(t.Context(), 15)
	if err != nil {
		t.Fatal(err)
	}
	entries, err := dump.Read(t.Context(), dump.Request{Programs: p, Login: login(t, url), Label: "test"})
	if err != nil {
		t.Fatal(err)
	}
	return entries
}

// apply sends each entry in a transaction of its own, on one connection whose
// settings are not what a script expects.
func apply(t *testing.T, url string, entries []dump.Entry) {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(context.WithoutCancel(t.Context()))
	for _, e := range entries {
		if _, err := conn.PgConn().Exec(t.Context(), dump.Preamble+e.SQL+";").ReadAll(); err != nil {
			t.Fatalf("entry %d %s %s: %v in:\n%s", e.ID, e.Desc, e.Tag, err, e.SQL)
		}
	}
}

var noise = regexp.MustCompile(`(?m)^\\(un)?restrict .*$`)

// text is the database's definitions as pg_dump prints them.
func text(t *testing.T, url string) string {
	t.Helper()
	p, err := dump.Find(t.Context(), 15)
	if err != nil {
		t.Fatal(err)
	}
	out, err := exec.CommandContext(t.Context(), filepath.Join(p.Dir, "pg_dump"), "--schema-only", url).Output()
	if err != nil {
		t.Fatal(err)
	}
	return noise.ReplaceAllString(string(out), "")
}

// The entries of a database, applied one by one to an empty one, make an equal
// database.
func TestRoundTrip(t *testing.T) {
	t.Parallel()
	for _, file := range []string{
		"data/pagila/pagila.sql", "data/northwind/northwind.sql", "data/chinook/Chinook_PostgreSql.sql",
		"internal/connector/postgres/dump/testdata/odd.sql",
	} {
		t.Run(filepath.Base(file), func(t *testing.T) {
			t.Parallel()
			from, to := pgtest.Pair(t)
			from = own(t, from, file)
			apply(t, to, read(t, from))
			if diff := cmp.Diff(strings.Split(text(t, from), "\n"), strings.Split(text(t, to), "\n")); diff != "" {
				t.Errorf("definitions differ (- from, + to):\n%s", diff)
			}
		})
	}
}

// own loads a file; those that make a database and connect to it get another
// one, which the test drops.
func own(t *testing.T, url, file string) string {
	t.Helper()
	if !strings.Contains(file, "Chinook") {
		pgtest.Load(t, url, file)
		return url
	}
	root, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(filepath.Join(root, "../../../..", file))
	if err != nil {
		t.Fatal(err)
	}
	_, sql, ok := strings.Cut(string(text), "\\c chinook")
	if !ok {
		t.Fatal("no connect in the file")
	}
	name := filepath.Join(t.TempDir(), "chinook.sql")
	if err := os.WriteFile(name, []byte(strings.TrimPrefix(sql, ";")), 0o600); err != nil {
		t.Fatal(err)
	}
	pgtest.Load(t, url, name)
	return url
}

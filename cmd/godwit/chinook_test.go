package main_test

import (
	databases "database/sql"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"godwit/data"
	"godwit/rig/mariadb/mariatest"
	"godwit/rig/postgres/pgtest"

	"github.com/google/go-cmp/cmp"
	_ "modernc.org/sqlite"
)

// chinook are the tables of the model, as PostgreSQL's script has them.
var chinook = map[string][]string{
	"album": {"album_id", "title", "artist_id"}, "artist": {"artist_id", "name"}, "genre": {"genre_id", "name"},
	"customer":     {"customer_id", "first_name", "last_name", "company", "address", "city", "state", "country", "postal_code", "phone", "fax", "email", "support_rep_id"},
	"employee":     {"employee_id", "last_name", "first_name", "title", "reports_to", "birth_date", "hire_date", "address", "city", "state", "country", "postal_code", "phone", "fax", "email"},
	"invoice":      {"invoice_id", "customer_id", "invoice_date", "billing_address", "billing_city", "billing_state", "billing_country", "billing_postal_code", "total"},
	"invoice_line": {"invoice_line_id", "invoice_id", "track_id", "unit_price", "quantity"}, "media_type": {"media_type_id", "name"},
	"playlist": {"playlist_id", "name"}, "playlist_track": {"playlist_id", "track_id"},
	"track": {"track_id", "name", "album_id", "media_type_id", "genre_id", "composer", "milliseconds", "bytes", "unit_price"},
}

func chinookKey(table string) string {
	if table == "playlist_track" {
		return "[playlist_id, track_id]"
	}
	return table + "_id"
}

// pascal is a name as the other scripts write it: album_id is AlbumId.
func pascal(name string) string {
	var b strings.Builder
	for part := range strings.SplitSeq(name, "_") {
		b.WriteString(strings.ToUpper(part[:1]) + part[1:])
	}
	return b.String()
}

// chinookScript is a script of data/chinook.
func chinookScript(t testing.TB, name string) string {
	t.Helper()
	path, err := data.Path("chinook/" + name)
	if err != nil {
		t.Fatal(err)
	}
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimPrefix(string(b), "\ufeff")
}

// chinookPostgres is the model with its rows in a new database, as its authors
// write it.
func chinookPostgres(t testing.TB) string {
	t.Helper()
	url := pgtest.Database(t)
	script := chinookScript(t, "Chinook_PostgreSql.sql")
	_, script, _ = strings.Cut(script, `\c chinook;`)
	pgtest.Exec(t, url, script)
	return url
}

func chinookMySQL(t testing.TB) string {
	t.Helper()
	db := mariatest.New(t)
	_, script, _ := strings.Cut(chinookScript(t, "Chinook_MySql.sql"), "USE `Chinook`;")
	// Its authors do not mean a backslash to be taken off.
	db.Exec(t, "SET SESSION sql_mode = 'NO_BACKSLASH_ESCAPES';"+script)
	return db.URL()
}

// chinookFiles are lines of JSON, as PostgreSQL writes rows.
func chinookFiles(t testing.TB, url string) string {
	t.Helper()
	dir := t.TempDir()
	for table := range chinook {
		write(t, dir, table+".ndjson", strings.Join(pgtest.Column[string](t, url, "select row_to_json(t)::text from public."+table+" t"), "\n"))
	}
	return dir
}

func chinookSQLite(t testing.TB) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "chinook.db")
	db, err := databases.Open("sqlite", path)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if _, err := db.ExecContext(t.Context(), chinookScript(t, "Chinook_Sqlite.sql")); err != nil {
		t.Fatal(err)
	}
	return path
}

// TestChinook loads one shop from every system that has it into the same
// model: the results are equal, row by row, to the model's own script.
func TestChinook(t *testing.T) {
	t.Parallel()
	right := chinookPostgres(t)
	model := regexp.MustCompile(`(?s)CREATE TABLE.*?\);`).FindAllString(chinookScript(t, "Chinook_PostgreSql.sql"), -1)
	for name, c := range map[string]struct {
		connection func(testing.TB) string
		quote      string
		plain      bool // names are the model's
	}{
		"postgres": {func(t testing.TB) string { return fmt.Sprintf("postgres: {url: %q}", chinookPostgres(t)) }, `"`, true},
		"mysql": {func(t testing.TB) string {
			return fmt.Sprintf("mysql: {url_secret: {command: [echo, %q]}}", chinookMySQL(t))
		}, "`", false},
		"sqlite": {func(t testing.TB) string { return fmt.Sprintf("sqlite: {file: %q}", chinookSQLite(t)) }, `"`, false},
		"file":   {func(t testing.TB) string { return fmt.Sprintf("file: {dir: %q}", chinookFiles(t, right)) }, "", true},
	} {
		t.Run(name, func(t *testing.T) {
			to := pgtest.Database(t)
			pgtest.Exec(t, to, model...)
			dir, flow, prove := t.TempDir(), "steps:\n", "steps:\n"
			for table, columns := range chinook {
				var list []string
				quoted := func(s string) string {
					if !c.plain {
						s = pascal(s)
					}
					return c.quote + s + c.quote
				}
				for _, column := range columns {
					from := quoted(column)
					if strings.HasSuffix(column, "city") {
						from = "trim(" + from + ")" // PostgreSQL takes the blank off N'Edinburgh '
					}
					list = append(list, from+" AS "+column)
				}
				from := fmt.Sprintf("query: %q", "SELECT "+strings.Join(list, ", ")+" FROM "+quoted(table))
				if name == "file" {
					from = "objects: " + table + ".ndjson"
				}
				step := fmt.Sprintf(":\n      from: {at: old, %s}\n      key: %s\n      to: {at: new, table: public.%s}\n", from, chinookKey(table), table)
				flow, prove = flow+"  - load"+step, prove+"  - verify"+step
			}
			write(t, dir, "flows/shop.yaml", flow)
			write(t, dir, "flows/prove.yaml", prove)
			write(t, dir, "godwit.yaml", fmt.Sprintf("connections:\n  old: {%s}\n  new: {postgres: {url: %q}}\n", c.connection(t), to))
			s := command(t, dir, nil, "run", "shop", "--yes", "--progress", "none")
			if s.code != 0 {
				t.Fatalf("exit %d:\n%s%s", s.code, s.out, s.err)
			}
			for table := range chinook {
				rows := fmt.Sprintf("select t::text from public.%s t order by 1", table)
				want, got := pgtest.Column[string](t, right, rows), pgtest.Column[string](t, to, rows)
				if diff := cmp.Diff(want, got); diff != "" || len(got) == 0 {
					t.Errorf("%s: %d rows (-want +got):\n%.2000s", table, len(got), diff)
				}
			}
			proved(t, dir, to, name == "postgres" || os.Getenv("GODWIT_SLOW") != "")
			if s := command(t, dir, nil, "ledger", "check"); s.code != 0 {
				t.Errorf("ledger check: exit %d:\n%s%s", s.code, s.out, s.err)
			}
		})
	}
}

// proved has the loads verified by mapping again: every row of every table is
// equal, and a cent on one track is found.
func proved(t *testing.T, dir, to string, spoil bool) {
	t.Helper()
	p := prove(t, dir, 0)
	for table := range chinook {
		n := pgtest.Query[int64](t, to, "select count(*) from public."+table)
		if v := p.tables["public."+table]; v.Result != "equal" || v.Rows != n || v.Aside.Read != n {
			t.Errorf("%s: %+v, want %d equal rows", table, v, n)
		}
	}
	if !spoil {
		return
	}
	pgtest.Exec(t, to, "update track set unit_price = unit_price + 0.01 where track_id = 3")
	if p := prove(t, dir, 4); len(p.unlike) != 1 || !strings.HasPrefix(p.unlike[0], "public.track changed track_id=3 unit_price") {
		t.Errorf("%q", p.unlike)
	}
}

func write(t testing.TB, dir, name, text string) {
	t.Helper()
	path := filepath.Join(dir, name)
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// edit changes words of a file of the project.
func (m *move) edit(t testing.TB, name, before, after string) {
	t.Helper()
	dir := filepath.Dir(m.ledger)
	text, err := os.ReadFile(filepath.Join(dir, name))
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(text), before) {
		t.Fatalf("%s does not say %q", name, before)
	}
	write(t, dir, name, strings.Replace(string(text), before, after, 1))
}

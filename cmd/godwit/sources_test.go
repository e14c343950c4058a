package main_test

import (
	databases "database/sql"
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"godwit/rig/mariadb/mariatest"
	"godwit/rig/postgres/pgtest"
)

// TestLoadSources kills a load from every system at each step of a chunk: what
// the target holds at the end is what the source has, once.
func TestLoadSources(t *testing.T) {
	t.Parallel()
	const rows = 5000
	var values, lines []string
	for i := range rows {
		values = append(values, fmt.Sprintf("(%d, 'name %d')", i, i))
		lines = append(lines, fmt.Sprintf(`{"id":%d,"name":"name %d"}`, i, i))
	}
	insert := "create table item (id int primary key, name varchar(40)); insert into item values " + strings.Join(values, ", ")
	for name, c := range map[string]struct {
		from string
		make func(t testing.TB, dir string) (connection string)
	}{
		"mysql": {"{at: old, table: item}", func(t testing.TB, _ string) string {
			db := mariatest.New(t)
			db.Exec(t, insert)
			return fmt.Sprintf("mysql: {url_secret: {command: [echo, %q]}}", db.URL())
		}},
		"sqlite": {"{at: old, query: 'select id, name from item'}", func(t testing.TB, dir string) string {
			db, err := databases.Open("sqlite", filepath.Join(dir, "old.db"))
			if err != nil {
				t.Fatal(err)
			}
			defer db.Close()
			if _, err := db.ExecContext(t.Context(), insert); err != nil {
				t.Fatal(err)
			}
			return "sqlite: {file: old.db}"
		}},
		"file": {"{at: old, objects: '*.json'}", func(t testing.TB, dir string) string {
			write(t, dir, "old/a.json", "["+strings.Join(lines[:3500], ",\n")+"]")
			write(t, dir, "old/b.json", "["+strings.Join(lines[3500:], ",\n")+"]")
			return "file: {dir: old}"
		}},
	} {
		t.Run(name, func(t *testing.T) {
			m := newMove(t, "", pgtest.Database(t))
			dir := filepath.Dir(m.ledger)
			m.env = []string{"GODWIT_RECORDS=500"}
			write(t, dir, "godwit.yaml", fmt.Sprintf("connections:\n  old: {%s}\n  new: {postgres: {url: %q}}\n", c.make(t, dir), m.to))
			write(t, dir, "flows/orders.yaml", "steps:\n  - load:\n      from: "+c.from+"\n      key: id\n      to: {at: new, table: public.item}\n")
			pgtest.Exec(t, m.to, "create table item (id int, name text)") // to append: a chunk written twice doubles rows
			for _, point := range []string{"load.written:2", "load.prepared:2", "load.committed:2", "load.settled:1"} {
				m.load(t, "GODWIT_KILL_AT="+point).ends(t, -1)
			}
			m.load(t).ends(t, 0)
			if got := pgtest.Query[string](t, m.to, "select count(*) || ' ' || count(distinct id) || ' ' || sum(id) from item where name = 'name ' || id"); got != fmt.Sprint(rows, rows, rows*(rows-1)/2) {
				t.Errorf("the target holds %s", got)
			}
			m.checked(t)
		})
	}
}

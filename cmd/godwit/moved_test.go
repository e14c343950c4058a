package main_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"godwit/rig/postgres"
	"godwit/rig/postgres/pgtest"
)

// TestLoadAtAnotherSnapshot kills a load and changes keys before it is gone on
// with: appended records would be lost and doubled, so that is refused. Merged
// they are not doubled, and that some are of a later moment is told. While
// nothing is written at the source, the load goes on.
func TestLoadAtAnotherSnapshot(t *testing.T) {
	t.Parallel()
	const moves = "update shop.orders set id = -id where id = 2500; update shop.orders set id = 9000 where id = 5"
	for name, c := range map[string]struct {
		mode, sql string
		code      int
		says      string
	}{
		"append":                      {"append", moves, 1, "snapshot.lost"},
		"append, nothing was written": {"append", "", 0, ""},
		"merge":                       {"merge", moves, 0, "lost: no session of it is left: records were loaded at it"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			source := pgtest.Server(t, postgres.Options{Name: "source"}) // one to which nobody else writes
			m := newLoad(t, 10)
			m.from = source.URL("postgres")
			m.env = append(m.env, "FROM="+m.from)
			pgtest.Exec(t, m.from, "alter system set autovacuum = off", "select pg_reload_conf()", "create schema shop",
				"create table shop.orders (id int primary key, customer text, total numeric(10,2), state text, code text, lines jsonb)",
				"insert into shop.orders select i, 'customer ' || i, i, 'o', 'code ' || i, '[]' from generate_series(1, 3000) i")
			pgtest.Exec(t, m.to, "alter table shop.orders drop constraint orders_code_key")
			flow := strings.Replace(strings.Replace(orders, "      snapshot_lost: continue\n", "", 1), "append", c.mode, 1)
			if err := os.WriteFile(filepath.Join(filepath.Dir(m.ledger), "flows/orders.yaml"), []byte(flow), 0o600); err != nil {
				t.Fatal(err)
			}
			m.load(t, "GODWIT_KILL_AT=load.settled:2").ends(t, -1)
			if c.sql != "" {
				pgtest.Exec(t, m.from, c.sql)
			}
			p := m.load(t).ends(t, c.code)
			if c.says != "" {
				p.says(t, c.says)
			}
			twice := pgtest.Query[int](t, m.to, "select count(*) - count(distinct customer) from shop.orders")
			switch n := pgtest.Query[int](t, m.to, "select count(*) from shop.orders"); {
			case c.mode == "append" && (twice > 0 || (n == 3000) != (c.code == 0)):
				t.Errorf("%d orders are there, %d of them twice", n, twice)
			case c.mode == "merge" && m.events(t, "snapshot.lost") != 1:
				t.Error("nothing was told")
			}
			m.checked(t)
		})
	}
}

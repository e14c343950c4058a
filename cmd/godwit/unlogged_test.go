package main_test

import (
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"godwit/rig/postgres"
	"godwit/rig/postgres/pgtest"
)

// TestLoadUnloggedTarget crashes the target of a load into unlogged tables,
// plain and as partitions of a logged root: what a crash takes is loaded again.
func TestLoadUnloggedTarget(t *testing.T) {
	t.Parallel()
	for name, tables := range map[string]string{
		"plain": `create unlogged table shop.orders (id int primary key, customer text not null, total numeric(10,2), code text unique);
			create unlogged table shop.line (order_id int references shop.orders, n int, sku text not null, primary key (order_id, n))`,
		"partitions": `create table shop.orders (id int primary key, customer text not null, total numeric(10,2), code text) partition by range (id);
			create unlogged table shop.o1 partition of shop.orders (unique (code)) for values from (0) to (9000);
			create unlogged table shop.line (order_id int, n int, sku text not null, primary key (order_id, n))`,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := pgtest.Server(t, postgres.Options{Name: "target"})
			pgtest.Exec(t, server.URL("postgres"), "create database db")
			m := newLoad(t, 6000)
			m.to = server.URL("db")
			m.env = append(m.env, "TO="+m.to)
			m.empty(t)
			pgtest.Exec(t, m.to, "drop table shop.line, shop.orders", tables)
			p := m.load(t, "GODWIT_STOP_AT=load.settled:3")
			p.stopped(t)
			crash(t, server)
			p.signal(t, syscall.SIGCONT)
			p.ends(t, 3)
			m.loaded(t)
		})
	}
}

// Tables of which a crash would empty some only are refused by the plan.
func TestLoadMixedTarget(t *testing.T) {
	t.Parallel()
	m := newLoad(t, 10)
	pgtest.Exec(t, m.to, "alter table shop.line set unlogged")
	m.load(t).ends(t, 2).says(t, "target.logging", "shop.line")
	pgtest.Exec(t, m.to, "drop table shop.line, shop.orders; create table shop.orders (id int primary key, customer text not null, total numeric(10,2), code text) partition by range (id)",
		"create unlogged table shop.o1 partition of shop.orders for values from (0) to (5); create table shop.o2 partition of shop.orders for values from (5) to (99)")
	path := filepath.Join(filepath.Dir(m.ledger), "maps/order.yaml")
	if err := os.WriteFile(path, []byte(orderMap[:strings.Index(orderMap, "rows:")]), 0o600); err != nil {
		t.Fatal(err)
	}
	m.load(t).ends(t, 2).says(t, "target.logging", "both kinds")
}

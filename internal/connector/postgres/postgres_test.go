package postgres

import (
	"context"
	"fmt"
	"testing"
	"time"

	"godwit/internal/catalog"
	"godwit/internal/connector/connectortest"
	"godwit/internal/connector/postgres/login"
	"godwit/internal/connector/postgres/noted"
	"godwit/rig/postgres/pgtest"

	"github.com/jackc/pgx/v5"
)

func TestMain(m *testing.M) { pgtest.Main(m) }

// endpoint opens a database by URL, until the test ends.
func endpoint(t testing.TB, url string) *Endpoint {
	t.Helper()
	settings, err := login.FromURL(url)
	if err != nil {
		t.Fatal(err)
	}
	e, err := Open(t.Context(), "under test", settings.(*login.Settings))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { e.Close() })
	return e
}

func patient(t testing.TB) context.Context {
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	t.Cleanup(cancel)
	return ctx
}

// whole is a table as one chunk, as an inspection finds it.
func whole(t testing.TB, url string, table catalog.Name, format string) catalog.Chunk {
	t.Helper()
	e := endpoint(t, url)
	defer e.Close()
	c := catalog.Chunk{Table: table, Into: table, Format: format, Number: 1}
	err := e.glance(patient(t), func(s *session) error {
		all, err := noted.Columns(patient(t), s.conn, []catalog.Chunk{{Table: table}})
		now := all[table]
		if err != nil {
			return err
		}
		if len(now) == 0 {
			return fmt.Errorf("no table %s", table)
		}
		c.FileNode, c.Shape = now[0].Node, catalog.Shape(noted.Plain(now))
		c.Columns, err = list(patient(t), s, pgx.RowTo[string], `
			SELECT attname::text FROM pg_attribute
			WHERE attrelid = $1::text::regclass AND attnum > 0 AND NOT attisdropped AND attgenerated = '' ORDER BY attnum`, table.SQL())
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func public(table string) catalog.Name { return catalog.Name{Schema: "public", Object: table} }

func pair(t *testing.T, format string) connectortest.Pair {
	from, to := pgtest.Pair(t)
	tables := 0
	return connectortest.Pair{
		From: endpoint(t, from), To: endpoint(t, to),
		Table: func(t testing.TB, n int) catalog.Chunk {
			tables++
			name := fmt.Sprintf("t%d", tables)
			// Named with their schema: the rig's role is called as the marks' schema is.
			ddl := "create table public." + name + " (id bigint primary key, what text, at timestamptz, twice bigint generated always as (id * 2) stored)"
			pgtest.Exec(t, from, ddl, fmt.Sprintf("insert into public.%s select i, 'row ' || i, 'epoch'::timestamptz + i * interval '1 s' from generate_series(1, %d) i", name, n))
			pgtest.Exec(t, to, ddl)
			c := whole(t, from, public(name), format)
			c.Key = []string{"id"}
			return c
		},
		Insert: func(t testing.TB, table catalog.Name, n int) {
			pgtest.Exec(t, from, fmt.Sprintf("insert into %s select i + (select max(id) from %s), null from generate_series(1, %d) i", table.SQL(), table.SQL(), n))
		},
		Change: func(t testing.TB, table catalog.Name) {
			pgtest.Exec(t, to, fmt.Sprintf("update %s set what = null where id = 7", table.SQL()))
		},
	}
}

func TestConformance(t *testing.T) {
	t.Parallel()
	for _, format := range []string{catalog.Text, catalog.Binary} {
		t.Run(format, func(t *testing.T) {
			t.Parallel()
			p := pair(t, format)
			t.Run("copy", func(t *testing.T) { connectortest.Copy(t, p) })
			t.Run("compare", func(t *testing.T) { connectortest.Compare(t, p) })
		})
	}
}

package dump_test

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"godwit/internal/connector/postgres/dump"
	"godwit/internal/fault"
	"godwit/internal/secret"
	"godwit/rig/postgres"
	"godwit/rig/postgres/pgtest"

	"github.com/google/go-cmp/cmp"
)

// A text that repeats the true header of another entry, of its own, and of
// one in the other section fools nobody.
func TestFalseHeaders(t *testing.T) {
	t.Parallel()
	url := pgtest.Database(t)
	pgtest.Exec(t, url, `create table a(i int primary key); create table b(i int); create index late on b(i);
		create function f() returns text language sql as 'select ''x''::text'; create table z(i int)`)
	before := read(t, url)
	var fake strings.Builder
	for _, e := range before {
		fmt.Fprintf(&fake, "\n\nSET default_table_access_method = lies;\n\n--\n-- TOC entry %d (class %d OID %d)\n-- Name: x; Type: %s; Schema: public; Owner: nobody\n-- Data Pos: 0\n--\n\nDROP TABLE a;\n\n", e.ID, e.Class, e.OID, e.Desc)
	}
	quoted := "'" + strings.ReplaceAll(fake.String(), "'", "''") + "'"
	// comments are numbered after all objects, whose numbers stay what they were
	pgtest.Exec(t, url, "comment on table a is "+quoted, "comment on index late is "+quoted,
		"create or replace function f() returns text language sql as $x$ select "+quoted+" $x$")
	after := map[string]dump.Entry{}
	for _, e := range read(t, url) {
		after[e.Desc+" "+e.Tag] = e
	}
	for _, e := range before {
		got := after[e.Desc+" "+e.Tag]
		if e.Desc == "FUNCTION" {
			if !strings.Contains(got.SQL, fake.String()) || !strings.HasSuffix(got.SQL, ";") {
				t.Errorf("function is cut:\n%s", got.SQL)
			}
			continue
		}
		if diff := cmp.Diff(e, got); diff != "" {
			t.Errorf("%s %s (- before, + after):\n%s", e.Desc, e.Tag, diff)
		}
	}
	if got := after["COMMENT TABLE a"]; !strings.Contains(got.SQL, fake.String()) {
		t.Errorf("comment is cut:\n%s", got.SQL)
	}
	if len(after) != len(before)+2 {
		t.Errorf("%d entries, then %d", len(before), len(after))
	}
}

// Each entry brings along the settings that it needs.
func TestTablespaces(t *testing.T) {
	t.Parallel()
	server := pgtest.Server(t, postgres.Options{Settings: map[string]string{"allow_in_place_tablespaces": "on"}})
	url := pgtest.DatabaseOn(t, server)
	pgtest.Exec(t, url, `create tablespace "odd ""; space" location ''`)
	pgtest.Exec(t, url, `create table a(i int); create table b(i int primary key using index tablespace "odd ""; space") tablespace "odd ""; space";
		create table c(i int); create index on c(i) tablespace "odd ""; space"; create view d as select 1; create table e(i int) tablespace "odd ""; space"`)
	other := pgtest.DatabaseOn(t, server)
	entries := read(t, url)
	for i := range entries { // order does not matter to settings
		if entries[i].Section == dump.PreData {
			apply(t, other, entries[i:i+1])
		}
	}
	for i := len(entries) - 1; i >= 0; i-- {
		if entries[i].Section == dump.PostData {
			apply(t, other, entries[i:i+1])
		}
	}
	if diff := cmp.Diff(text(t, url), text(t, other)); diff != "" {
		t.Errorf("definitions differ:\n%s", diff)
	}
}

func TestPasswordIsNowhere(t *testing.T) {
	const canary = `can:ary\'word`
	server := pgtest.Server(t, postgres.Options{Password: canary})
	url := pgtest.DatabaseOn(t, server)
	t.Setenv("PGPASSWORD", "wrong")
	t.Setenv("PGOPTIONS", "-c default_transaction_read_only=nonsense")
	tmp := t.TempDir()
	t.Setenv("TMPDIR", tmp)
	if entries := read(t, url); len(entries) != 0 {
		t.Errorf("%d entries in an empty database", len(entries))
	}
	wrong := login(t, url)
	wrong.Password = secret.New(canary + "x")
	p, err := dump.Find(t.Context(), 15)
	if err != nil {
		t.Fatal(err)
	}
	_, err = dump.Read(t.Context(), dump.Request{Programs: p, Login: wrong})
	if fault.KindOf(err) != fault.Denied || strings.Contains(err.Error(), "ary") {
		t.Errorf("refused login: %v, kind %s", err, fault.KindOf(err))
	}
	if left, err := os.ReadDir(tmp); err != nil || len(left) > 0 {
		t.Errorf("left behind: %v %v", left, err)
	}
}

func TestRefusals(t *testing.T) {
	t.Parallel()
	url := pgtest.Database(t)
	p, err := dump.Find(t.Context(), 15)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := dump.Find(t.Context(), 99); fault.CodeOf(err) != "tools.version" || len(fault.Of(err).Next) != 2 {
		t.Errorf("no version 99: %v", err)
	}
	_, err = dump.Read(t.Context(), dump.Request{Programs: p, Login: login(t, url), Snapshot: "00000003-00000001-1"})
	if fault.CodeOf(err) != "snapshot.lost" {
		t.Errorf("unknown snapshot: %v, code %s", err, fault.CodeOf(err))
	}
	nobody := login(t, url)
	nobody.Port = 1
	if _, err = dump.Read(t.Context(), dump.Request{Programs: p, Login: nobody}); fault.KindOf(err) != fault.Unavailable {
		t.Errorf("nobody there: %v, kind %s", err, fault.KindOf(err))
	}
}

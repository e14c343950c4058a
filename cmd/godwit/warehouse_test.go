package main_test

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"godwit/rig/postgres/pgtest"
	"godwit/rig/warehouse"

	"github.com/google/go-cmp/cmp"
)

// sources are what is moved: a schema for everything that is hard about a
// move, and the public data.
var sources = map[string]func(ctx context.Context, url string) error{
	"generated": func(ctx context.Context, url string) error { return warehouse.Generate(ctx, url, warehouse.Tiny) },
	"public":    warehouse.Load,
}

// TestWarehouse copies warehouses into an empty database, and over that from a flow
// file; with GODWIT_SLOW all of them, and over that by the command as well.
func TestWarehouse(t *testing.T) {
	t.Parallel()
	for name, make := range sources {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			from, to := warehouses(t, make)
			dir := project(t, from, to)
			copies := [][]string{{"copy", "--from", from, "--to", to}, {"run", "move"}, {"copy", "--from", from, "--to", to, "--existing", "replace"}}
			if os.Getenv("GODWIT_SLOW") == "" { // it is the public data that has the rows
				copies = copies[:map[string]int{"generated": 2, "public": 1}[name]]
			}
			for _, args := range copies {
				got := command(t, dir, nil, args...).ends(t, 0)
				for _, want := range []string{"done: all accounted for", " 0 differ, 0 not read"} {
					if !strings.Contains(got.out, want) {
						t.Errorf("%s: %q is not said in:\n%s", args[0], want, got.out)
					}
				}
				moved(t, from, to)
			}
			if len(copies) > 1 {
				same(t, dir, from, to)
			}
			command(t, dir, nil, "ledger", "check").ends(t, 0)
		})
	}
}

// someSources are public data with all that a copy does as another role, without most of
// its rows.
func someSources(ctx context.Context, url string) error {
	if os.Getenv("GODWIT_SLOW") != "" {
		return warehouse.Load(ctx, url)
	}
	return warehouse.LoadSome(ctx, url, "northwind", "pagila")
}

// TestLogin copies public data as what a managed service hands out: an
// owner of the database who is no superuser. What it lacks is refused with the
// statement that mends it; without the right to set session_replication_role
// it works as well.
func TestLogin(t *testing.T) {
	t.Parallel()
	// One after the other: the grant holds for the server, and for all members
	// of its superuser's role.
	for _, granted := range []bool{false, true} {
		t.Run(map[bool]string{true: "with SET", false: "without SET"}[granted], func(t *testing.T) {
			from, to := warehouses(t, someSources)
			login := pgtest.Login(t, to, "")
			dir := project(t, from, login)
			refused := command(t, dir, nil, "copy", "--from", from, "--to", login).ends(t, 2)
			if !strings.Contains(refused.out, `may not give `) || !strings.Contains(refused.out, `GRANT "godwit" TO "login`) {
				t.Errorf("doctor does not say what is missing:\n%s", refused.out)
			}
			if n := pgtest.Query[int](t, to, "select count(*) from pg_class where oid >= 16384"); n != 0 {
				t.Errorf("%d objects were made before the refusal", n)
			}
			fixes := command(t, dir, nil, "doctor", "--from", from, "--to", login, "--fixes").ends(t, 2).out
			for line := range strings.Lines(fixes) {
				if granted || !strings.Contains(line, "session_replication_role") {
					pgtest.Exec(t, to, line)
				}
			}
			for range shared(0, 2, 1, 2) {
				command(t, dir, nil, "copy", "--from", from, "--to", login, "--existing", "replace").ends(t, 0)
				moved(t, from, to)
			}
			same(t, dir, from, login)
		})
	}
}

// warehouses is a filled source and a target that has its roles.
func warehouses(t *testing.T, fill func(context.Context, string) error) (from, to string) {
	t.Helper()
	from, to = pgtest.Pair(t)
	if err := fill(t.Context(), from); err != nil {
		t.Fatal(err)
	}
	if err := warehouse.Roles(t.Context(), to); err != nil {
		t.Fatal(err)
	}
	return from, to
}

// project is a folder with a flow that moves and verifies.
func project(t testing.TB, from, to string) string {
	t.Helper()
	dir := t.TempDir()
	if err := os.Mkdir(filepath.Join(dir, "flows"), 0o755); err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string]string{
		"godwit.yaml":     "connections:\n  old: {postgres: {url: \"" + from + "\"}}\n  new: {postgres: {url: \"" + to + "\"}}\n",
		"flows/move.yaml": "steps:\n  - copy: {from: old, to: new, existing: replace}\n  - verify: {from: old, to: new}\n",
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// moved compares what SQL of its own says about both sides: every key there
// and validated as at the source, and nothing of ours left behind.
func moved(t testing.TB, from, to string) {
	t.Helper()
	for what, sql := range map[string]string{
		"constraints": `select concat(conrelid::regclass, ' ', conname, ' ', contype, ' ', convalidated, ' ', pg_get_constraintdef(oid))
			from pg_constraint where conrelid >= 16384 order by 1`,
		"indexes": `select concat(indexrelid::regclass, ' ', indisunique, ' ', indisvalid) 
			from pg_index where indexrelid >= 16384 and indexrelid::regclass::text !~ '^pg_toast' order by 1`,
		"triggers": `select concat(tgrelid::regclass, ' ', tgname, ' ', tgenabled) from pg_trigger where not tgisinternal order by 1`,
		"schemas":  `select nspname::text from pg_namespace where nspname !~ '^pg_' order by 1`,
		"rows": `select concat(oid::regclass, ' ', (xpath('/row/n/text()', query_to_xml(format('select count(*) as n from only %s', oid::regclass),
			false, true, '')))[1]) from pg_class where relkind in ('r', 'm') and relispopulated and oid >= 16384 order by 1`,
	} {
		want, got := pgtest.Column[string](t, from, sql), pgtest.Column[string](t, to, sql)
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s (-source +target):\n%s", what, diff)
		}
	}
}

// same proves both sides by godwit verify, which reads both again.
func same(t testing.TB, dir, from, to string) {
	t.Helper()
	got := command(t, dir, nil, "verify", "--from", from, "--to", to).ends(t, 0)
	if !strings.Contains(got.out, " 0 differ, 0 not read") {
		t.Errorf("verify says:\n%s", got.out)
	}
}

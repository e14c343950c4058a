package warehouse_test

import (
	"bufio"
	"crypto/sha256"
	"fmt"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"godwit/rig/postgres"
	"godwit/rig/postgres/pgtest"
	"godwit/rig/warehouse"

	"github.com/google/go-cmp/cmp"
)

func TestMain(m *testing.M) { pgtest.Main(m) }

// TestLoad counts the rows of every set against data/README.md.
func TestLoad(t *testing.T) {
	t.Parallel()
	url := pgtest.Database(t)
	if err := warehouse.Load(t.Context(), url); err != nil {
		t.Fatal(err)
	}
	for _, set := range warehouse.Sets {
		tables := pgtest.Column[string](t, url, `select format('%I.%I', nspname, relname) from pg_class c
			join pg_namespace n on n.oid = relnamespace where relkind = 'r' and nspname = $1
			and not relispartition`, set.Schema)
		leaves := pgtest.Column[string](t, url, `select format('%I.%I', nspname, relname) from pg_class c
			join pg_namespace n on n.oid = relnamespace where relkind = 'r' and nspname = $1 and relispartition`, set.Schema)
		rows := 0
		for _, table := range append(tables, leaves...) {
			rows += pgtest.Query[int](t, url, "select count(*) from only "+table)
		}
		got := warehouse.Set{Schema: set.Schema, File: set.File, Tables: len(tables) + len(leaves), Rows: rows}
		if diff := cmp.Diff(set, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", set.Schema, diff)
		}
	}
	if got := pgtest.Query[int](t, url, "select count(*) from pg_class where relnamespace = 'public'::regnamespace"); got != 0 {
		t.Errorf("%d objects in public, want none", got)
	}
}

// TestGenerate looks for what the schemas must hold: a number for each query.
func TestGenerate(t *testing.T) {
	t.Parallel()
	url := generated(t)
	const users = "(select oid from pg_namespace where nspname !~ '^pg_' and nspname <> 'information_schema')"
	for _, c := range []struct {
		what, sql string
		least     int
	}{
		{"schemas", "select count(*) from pg_namespace where oid in " + users, 60},
		{"keys across schemas", "select count(*) from pg_constraint k join pg_class f on f.oid = confrelid join pg_class c on c.oid = conrelid where contype = 'f' and f.relnamespace <> c.relnamespace", 92},
		{"inheritance depth", "with recursive d as (select inhrelid as id, 1 as n from pg_inherits union all select i.inhrelid, n + 1 from d join pg_inherits i on i.inhparent = d.id) select max(n) from d join pg_class c on c.oid = id where relkind = 'r' and not relispartition", 3},
		{"partition strategies", "select count(distinct partstrat) from pg_partitioned_table", 3},
		{"default partitions", "select count(*) from pg_partitioned_table where partdefid <> 0", 3},
		{"nested partitions", "select count(*) from pg_class where relkind = 'p' and relispartition", 2},
		{"identities", "select count(distinct attidentity) from pg_attribute where attidentity <> ''", 2},
		{"generated columns", "select count(*) from pg_attribute where attgenerated = 's'", 40},
		{"unlogged tables", "select count(*) from pg_class where relpersistence = 'u' and relkind = 'r'", 1},
		{"sorts of types", "select count(distinct typtype) from pg_type where typnamespace in " + users, 5},
		{"columns of one table", "select max(relnatts) from pg_class where relkind = 'r'", 1000},
		{"rows without columns", "select count(*) from wide.nothing", 7},
		{"names that need quotes", "select count(*) from pg_class where relkind = 'r' and quote_ident(relname) <> relname", 35},
		{"names of 63 bytes", "select count(*) from pg_class where relkind = 'r' and octet_length(relname) = 63", 3},
		{"large objects", "select count(*) from pg_largeobject_metadata", 4},
		{"materialised views", "select count(*) from pg_matviews", 4},
		{"views", "select count(*) from pg_class where relkind = 'v' and relnamespace in " + users, 5},
		{"states of triggers", "select count(distinct tgenabled) from pg_trigger where not tgisinternal", 4},
		{"comments", "select count(*) from pg_description where objoid >= 16384", 90},
		{"grants", "select count(*) from pg_class where relacl is not null and relnamespace in " + users, 6},
		{"not valid", "select count(distinct contype) from pg_constraint where not convalidated", 2},
		{"exclusion", "select count(*) from pg_constraint where contype = 'x'", 1},
		{"nulls not distinct", "select count(*) from pg_index where indnullsnotdistinct", 2},
		{"expression indexes", "select count(*) from pg_index where indexprs is not null", 40},
		{"partial indexes", "select count(*) from pg_index where indpred is not null", 40},
		{"duplicates without key", "select count(*) from (select from keys.hit group by page, n, f having count(*) > 1) d", 1},
		{"sequences never called", "select count(*) from pg_sequences where last_value is null", 3},
	} {
		if got := pgtest.Query[int](t, url, c.sql); got < c.least {
			t.Errorf("%s: %d, want at least %d", c.what, got, c.least)
		}
	}
	if got := pgtest.Query[int](t, url, "select count(*) from code.log"); got != 0 {
		t.Errorf("loading fired triggers %d times", got)
	}
}

// TestGenerateSame makes the warehouse on two servers and compares the dumps.
func TestGenerateSame(t *testing.T) {
	t.Parallel()
	from, to := pgtest.Pair(t)
	for _, url := range []string{from, to} {
		if err := warehouse.Generate(t.Context(), url, warehouse.Tiny); err != nil {
			t.Fatal(err)
		}
	}
	if a, b := dumpSum(t, from), dumpSum(t, to); a != b {
		t.Errorf("dumps differ: %s and %s", a, b)
	}
}

// TestRestorable is the floor under every test that copies the warehouse:
// PostgreSQL's own tools bring all of it over.
func TestRestorable(t *testing.T) {
	t.Parallel()
	from, to := generated(t), pgtest.Database(t)
	if err := warehouse.Load(t.Context(), from); err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "dump")
	programs := find(t)
	for _, cmd := range []*exec.Cmd{
		exec.CommandContext(t.Context(), programs.Path("pg_dump"), "-Fc", "-f", file, from),
		exec.CommandContext(t.Context(), programs.Path("pg_restore"), "--exit-on-error", "-d", to, file),
	} {
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("%s: %v: %s", cmd.Path, err, out)
		}
	}
}

func generated(t *testing.T) string {
	t.Helper()
	url := pgtest.Database(t)
	if err := warehouse.Generate(t.Context(), url, warehouse.Tiny); err != nil {
		t.Fatal(err)
	}
	return url
}

func find(t *testing.T) postgres.Programs {
	t.Helper()
	programs, err := postgres.Find(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return programs
}

// dumpSum is the hash of a database's dump without the line that is random.
func dumpSum(t *testing.T, url string) string {
	t.Helper()
	dump := exec.CommandContext(t.Context(), find(t).Path("pg_dump"), url)
	out, err := dump.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := dump.Start(); err != nil {
		t.Fatal(err)
	}
	sum := sha256.New()
	lines := bufio.NewReader(out)
	for {
		line, err := lines.ReadString('\n')
		if !strings.HasPrefix(line, `\restrict`) && !strings.HasPrefix(line, `\unrestrict`) {
			sum.Write([]byte(line))
		}
		if err != nil {
			break
		}
	}
	if err := dump.Wait(); err != nil {
		t.Fatal(err)
	}
	return fmt.Sprintf("%x", sum.Sum(nil))
}

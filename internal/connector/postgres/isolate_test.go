package postgres

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"godwit/internal/catalog"
	"godwit/internal/connector"
	"godwit/internal/fault"
	"godwit/internal/record"
	"godwit/rig/postgres/pgtest"

	"github.com/google/go-cmp/cmp"
)

// isolated relays a chunk without the rows that are refused, and commits.
func isolated(t testing.TB, from, to *Endpoint, c catalog.Chunk) (record.Sum, connector.Isolated, error) {
	t.Helper()
	l, r := loadOf(t, to), readerOf(t, snapshotOf(t, from))
	defer l.Close()
	var stream bytes.Buffer
	sum, err := r.CopyOut(patient(t), c, &stream)
	if err != nil {
		t.Fatal(err)
	}
	got, err := l.CopyInGood(patient(t), c, &stream, func(record.Refusal, int) error { return nil })
	if err != nil {
		return sum, got, err
	}
	return sum, got, l.Commit(patient(t), nil)
}

// TestIsolatedAsOneByOne copies rows of which many are refused, by constraints
// that tell the place and by a deferred one that does not: what is there, and what
// is not, is as if each had been inserted alone, in order.
func TestIsolatedAsOneByOne(t *testing.T) {
	t.Parallel()
	from, to := pgtest.Pair(t)
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	random := rand.New(rand.NewPCG(seed, 1))
	var values, good, bad []string
	seen := map[int]bool{}
	for i := range 12_000 {
		dense := i > 6000 && i < 6300
		id := i
		if random.IntN(400) == 0 || dense && random.IntN(2) == 0 {
			id = random.IntN(i + 1)
		}
		row := fmt.Sprintf("%d %d", id, i)
		values = append(values, fmt.Sprintf("(%d, %d)", id, i))
		if seen[id] || i%1000 == 13 || i > 3000 && i < 3070 && i%3 == 0 {
			bad = append(bad, row)
			continue
		}
		seen[id] = true
		good = append(good, row)
	}
	pgtest.Exec(t, from, "create table t (id int, n int); insert into t values "+strings.Join(values, ", "))
	pgtest.Exec(t, to, `create table t (id int primary key, n int check (n <= 3000 or n >= 3070 or n % 3 <> 0));
		create function no() returns trigger language plpgsql as $$ begin raise 'no'; end $$;
		create constraint trigger no after insert on t deferrable initially deferred for each row when (new.n % 1000 = 13) execute function no();
		alter table t enable always trigger no`)
	a, b := endpoint(t, from), endpoint(t, to)
	for _, format := range []string{catalog.Text, catalog.Binary} {
		pgtest.Exec(t, to, "truncate t")
		sum, got, err := isolated(t, a, b, whole(t, from, public("t"), format))
		if err != nil {
			t.Fatal(err)
		}
		if sum.Rows != got.Rows+int64(len(got.Refused)) {
			t.Errorf("%s: %d rows were read, %d taken, %d refused", format, sum.Rows, got.Rows, len(got.Refused))
		}
		there := pgtest.Column[string](t, to, "select id || ' ' || n from t order by n")
		if diff := cmp.Diff(good, there); diff != "" {
			t.Errorf("%s: rows that are there (-want +got):\n%s", format, diff)
		}
		var refused []string
		for _, r := range got.Refused {
			refused = append(refused, fmt.Sprintf("%d %d", r.Slots...))
		}
		if diff := cmp.Diff(bad, refused); diff != "" {
			t.Errorf("%s: refused rows (-want +got):\n%s", format, diff)
		}
	}
}

// TestEveryTypeIsGivenBack refuses all rows of tables of every type: they are
// the same in both formats, and are stored without a loss.
func TestEveryTypeIsGivenBack(t *testing.T) {
	t.Parallel()
	from, to := pgtest.Pair(t)
	for _, url := range []string{from, to} {
		pgtest.Exec(t, url, "do $$ begin create role postgres; exception when duplicate_object then end $$")
		pgtest.Load(t, url, "data/pg-types/pg_types.sql")
	}
	a, b := endpoint(t, from), endpoint(t, to)
	binary := 0
	for _, table := range pgtest.Column[string](t, from, "select relname from pg_class where relkind = 'r' and relnamespace = 'public'::regnamespace order by 1") {
		name := public(table)
		pgtest.Exec(t, to, "truncate "+name.SQL(), "alter table "+name.SQL()+" add check (false) not valid")
		var stored [2][]string
		for i, format := range []string{catalog.Text, catalog.Binary} {
			if format == catalog.Binary && !hasBinary(t, from, name) {
				stored[1] = stored[0]
				continue
			}
			binary += i
			sum, got, err := isolated(t, a, b, whole(t, from, name, format))
			if err != nil {
				t.Fatalf("%s in %s: %v", name, format, err)
			}
			if got.Rows != 0 || int64(len(got.Refused)) != sum.Rows {
				t.Errorf("%s in %s: %d rows taken, %d refused, of %d", name, format, got.Rows, len(got.Refused), sum.Rows)
			}
			for _, r := range got.Refused {
				text, err := record.Encode(got.Schema, r.Slots)
				if err != nil {
					t.Fatalf("%s in %s: %v", name, format, err)
				}
				stored[i] = append(stored[i], string(text))
				if r.Refusal.Code != "data.check" || r.Refusal.State != "23514" {
					t.Errorf("%s: %+v", name, r.Refusal)
				}
			}
		}
		if diff := cmp.Diff(stored[0], stored[1]); diff != "" {
			t.Errorf("%s (-text +binary):\n%s", name, diff)
		}
	}
	if binary < 5 {
		t.Errorf("only %d tables in binary", binary)
	}
}

// TestIsolatedLargeRow has rows that are not held in memory: a good one passes,
// a bad one cannot be put away.
func TestIsolatedLargeRow(t *testing.T) {
	t.Parallel()
	from, to := pgtest.Pair(t)
	pgtest.Exec(t, from, "create table t (id int, b text); insert into t select i, repeat('x', case i when 3 then 17 << 20 else 5 end) from generate_series(1, 5) i")
	pgtest.Exec(t, to, "create table t (id int check (id <> 4), b text)")
	a, b := endpoint(t, from), endpoint(t, to)
	for _, format := range []string{catalog.Text, catalog.Binary} {
		pgtest.Exec(t, to, "truncate t")
		_, got, err := isolated(t, a, b, whole(t, from, public("t"), format))
		if err != nil || got.Rows != 4 || len(got.Refused) != 1 {
			t.Errorf("%s: %d rows, %d refused, %v", format, got.Rows, len(got.Refused), err)
		}
		if n := pgtest.Query[int](t, to, "select length(b) from t where id = 3"); n != 17<<20 {
			t.Errorf("%s: %d characters", format, n)
		}
	}
	pgtest.Exec(t, to, "truncate t; alter table t add check (length(b) < 10)")
	if _, _, err := isolated(t, a, b, whole(t, from, public("t"), catalog.Text)); fault.CodeOf(err) != "records.too-large" {
		t.Errorf("%v", err)
	}
}

// TestIsolatedEndsForOthers is about what is no row's fault, and about an error
// of the other side: both end it as they are.
func TestIsolatedEndsForOthers(t *testing.T) {
	t.Parallel()
	from, to := pgtest.Pair(t)
	pgtest.Exec(t, from, "create table t (id int); insert into t select generate_series(1, 100)")
	pgtest.Exec(t, to, "create table t (id int); create function no() returns trigger language plpgsql as $$ begin perform * from nowhere; end $$; create trigger no before insert on t for each row execute function no(); alter table t enable always trigger no")
	a, b := endpoint(t, from), endpoint(t, to)
	if _, _, err := isolated(t, a, b, whole(t, from, public("t"), catalog.Text)); fault.CodeOf(err) != "object.missing" {
		t.Errorf("%v", err)
	}
	pgtest.Exec(t, to, "drop trigger no on t")
	l := loadOf(t, b)
	broken := fmt.Errorf("the source is gone")
	if _, err := l.CopyInGood(patient(t), whole(t, from, public("t"), catalog.Text), errReader{broken}, nil); err != broken {
		t.Errorf("%v", err)
	}
	many := func(record.Refusal, int) error { return broken }
	pgtest.Exec(t, to, "alter table t add check (id <> 50)")
	r := readerOf(t, snapshotOf(t, a))
	var stream bytes.Buffer
	if _, err := r.CopyOut(patient(t), whole(t, from, public("t"), catalog.Text), &stream); err != nil {
		t.Fatal(err)
	}
	l = loadOf(t, b)
	if _, err := l.CopyInGood(patient(t), whole(t, from, public("t"), catalog.Text), &stream, many); err == nil || !strings.Contains(err.Error(), "the source is gone") {
		t.Errorf("%v", err)
	}
}

type errReader struct{ err error }

func (e errReader) Read([]byte) (int, error) { return 0, e.err }

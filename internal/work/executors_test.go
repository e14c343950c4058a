// Package work_test proves what every executor promises, for all kinds of
// units of a copy at once: Done says none before and complete after, with the
// same account, and doing a unit twice is doing it once.
package work_test

import (
	"context"
	"maps"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"godwit/internal/catalog"
	"godwit/internal/connector"
	"godwit/internal/connector/postgres"
	"godwit/internal/fault"
	"godwit/internal/record"
	"godwit/internal/unit"
	"godwit/internal/work/bulk"
	"godwit/internal/work/schema"
	"godwit/rig/postgres/pgtest"
)

func TestMain(m *testing.M) { pgtest.Main(m) }

const runUID = "00112233445566778899aabbccddee01"

// ends are the two endpoints, by name.
type ends map[string]connector.Endpoint

func (e ends) Open(_ context.Context, name string) (connector.Endpoint, error) { return e[name], nil }

// past is what was settled so far.
type past struct{ settled []unit.Settled }

func (p *past) Settled(_ context.Context, _, kind string) ([]unit.Settled, error) {
	var list []unit.Settled
	for _, s := range p.settled {
		if s.Unit.Kind == kind {
			list = append(list, s)
		}
	}
	return list, nil
}

func (p *past) Accounts(context.Context, string, string) ([]record.Account, error) { return nil, nil }

// The ledger's side of rows that are left out: none are.
func (p *past) Chunks(context.Context, string) ([]record.Chunk, error) { return nil, nil }
func (p *past) Settle(context.Context, string, int64, int) error       { return nil }
func (p *past) Discard(context.Context, string, int64, int) error      { return nil }
func (p *past) Prepare(context.Context, string, int64, record.Chunk, []record.Exception, []record.Warning) error {
	return nil
}

// silent is a report that nobody reads.
type silent struct{}

func (silent) Progress(unit.Progress) {}
func (silent) Note(string, any)       {}
func (silent) Drain() <-chan struct{} { return nil }
func (silent) At(string)              {}

func TestExecutorsOnceAndTwice(t *testing.T) {
	t.Parallel()
	from, to := pgtest.Pair(t)
	pgtest.Exec(t, from, `
		CREATE TABLE a (id int PRIMARY KEY, v text); CREATE INDEX ON a (v); COMMENT ON TABLE a IS 'x';
		CREATE TABLE b (id bigserial, a int REFERENCES a, v text);
		CREATE TABLE dup (v int);
		INSERT INTO a SELECT i, repeat('x', 500) FROM generate_series(1, 4000) i;
		INSERT INTO b (a, v) SELECT i, 'y' FROM generate_series(1, 100) i;
		INSERT INTO dup SELECT 1 FROM generate_series(1, 10);
		CREATE MATERIALIZED VIEW mv AS SELECT count(*) FROM a;
		CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN NEW.v := ''changed''; RETURN NEW; END';
		CREATE TRIGGER t BEFORE INSERT ON b FOR EACH ROW EXECUTE FUNCTION f()`,
		`SELECT lo_from_bytea(4711, '\x010203')`)
	ctx := t.Context()
	open := ends{"from": endpoint(t, from), "to": endpoint(t, to)}
	done := &past{}
	all := bulk.Executors(open, done)
	maps.Copy(all, schema.Executors(open))
	kinds := map[string]bool{}
	for _, u := range inOrder(t, units(t, ctx, open)) {
		kinds[u.Kind] = true
		done.settled = append(done.settled, once(t, ctx, all[u.Kind], u))
	}
	for _, kind := range []string{"define", "data", "small", "index", "key", "foreign", "sequence", "blob", "view", "analyze", "reconcile", "marks"} {
		if !kinds[kind] {
			t.Errorf("no unit of kind %s was tried", kind)
		}
	}
	const content = `SELECT concat_ws(' ', (SELECT count(*) FROM a), (SELECT count(*) FROM b WHERE v = 'y'), (SELECT count(*) FROM dup),
		(SELECT count FROM mv), (SELECT last_value FROM b_id_seq), (SELECT count(*) FROM pg_constraint WHERE contype IN ('p', 'f') AND convalidated),
		(SELECT lo_get(4711)), to_regnamespace('godwit'))`
	if got, want := pgtest.Query[string](t, to, content), pgtest.Query[string](t, from, content); got != want {
		t.Errorf("target holds %s, source %s", got, want)
	}
}

// once asks, does, asks and does again.
func once(t *testing.T, ctx context.Context, x unit.Executor, u unit.Unit) unit.Settled {
	t.Helper()
	l := unit.Lease{Run: runUID, Name: "copy-1", Attempt: 1, Fence: 1}
	if e, err := x.Done(ctx, u, l); err != nil || e.State != unit.None {
		t.Fatalf("%s before: %+v, %v", u.ID, e, err)
	}
	r, err := x.Do(ctx, u, l, silent{})
	if err != nil {
		t.Fatalf("%s: %v", u.ID, err)
	}
	l.Attempt = 2
	after, err := x.Done(ctx, u, l)
	if err != nil {
		t.Fatalf("%s after: %v", u.ID, err)
	}
	if u.Kind == "marks" || u.Kind == "reconcile" || u.Kind == "sequence" {
		// No mark answers for them: doing them again changes nothing.
		l.Attempt = 2
		if _, err := x.Do(ctx, u, l, silent{}); err != nil {
			t.Errorf("%s again: %v", u.ID, err)
		}
		return unit.Settled{Unit: u, Facts: r.Facts}
	}
	if after.State != unit.Complete {
		t.Fatalf("%s after: state %v, want complete", u.ID, after.State)
	}
	if diff := cmp.Diff(r.Accounts, after.Result.Accounts); diff != "" {
		t.Errorf("%s: the mark tells another account (-done +found):\n%s", u.ID, diff)
	}
	for l.Attempt = 1; l.Attempt < 3; l.Attempt++ { // by another owner, by a later attempt: the mark is in its way
		if _, err := x.Do(ctx, u, l, silent{}); fault.CodeOf(err) != "mark.exists" {
			t.Errorf("%s twice, attempt %d: %v, want mark.exists", u.ID, l.Attempt, err)
		}
	}
	return unit.Settled{Unit: u, Facts: r.Facts}
}

func endpoint(t *testing.T, url string) connector.Endpoint {
	t.Helper()
	c := postgres.Connector()
	settings, err := c.FromURL(url)
	if err != nil {
		t.Fatal(err)
	}
	ep, err := c.Open(t.Context(), "test", settings)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { ep.Close() })
	return ep
}

// units plans a copy of everything, with chunks so that kind data is among it.
func units(t *testing.T, ctx context.Context, open ends) []unit.Unit {
	t.Helper()
	var facts catalog.Facts
	for name, into := range map[string]**catalog.Database{"from": &facts.Source, "to": &facts.Target} {
		db, err := open[name].(connector.Inspector).Inspect(ctx, catalog.Selection{})
		if err != nil {
			t.Fatal(err)
		}
		*into = db
	}
	var err error
	if facts.Definitions, err = open["from"].(connector.Definer).Definitions(ctx, "", catalog.Selection{}, facts.Source); err != nil {
		t.Fatal(err)
	}
	facts.Cores = 2
	list, err := bulk.Verb().Plan("copy", &bulk.Copy{From: "from", To: "to", Existing: bulk.Fail, SnapshotLost: bulk.Reconcile}, facts)
	if err != nil {
		t.Fatal(err)
	}
	return list
}

// inOrder sorts units by what they wait for.
func inOrder(t *testing.T, list []unit.Unit) []unit.Unit {
	t.Helper()
	left := map[string]int{}
	for _, u := range list {
		for _, tag := range u.Tags {
			left[tag]++
		}
	}
	var order []unit.Unit
	for len(list) > 0 {
		i := slices.IndexFunc(list, func(u unit.Unit) bool {
			return !slices.ContainsFunc(u.After, func(tag string) bool { return left[tag] > 0 })
		})
		if i < 0 {
			t.Fatal("units wait for each other")
		}
		for _, tag := range list[i].Tags {
			left[tag]--
		}
		order = append(order, list[i])
		list = slices.Delete(list, i, i+1)
	}
	return order
}

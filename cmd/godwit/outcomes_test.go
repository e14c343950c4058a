package main_test

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"godwit/internal/ledger"
	"godwit/internal/record"
	"godwit/rig/postgres/pgtest"
	"godwit/rig/warehouse"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5"
)

// outcomes are the newest run's, by step: read, loaded, filtered, rejected, dead.
func (m *move) outcomes(t testing.TB) map[string][5]int64 {
	t.Helper()
	all := map[string][5]int64{}
	m.look(t, func(ctx context.Context, v *ledger.View, run ledger.Run) {
		steps, err := v.Sums(ctx, run.ID)
		if err != nil {
			t.Fatal(err)
		}
		for _, a := range steps {
			all[a.Step] = [5]int64{a.Read, a.Applied + a.Equal + a.Superseded, a.Filtered, a.Rejected, a.Dead}
		}
	})
	return all
}

// TestOutcomes: how many titles a load leaves out by each filter, keeps out by
// its rules, and is refused by the target, is what plain SQL counts; records
// that break several rules count once.
func TestOutcomes(t *testing.T) {
	t.Parallel()
	from, to := pgtest.Pair(t)
	pgtest.Load(t, from, "data/netflix-titles/netflix.sql")
	pgtest.Exec(t, from, "create schema staging; alter table public.netflix_shows set schema staging; alter table staging.netflix_shows rename to title")
	pgtest.Exec(t, to, `create schema new; create table new.rating (code text primary key); create table new.director (name text primary key);
		insert into new.rating select unnest('{TV-MA,TV-14,TV-PG,R,PG-13,PG}'::text[])`)
	known := pgtest.Column[string](t, from, "select distinct director from staging.title where director < 'V'")
	list := fmt.Sprintf("'{%s}'::text[]", strings.ReplaceAll(quotedList(known), "'", "''"))
	pgtest.Exec(t, to, "insert into new.director select unnest("+list+")")
	pgtest.Exec(t, from, "create table staging.director as select unnest("+list+") as name", "analyze")
	pgtest.Exec(t, to, `analyze; create table new.title (id text primary key, name text not null, rating text references new.rating, director text constraint known references new.director,
		year int constraint recent check (year between 1960 and 2020), seen timestamptz, long boolean, minutes smallint, constraint once unique (director, year))`)
	m := newMove(t, from, to)
	m.project(t, map[string]string{
		"flows/outcomes.yaml": "steps:\n  - {id: titles, load: {from: {at: old, query: \"select *, substr(show_id, 2)::int as n from staging.title\"}, key: n, map: maps/title.yaml, to: {at: new, table: new.title}}}\n",
		"maps/title.yaml": `filter: {shows: 'doc.type == "TV Show"', silent: 'doc.cast_members == nil'}
fields:
  id: {from: show_id}
  name: {from: title, max: 60}
  rating: {from: rating}
  director: {from: director}
  year: {from: release_year}
  minutes: {from: duration, convert: [{replace: [' min$', '']}, number], max: 200, severity: warn}
  long: {from: duration, convert: [{replace: [' min$', '']}, number], expr: 'value == nil ? nil : value > 120'}
rules: {dated: {check: 'doc.date_added != nil', severity: warn}}
`})
	m.start(t, nil, "run", "outcomes", "--ledger", m.ledger, "--yes", "--progress", "none").ends(t, 3)
	count := func(table, where string) int64 {
		return pgtest.Query[int64](t, from, "select count(*) from "+table+" where "+where)
	}
	const titles = "(select *, substr(show_id, 2)::int as n from staging.title where type <> 'TV Show' and cast_members is not null) t"
	const rejected = "(char_length(title) > 60 or rating not in ('TV-MA', 'TV-14', 'TV-PG', 'R', 'PG-13', 'PG') or release_year not between 1960 and 2020 or duration is not null and duration !~ '^[0-9]+ min$')"
	// What is left goes to the target: there it is refused for its director, or for another one of that director and year that came before.
	good := "(select * from " + titles + " where " + rejected + " is not true) g"
	strangers := count(good, "director is not null and director not in (select name from staging.director)")
	twice := count("(select row_number() over (partition by director, release_year order by n) as nth from "+good+" where director in (select name from staging.director)) g", "nth > 1")
	dead := strangers + twice
	want := [5]int64{count("staging.title", "true"), count(good, "true") - dead, count("staging.title", "type = 'TV Show' or cast_members is null"), count(titles, rejected), dead}
	if got := m.outcomes(t)["titles"]; got != want || want[3] < 50 || strangers < 50 || twice < 50 {
		t.Errorf("read, loaded, filtered, rejected, dead: %v, want %v", got, want)
	}
	if n := pgtest.Query[int64](t, to, "select count(*) from new.title"); n != want[1] {
		t.Errorf("%d titles are there, want %d", n, want[1])
	}
	m.causesOf(t, map[string]int64{"known": strangers, "once": twice})
	wantIssues := map[string]int64{
		"titles max name error":        count(titles, "char_length(title) > 60"),
		"titles enum rating error":     count(titles, "rating not in ('TV-MA', 'TV-14', 'TV-PG', 'R', 'PG-13', 'PG')"),
		"titles check year error":      count(titles, "release_year not between 1960 and 2020"),
		"titles convert minutes error": count(titles, "duration !~ '^[0-9]+ min$'"),
		"titles convert long error":    count(titles, "duration !~ '^[0-9]+ min$'"),
		"titles max minutes warn":      count(titles, "duration ~ '^[0-9]+ min$' and split_part(duration, ' ', 1)::int > 200"),
		"titles dated  warn":           count(titles, "date_added is null"),
	}
	got := map[string]int64{}
	for rule, n := range m.issues(t, "outcomes-1") {
		got[rule] = int64(n)
	}
	maps.DeleteFunc(wantIssues, func(_ string, n int64) bool { return n == 0 })
	if d := cmp.Diff(wantIssues, got); d != "" {
		t.Errorf("issues (-SQL +godwit):\n%s", d)
	}
	m.checked(t)
}

// causesOf expects dead letters by the constraint that refused them.
func (m *move) causesOf(t *testing.T, want map[string]int64) {
	t.Helper()
	got := map[string]int64{}
	m.each(t, func(e record.Exception) {
		if e.Refusal != nil {
			got[e.Refusal.Where]++
		}
	})
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("dead letters by constraint (-SQL +godwit):\n%s", d)
	}
}

// quotedList are texts as the elements of a list of the server.
func quotedList(list []string) string {
	quoted := make([]string, len(list))
	for i, s := range list {
		quoted[i] = `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(s) + `"`
	}
	return strings.Join(quoted, ",")
}

// documentFlows load small documents of OpenSearch; what is wrong with them was
// counted by hand.
var documentFlows = map[string]struct {
	mapped, columns string
	want            map[string]int
	outcome         [5]int64
}{
	"order": {"id: {from: doc.id, missing: reject, required: true}\n  name: {from: doc.name, missing: reject, in: [a, b, c, d]}", "id int, name text",
		map[string]int{"missing id error": 1, "required id error": 1, "missing name error": 1, "in name error": 2}, [5]int64{7, 3, 0, 4, 0}},
	"state_country_with_null": {"name: {from: doc.name, required: true}\n  age: {from: doc.age, required: true, min: 18}\n  state: {from: doc.state, max: 8, severity: warn}\n  country: {from: doc.country, missing: reject}", "name text, age int, state text, country text",
		map[string]int{"required name error": 1, "required age error": 1, "min age error": 1, "max state warn": 1, "missing country error": 1}, [5]int64{6, 4, 0, 2, 0}},
	"weblogs": {"host: {from: doc.host, match: '^[0-9.]+$'}\n  bytes: {from: doc.bytes, min: 4000}\n  response: {from: doc.response, in: [\"200\"]}\n  message: {from: doc.message, required: true, severity: warn}", "host text, bytes int, response text, message text",
		map[string]int{"match host error": 4, "min bytes error": 2, "required message warn": 2}, [5]int64{6, 2, 0, 4, 0}},
	"nested_objects": {"author: {from: doc.message.author, required: true}\n  likes: {from: doc.comment.likes, max: 2}", "author text, likes int",
		map[string]int{"type author error": 2, "max likes error": 3}, [5]int64{5, 1, 0, 4, 0}},
	"employee_nested": {"id: {from: doc.id}\n  title: {from: doc.title, required: true, severity: warn}\n  years: {each: doc.projects, fields: {year: {from: started_year, min: 1998}}}", "id int, title text, years jsonb",
		map[string]int{"required title warn": 1, "min years[0].year error": 1}, [5]int64{4, 3, 0, 1, 0}},
}

// TestDocuments counts what is wrong with documents in which fields are missing,
// null, single and lists.
func TestDocuments(t *testing.T) {
	t.Parallel()
	from, to := pgtest.Pair(t)
	pgtest.Exec(t, from, "create schema staging")
	pgtest.Exec(t, to, "create schema new")
	files, flow := map[string]string{}, "steps:\n"
	for _, name := range slices.Sorted(maps.Keys(documentFlows)) {
		c := documentFlows[name]
		pgtest.Exec(t, from, "create table staging."+name+" (n int primary key, doc jsonb)")
		docs, err := warehouse.Documents("opensearch-docs/" + name + ".json")
		if err != nil {
			t.Fatal(err)
		}
		for i, d := range docs {
			pgtest.Query[int](t, from, "insert into "+pgx.Identifier{"staging", name}.Sanitize()+" values ($1, $2::text::jsonb) returning 1", i, string(d))
		}
		pgtest.Exec(t, to, "create table new."+name+" (n int, "+c.columns+")")
		flow += fmt.Sprintf("  - {id: %[1]s, load: {from: {at: old, table: staging.%[1]s}, map: maps/%[1]s.yaml, to: {at: new, table: new.%[1]s}}}\n", name)
		files["maps/"+name+".yaml"] = "fields:\n  n: {from: n}\n  " + c.mapped + "\n"
	}
	files["flows/documents.yaml"] = flow
	m := newMove(t, from, to)
	m.project(t, files)
	m.start(t, nil, "run", "documents", "--ledger", m.ledger, "--yes", "--progress", "none").ends(t, 3)
	want := map[string]int{}
	for name, c := range documentFlows {
		for rule, n := range c.want {
			want[name+" "+rule] = n
		}
		if got := m.outcomes(t)[name]; got != c.outcome {
			t.Errorf("%s: read, loaded, filtered, rejected, dead: %v, want %v", name, got, c.outcome)
		}
	}
	if d := cmp.Diff(want, m.issues(t, "documents-1")); d != "" {
		t.Errorf("issues (-counted +godwit):\n%s", d)
	}
	m.checked(t)
}

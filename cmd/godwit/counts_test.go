package main_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"testing"

	"godwit/rig/postgres/pgtest"
	"godwit/rig/warehouse"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5"
)

// project writes a flow and its files beside the ledger.
func (m *move) project(t testing.TB, files map[string]string) {
	t.Helper()
	m.env = append(m.env, "FROM="+m.from, "TO="+m.to)
	files["godwit.yaml"] = "connections:\n  old: {postgres: {url_secret: {env: FROM}}}\n  new: {postgres: {url_secret: {env: TO}}}\n"
	for name, text := range files {
		path := filepath.Join(filepath.Dir(m.ledger), name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

// issues counts those of a run by step, rule, field and severity.
func (m *move) issues(t testing.TB, run string) map[string]int {
	t.Helper()
	p := m.start(t, nil, "issues", "list", run, "--each", "--limit", "0", "--json", "--ledger", m.ledger).ends(t, 0)
	lines := bytes.Split(bytes.TrimSpace(p.said.Bytes()), []byte("\n"))
	var list struct {
		Issues []struct{ Step, Rule, Field, Severity string }
	}
	if err := json.Unmarshal(lines[len(lines)-1], &list); err != nil {
		t.Fatalf("%v: %s", err, p.said.String())
	}
	counts := map[string]int{}
	for _, i := range list.Issues {
		counts[fmt.Sprint(i.Step, " ", i.Rule, " ", i.Field, " ", i.Severity)]++
	}
	return counts
}

const countsFlow = `steps:
  - {id: titles, load: {from: {at: old, table: staging.title}, key: show_id, map: maps/title.yaml, to: {at: new, table: new.title}}}
  - {id: orders, load: {from: {at: old, table: staging.purchase}, map: maps/order.yaml, to: {at: new, table: new.purchase}}}
  - {id: accounts, load: {from: {at: old, table: staging.account}, map: maps/account.yaml, to: {at: new, table: new.account}}}
  - {id: things, load: {from: {at: old, table: staging.thing}, map: maps/thing.yaml, to: {at: new, table: new.thing}}}
  - {id: firsts, load: {from: {at: old, query: "select *, substr(show_id, 2)::int as n from staging.title"}, key: n, map: maps/first.yaml, to: {at: new, table: new.first}}}
  - {id: groups, load: {from: {at: old, query: "select *, substr(show_id, 2)::int as n from staging.title"}, key: n, map: maps/group.yaml, to: {at: new, table: new.first}}}
`

const firstRules = `fields: {n: {from: n}, director: {from: director}, year: {from: release_year}, country: {from: country}, rating: {from: rating}}
rules:
  one_a_year: {unique: [director, year]}
`

const groupRules = `fields: {n: {from: n}, director: {from: director}, year: {from: release_year}, country: {from: country}, rating: {from: rating}}
rules:
  one_a_year: {unique: [director, year], severity: warn}
  at_home: {same: country, within: director, field: director, severity: warn}
  one_rating: {same: rating, within: director}
`

const titleRules = `lookups: {kind: kind.csv}
filter: {old: "doc.release_year < 1950"}
fields:
  id: {from: show_id}
  director: {from: director, required: true}
  actors: {from: cast_members, required: true, severity: warn}
  kind: {from: type, lookup: kind, else: reject}
  rating: {from: rating, in: [TV-MA, TV-14, PG, R]}
  length: {from: duration, match: '^[0-9]+ min$', severity: warn}
  minutes: {from: duration, convert: [{replace: [' min$', '']}, number]}
  since: {from: release_year, min: 1990}
  until: {from: release_year, max: 2015, severity: warn}
  name: {from: title, min: 3, max: 40}
  short: {from: title}
  listed: {from: listed_in, convert: {split: ", "}, max: 2}
  country: {from: country}
  added: {from: date_added, min: "2017-01-01", severity: warn}
rules:
  someone: {check: "doc.director != nil or doc.cast_members != nil"}
  not_before: {check: 'record.added == nil or record.added >= date(string(doc.release_year) + "-01-01")', field: added, severity: warn}
`

const purchaseRules = `fields:
  id: {from: doc.PONumber}
  reference: {from: doc.Reference, match: '^[A-Z]+-[0-9]{8}$'}
  ordered: {from: doc.Reference, convert: [{replace: ['^.*-', '']}, {date: "20060102"}], min: "2014-06-01", severity: warn}
  centre: {from: doc.CostCenter, in: [A50, A80]}
  quick: {from: 'doc."Special Instructions"', convert: {bool: [[Next Day Air, Priority Overnight, Courier], [Ground, Surface Mail]]}}
  zip: {from: doc.ShippingInstructions.Address.zipCode, type: int, required: true}
  state: {from: doc.ShippingInstructions.Address.state, missing: reject}
rows:
  - into: new.line
    each: doc.LineItems
    key: [id, pos]
    fields:
      id: {expr: parent.id}
      pos: {from: ItemNumber}
      what: {from: Part.Description}
      price: {from: Part.UnitPrice, max: 20, severity: warn}
      quantity: {from: Quantity, min: 2}
`

const accountRules = `fields:
  id: {from: doc.account_number}
  balance: {from: doc.balance, required: true}
  part: {from: doc.balance, expr: "value == nil ? nil : value / 100"}
  age: {from: doc.age}
  city: {from: doc.city, missing: reject}
  state: {from: doc.state, in: [TX, MD, ID, CA]}
  email: {from: doc.email, match: '^[a-z]+@[a-n]', severity: warn}
  employer: {from: doc.employer}
  gender: {from: doc.gender}
rules:
  young_and_rich: {check: "record.age == nil or record.balance == nil or record.age >= 25 or record.balance < 30000", field: balance}
`

const thingRules = `fields:
  id: {from: id}
  n: {from: doc.int, missing: reject}
  f: {from: doc.dbl, required: true}
  yes: {from: doc.bool, required: true, severity: warn}
  day: {from: doc.date, default: "2000-01-01", min: "2000-01-02", severity: warn}
`

// Counts by plain SQL: whatever the maps say about a record that is left out
// by a filter does not count.
var counted = map[string]string{
	"titles required director error":        "title where director is null",
	"titles required actors warn":           "title where cast_members is null",
	"titles lookup kind error":              "title where type <> 'Movie'",
	"titles in rating error":                "title where rating not in ('TV-MA', 'TV-14', 'PG', 'R')",
	"titles match length warn":              "title where duration !~ '^[0-9]+ min$'",
	"titles convert minutes error":          "title where regexp_replace(duration, ' min$', '') !~ '^[0-9]+$'",
	"titles min since error":                "title where release_year < 1990",
	"titles max until warn":                 "title where release_year > 2015",
	"titles min name error":                 "title where length(title) < 3",
	"titles max name error":                 "title where length(title) > 40",
	"titles too-long short error":           "title where length(title) > 30",
	"titles max listed error":               "title where cardinality(string_to_array(listed_in, ', ')) > 2",
	"titles not-null country error":         "title where country is null",
	"titles min added warn":                 "title where date_added < '2017-01-01'",
	"titles someone  error":                 "title where director is null and cast_members is null",
	"titles not_before added warn":          "title where date_added < make_date(release_year, 1, 1)",
	"orders match reference error":          "purchase where doc->>'Reference' !~ '^[A-Z]+-[0-9]{8}$'",
	"orders min ordered warn":               "purchase where to_date(substring(doc->>'Reference' from '[0-9]+$'), 'YYYYMMDD') < '2014-06-01'",
	"orders in centre error":                "purchase where doc->>'CostCenter' not in ('A50', 'A80')",
	"orders convert quick error":            "purchase where doc->>'Special Instructions' not in ('Next Day Air', 'Priority Overnight', 'Courier', 'Ground', 'Surface Mail')",
	"orders required zip error":             "purchase where doc #>> '{ShippingInstructions,Address,zipCode}' is null",
	"orders type zip error":                 "purchase where doc #>> '{ShippingInstructions,Address,zipCode}' !~ '^[0-9]+$'",
	"orders missing state error":            "purchase where not (doc #> '{ShippingInstructions,Address}' ? 'state')",
	"orders max price warn":                 "purchase, jsonb_array_elements(doc->'LineItems') l where (l #>> '{Part,UnitPrice}')::numeric > 20",
	"orders min quantity error":             "purchase, jsonb_array_elements(doc->'LineItems') l where (l->>'Quantity')::numeric < 2",
	"orders too-long what error":            "purchase, jsonb_array_elements(doc->'LineItems') l where length(l #>> '{Part,Description}') > 60",
	"accounts required balance error":       "account where doc->>'balance' is null",
	"accounts range id error":               "account where (doc->>'account_number')::int > 32767",
	"accounts check balance error":          "account where (doc->>'balance')::numeric >= 49000",
	"accounts precision part error":         "account where (doc->>'balance')::int % 10 <> 0",
	"accounts check age error":              "account where (doc->>'age')::int > 38",
	"accounts missing city error":           "account where not doc ? 'city'",
	"accounts in state error":               "account where doc->>'state' not in ('TX', 'MD', 'ID', 'CA')",
	"accounts match email warn":             "account where doc->>'email' !~ '^[a-z]+@[a-n]'",
	"accounts too-long employer error":      "account where length(doc->>'employer') > 8",
	"accounts enum gender error":            "account where doc->>'gender' <> 'F'",
	"accounts young_and_rich balance error": "account where (doc->>'age')::int < 25 and (doc->>'balance')::int between 30000 and 48999", // a broken field is not asked again
	"things missing n error":                "thing where not doc ? 'int'",
	"things required f error":               "thing where doc->>'dbl' is null",
	"things required yes warn":              "thing where doc->>'bool' is null",
	"things min day warn":                   "thing where coalesce(doc->>'date', '2000-01-01')::date < '2000-01-02'",
}

// inList is the place of a field in a list of the record.
var inList = regexp.MustCompile(` doc\.LineItems\[\d+\]\.`)

// TestCounts: what each rule finds in real data is what plain SQL counts.
func TestCounts(t *testing.T) {
	t.Parallel()
	from, to := pgtest.Pair(t)
	pgtest.Load(t, from, "data/netflix-titles/netflix.sql")
	pgtest.Exec(t, from, `create schema staging; alter table public.netflix_shows set schema staging; alter table staging.netflix_shows rename to title;
		create table staging.purchase (id int primary key, doc jsonb); create table staging.account (id int primary key, doc jsonb);
		create table staging.poor (id int primary key, doc jsonb); create table staging.thing (id int primary key, doc jsonb)`)
	for table, file := range map[string]string{
		"purchase": "purchase-orders/POList.json", "account": "opensearch-docs/accounts.json",
		"poor": "opensearch-docs/bank_with_null_values.json", "thing": "opensearch-docs/null_missing.json",
	} {
		if err := warehouse.LoadDocuments(t.Context(), from, pgx.Identifier{"staging", table}, file); err != nil {
			t.Fatal(err)
		}
	}
	pgtest.Exec(t, from, "insert into staging.account select 10000 + id, doc from staging.poor",
		"insert into staging.account select 20000 + id, doc || '{\"account_number\": 40000}' from staging.poor")
	pgtest.Exec(t, to, `create schema new;
		create table new.title (id text primary key, director text, actors text, kind text, rating text, length text, minutes int, since int, until int,
			name text, short varchar(30), listed text[], country text not null, added date);
		create table new.purchase (id int primary key, reference text, ordered date, centre text, quick boolean, zip int, state text);
		create table new.line (id int references new.purchase, pos int, what varchar(60), price numeric, quantity int, primary key (id, pos));
		create table new.account (id smallint, balance int check (balance < 49000), part numeric(5,1), age int check (age <= 38), city text, state text, email text,
			employer varchar(8), gender text check (gender in ('F', 'X')));
		create table new.first (n int, director text, year int, country text, rating text);
		create table new.thing (id int, n int, f float8, yes boolean, day date)`)
	m := newMove(t, from, to)
	m.project(t, map[string]string{
		"flows/counts.yaml": countsFlow, "maps/title.yaml": titleRules, "maps/order.yaml": purchaseRules, "maps/account.yaml": accountRules,
		"maps/thing.yaml": thingRules, "maps/first.yaml": firstRules, "maps/group.yaml": groupRules, "kind.csv": "key,value\nMovie,film\n",
	})
	m.start(t, nil, "run", "counts", "--ledger", m.ledger, "--yes", "--progress", "none").ends(t, 3)
	want := map[string]int{}
	for rule, sql := range counted {
		if rule[:6] == "titles" {
			sql = "(select * from staging.title where release_year >= 1950) " + sql
		} else {
			sql = "staging." + sql
		}
		if n := pgtest.Query[int](t, from, "select count(*) from "+sql); n > 0 {
			want[rule] = n
		}
	}
	const titles = "(select *, substr(show_id, 2)::int as n from staging.title) t"
	// Of a director's titles the first one's rating is right; what differs is not loaded.
	const rated = "(select *, first_value(rating) over (partition by director order by rating is null, n) as right_one from " + titles + ") t"
	const loaded = "(select * from " + rated + " where director is null or rating is null or rating = right_one) t"
	for rule, sql := range map[string]string{
		"firsts one_a_year director, year error": "select count(*) - count(distinct (director, release_year)) from " + titles + " where director is not null and release_year is not null",
		"groups one_rating rating error":         "select count(*) from " + rated + " where director is not null and rating <> right_one",
		"groups one_a_year director, year warn":  "select count(*) - count(distinct (director, release_year)) from " + loaded + " where director is not null and release_year is not null",
		"groups at_home director warn":           "select count(*) from (select from " + loaded + " where director is not null group by director having count(distinct country) > 1) g",
	} {
		if want[rule] = pgtest.Query[int](t, from, sql); want[rule] < 10 {
			t.Errorf("%s: %d, the test tests nothing", rule, want[rule])
		}
	}
	got := map[string]int{}
	for rule, n := range m.issues(t, "counts-1") {
		got[inList.ReplaceAllString(rule, " ")] += n
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("issues (-SQL +godwit):\n%s", d)
	}
	t.Logf("%d rules broken, of %d: %v", len(want), len(counted), slices.Sorted(maps.Keys(want)))
}

// TestFourThings: a field that is not there, null, an empty text and a blank
// one are four things, from the source to the target.
func TestFourThings(t *testing.T) {
	t.Parallel()
	from, to := pgtest.Pair(t)
	pgtest.Exec(t, from, `create schema staging; create table staging.thing (id int primary key, doc jsonb);
		insert into staging.thing values (1, '{}'), (2, '{"t": null}'), (3, '{"t": ""}'), (4, '{"t": "  "}'), (5, '{"t": "x"}')`)
	m := newMove(t, from, to)
	files, flow := map[string]string{}, "steps:\n"
	fields := map[string]string{
		"kept": "", "missing": ", missing: reject", "required": ", required: true", "blank": ", convert: blank_to_null, required: true",
		"trimmed": ", convert: trim", "filled": ", default: d", "long": ", min: 1", "omitted": ", missing: omit", "trap": ", match: '^[a-z]*$'",
	}
	sql := "create schema new;"
	for _, name := range slices.Sorted(maps.Keys(fields)) {
		flow += fmt.Sprintf("  - {id: %[1]s, load: {from: {at: old, table: staging.thing}, map: maps/%[1]s.yaml, to: {at: new, table: new.%[1]s}}}\n", name)
		files["maps/"+name+".yaml"] = "fields:\n  id: {from: id}\n  t: {from: doc.t" + fields[name] + "}\n"
		sql += fmt.Sprintf("create table new.%s (id int primary key, t text default 'by the target');", name)
	}
	pgtest.Exec(t, to, sql)
	files["flows/four.yaml"] = flow
	m.project(t, files)
	m.start(t, nil, "run", "four", "--ledger", m.ledger, "--yes", "--progress", "none").ends(t, 3)
	for name, want := range map[string]string{
		"kept":     "1=null 2=null 3=<> 4=<  > 5=<x>",
		"missing":  "2=null 3=<> 4=<  > 5=<x>",
		"required": "3=<> 4=<  > 5=<x>",
		"blank":    "5=<x>",
		"trimmed":  "1=null 2=null 3=<> 4=<> 5=<x>",
		"filled":   "1=<d> 2=<d> 3=<> 4=<  > 5=<x>",
		"long":     "1=null 2=null 4=<  > 5=<x>",
		"omitted":  "1=<by the target> 2=null 3=<> 4=<  > 5=<x>",
		"trap":     "1=null 2=null 3=<> 5=<x>",
	} {
		got := pgtest.Query[string](t, to, "select coalesce(string_agg(id || '=' || coalesce('<' || t || '>', 'null'), ' ' order by id), '') from new."+name)
		if got != want {
			t.Errorf("%s: %s, want %s", name, got, want)
		}
	}
	want := map[string]int{"missing missing t error": 1, "required required t error": 2, "blank required t error": 4, "long min t error": 1, "trap match t error": 1}
	if d := cmp.Diff(want, m.issues(t, "four-1")); d != "" {
		t.Errorf("issues (-want +found):\n%s", d)
	}
}

package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// recordSet is records of one kind with what they become.
type recordSet struct {
	name     string
	from, to string // tables
	n        int    // records
	bad      *int   // of them; nil = none
	maps     string
	hand     string // what the program written by hand is told; "" = there is none
	tables   []string
}

// The records at scale 1.
const (
	relationalRows = 1_000_000
	documentCount  = 300_000
	deepCount      = 60_000
)

func (b *bench) recordSets(bad *int) []recordSet {
	n := func(all int) int { return max(2000, int(float64(all)*b.scale)/20*20) }
	rows := n(relationalRows)
	return []recordSet{
		{name: "relational", from: "r.good", to: "t.rec", n: rows, maps: relationalMap, hand: "relational", tables: []string{"t.rec"}},
		{name: "relational, 5 % bad, checked", from: "r.checked", to: "t.rec", n: rows, bad: bad, maps: relationalMap, tables: []string{"t.rec"}},
		{name: "relational, 5 % bad, refused", from: "r.refused", to: "t.rec", n: rows, bad: bad, maps: relationalMap, tables: []string{"t.rec"}},
		{name: "documents", from: "r.doc", to: "t.doc", n: n(documentCount), maps: documentMap, hand: "documents", tables: []string{"t.doc"}},
		{name: "1 to 18 rows", from: "r.deep", to: "t.deep", n: n(deepCount), maps: deepMap, hand: "deep",
			tables: []string{"t.deep", "t.item", "t.person", "t.link", "t.note"}},
	}
}

// records loads each set by godwit and, where there is one, by a program that
// somebody wrote for it: the same reading and writing, without ledger, checks,
// exceptions and without going on after a kill.
func (b *bench) records(ctx context.Context) error {
	list, set, err := b.recordContenders(ctx)
	if err != nil {
		return err
	}
	return b.contest(ctx, &part{Name: "records", Set: set}, "records", list, b.rounds)
}

// recordContenders fills the source, and says with what.
func (b *bench) recordContenders(ctx context.Context) (list []contender, set string, err error) {
	var bad int
	sets := b.recordSets(&bad)
	if err := b.both.fill(ctx, "records", recordTables(sets[0].n, sets[3].n, sets[4].n)); err != nil {
		return nil, "", err
	}
	if err := ask(ctx, b.both.from.URL("records"), "select count(*) from r.checked where price < 0", &bad); err != nil {
		return nil, "", err
	}
	seen := map[string]string{} // what the first one wrote, by set
	for _, s := range sets {
		c := contender{name: s.name + ", godwit", prepare: s.prepare, run: s.godwit, records: s.n, bare: true, check: s.check(seen)}
		list = append(list, c)
		if s.hand != "" {
			c.name, c.run = s.name+", by hand", s.byHand
			list = append(list, c)
		}
	}
	return list, fmt.Sprintf("%d rows of 20 columns, %d documents of 2 KB, %d documents that become 18 rows in 5 tables",
		sets[0].n, sets[3].n, sets[4].n), nil
}

// prepare makes the target's tables and the project.
func (s recordSet) prepare(ctx context.Context, m *move) error {
	if err := ask(ctx, m.to, targetTables); err != nil {
		return err
	}
	for name, text := range map[string]string{
		"godwit.yaml":      "connections:\n  old: {postgres: {url_secret: {env: FROM}}}\n  new: {postgres: {url_secret: {env: TO}}}\n",
		"flows/bench.yaml": "steps:\n  - load:\n      from: {at: old, table: " + s.from + "}\n      map: maps/bench.yaml\n      to: {at: new, table: " + s.to + "}\n",
		"maps/bench.yaml":  s.maps,
		"lookups/kind.csv": "key,value\na,alpha\nb,beta\nc,gamma\nd,delta\n",
	} {
		path := filepath.Join(m.work, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			return err
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			return err
		}
	}
	return nil
}

func (s recordSet) godwit(ctx context.Context, m *move, c *client) error {
	cmd := exec.CommandContext(ctx, m.bench.godwit, "run", "bench", "--ledger", m.ledger(), "--progress", "none", "--yes")
	cmd.Dir, cmd.Env = m.work, append(os.Environ(), "FROM="+m.from, "TO="+m.to)
	err := c.pipe(ctx, nil, cmd)
	if exit := (*exec.ExitError)(nil); s.bad != nil && errors.As(err, &exit) && exit.ExitCode() == 3 {
		return nil // finished, but records were not loaded
	}
	return err
}

func (s recordSet) byHand(ctx context.Context, m *move, c *client) error {
	self, err := os.Executable()
	if err != nil {
		return err
	}
	return c.run(ctx, self, "hand", s.hand, m.from, m.to)
}

// check counts and hashes what was written: whoever loads a set writes the same.
func (s recordSet) check(seen map[string]string) func(context.Context, *move) (string, error) {
	return func(ctx context.Context, m *move) (string, error) {
		var all []string
		for i, table := range s.tables {
			var rows int
			var hash string
			if err := ask(ctx, m.to, "select count(*), coalesce(sum(hashtextextended(t::text, 0)::numeric), 0)::text from "+table+" t", &rows, &hash); err != nil {
				return "", err
			}
			want := s.n
			if s.bad != nil {
				want -= *s.bad
			}
			if i == 0 && rows != want {
				return fmt.Sprintf("differs: %d rows for %d", rows, want), nil
			}
			all = append(all, fmt.Sprint(rows, hash))
		}
		text := strings.Join(all, " ")
		if first, ok := seen[s.name]; ok && first != text {
			return "differs from what the first one wrote", nil
		}
		seen[s.name] = text
		return "same", nil
	}
}

const relationalMap = `lookups: {kind: lookups/kind.csv}
fields:
  id: {from: id, required: true}
  code: {from: code, convert: [trim, upper], match: '^[A-Z]{2}[0-9]+$'}
  name: {from: name, convert: [trim, collapse], required: true, max: 80}
  note: {from: note}
  kind: {from: kind, lookup: kind, else: reject}
  amount: {from: amount, min: 0}
  price: {from: price, min: 0, max: 100000}
  qty: {from: qty, min: 0}
  at: {from: at}
  day: {from: day, convert: {date: "02.01.2006"}}
  flag: {from: flag, convert: {bool: [[J], [N]]}}
  email: {from: email, convert: lower, match: '^[^@]+@[^@]+$'}
  city: {from: city, default: unknown}
  country: {from: country, in: [DE, FR, IT, ES]}
  zip: {from: zip, convert: {pad: [6, "0"]}}
  score: {from: score, max: 1000000000}
  n1: {from: n1, required: true}
  n2: {from: n2}
  total: {expr: "doc.amount * doc.qty"}
  source: {const: bench}
rules:
  ordered: {check: "record.n1 <= record.n2", field: n1}
`

const documentMap = `lookups: {kind: lookups/kind.csv}
fields:
  id: {from: id, required: true}
  code: {from: doc.code, convert: [trim, upper], match: '^[A-Z]{2}[0-9]+$'}
  name: {from: doc.name, convert: [trim, collapse], required: true, max: 80}
  kind: {from: doc.meta.kind, lookup: kind, else: reject}
  owner: {from: doc.meta.owner.name, required: true}
  mail: {from: doc.meta.owner.mail, match: '^[^@]+@[^@]+$'}
  made: {from: doc.meta.made, convert: {date: "02.01.2006"}}
  changed: {from: doc.meta.changed}
  amount: {from: doc.amount, min: 0}
  qty: {from: doc.qty, min: 0, max: 1000}
  flag: {from: doc.flag}
  big: {from: doc.big}
  city: {from: doc.address.city, default: unknown}
  country: {from: doc.address.country, in: [DE, FR, IT, ES]}
  zip: {from: doc.address.zip, convert: {pad: [6, "0"]}}
  tags: {from: doc.tags, convert: {join: ", "}}
  first: {from: "doc.people[0].name"}
  link: {from: "doc.links[1]"}
  total: {expr: "doc.doc.amount * doc.doc.qty"}
  source: {const: bench}
`

const deepMap = `fields:
  id: {from: id, required: true}
  code: {from: doc.code, convert: [trim, upper]}
  name: {from: doc.name, required: true, max: 80}
rows:
  - into: t.item
    each: doc.items
    key: [id, pos]
    fields: {id: {expr: parent.id}, pos: {expr: "index"}, article: {from: article, required: true}, qty: {from: qty, min: 1}, price: {from: price, min: 0}}
  - into: t.person
    each: doc.people
    key: [id, pos]
    fields: {id: {expr: parent.id}, pos: {expr: "index"}, name: {from: name, required: true}, role: {from: role, in: [author, editor]}}
  - into: t.link
    each: doc.links
    key: [id, pos]
    fields: {id: {expr: parent.id}, pos: {expr: "index"}, url: {from: url, match: '^https://'}}
  - into: t.note
    each: doc.notes
    key: [id, pos]
    fields: {id: {expr: parent.id}, pos: {expr: "index"}, text: {from: text}, written: {from: written}}
`

const targetTables = `create schema t;
	create table t.rec (id bigint primary key, code varchar(20), name varchar(80) not null, note text check (note !~ '^refused'), kind text,
		amount numeric(12,2), price numeric(10,4), qty int, at timestamptz not null, day date, flag boolean, email varchar(80), city text,
		country varchar(2), zip varchar(10), score float8, n1 int not null, n2 bigint, total numeric(20,2), source text not null);
	create table t.doc (id bigint primary key, code varchar(20), name varchar(80) not null, kind text, owner text not null, mail varchar(80),
		made date, changed timestamptz, amount numeric(12,2), qty int, flag boolean, big bigint, city text, country varchar(2), zip varchar(10),
		tags text, first text, link text, total numeric(20,2), source text not null);
	create table t.deep (id bigint primary key, code varchar(20), name varchar(80) not null);
	create table t.item (id bigint references t.deep, pos int, article text not null, qty int, price numeric(10,2), primary key (id, pos));
	create table t.person (id bigint references t.deep, pos int, name text not null, role text, primary key (id, pos));
	create table t.link (id bigint references t.deep, pos int, url text, primary key (id, pos));
	create table t.note (id bigint references t.deep, pos int, text text, written date, primary key (id, pos))`

// recordTables makes the sources; one in twenty records of two of them, at random, is bad:
// by a rule of the map, by a check of the target that only it can evaluate.
func recordTables(rows, documents, deep int) string {
	return fmt.Sprintf(`create schema r;
create table r.good (id bigint primary key, code text, name text, note text, kind text, amount numeric(12,2), price numeric(10,4), qty int,
	at timestamptz, day text, flag text, email text, city text, country text, zip text, score float8, n1 int, n2 bigint, old1 text, old2 int);
insert into r.good select i, ' ab' || i, 'Name  of ' || md5(i::text), 'note ' || i, (array['a', 'b', 'c', 'd'])[1 + i %% 4], (i %% 100000) / 100.0, (i %% 9999) / 1000.0, i %% 50,
	timestamptz '2020-01-01 00:00:00+00' + i * interval '7 seconds', to_char(date '2020-01-01' + i %% 1500, 'DD.MM.YYYY'), (array['J', 'N'])[1 + i %% 2],
	'Someone.' || i || '@Example.org', case when i %% 3 > 0 then 'City ' || i %% 1000 end, (array['DE', 'FR', 'IT', 'ES'])[1 + i %% 4], (i %% 9999)::text, i / 3.0, i %% 77, 100 + i, 'old', 1
	from generate_series(1, %[1]d) i;
create table r.checked (like r.good including all);
insert into r.checked select * from r.good;
update r.checked set price = -1 where abs(hashint8(id)) %% 20 = 0;
create table r.refused (like r.good including all);
insert into r.refused select * from r.good;
update r.refused set note = 'refused ' || id where abs(hashint8(id)) %% 20 = 0;
create table r.doc (id bigint primary key, doc jsonb not null);
insert into r.doc select i, jsonb_build_object('code', ' ab' || i, 'name', 'Name  of ' || md5(i::text), 'amount', (i %% 100000) / 100.0, 'qty', i %% 50, 'flag', i %% 2 = 0,
	'big', 9007199254740993 + i, 'nothing', null, 'meta', jsonb_build_object('kind', (array['a', 'b', 'c', 'd'])[1 + i %% 4], 'made', to_char(date '2020-01-01' + i %% 1500, 'DD.MM.YYYY'),
	'changed', to_char(timestamp '2020-01-01' + i * interval '1 minute', 'YYYY-MM-DD"T"HH24:MI:SS"Z"'), 'owner', jsonb_build_object('name', 'Owner ' || i, 'mail', 'o' || i || '@example.org')),
	'address', jsonb_build_object('city', 'City ' || i %% 1000, 'country', (array['DE', 'FR', 'IT', 'ES'])[1 + i %% 4], 'zip', (i %% 9999)::text),
	'tags', jsonb_build_array('red', 'green', 'blue', 'tag ' || i %% 9), 'links', jsonb_build_array('https://a/' || i, 'https://b/' || i),
	'people', (select jsonb_agg(jsonb_build_object('name', 'Person ' || k, 'role', 'author', 'id', md5(i || ' ' || k))) from generate_series(1, 6) k),
	'streams', (select jsonb_agg(jsonb_build_object('n', k, 'codec', 'x264', 'rate', 25.0, 'size', i * k, 'sum', md5((i * k)::text))) from generate_series(1, 8) k),
	'text', repeat(md5(i::text) || ' ', 14)) from generate_series(1, %[2]d) i;
create table r.deep (id bigint primary key, doc jsonb not null);
insert into r.deep select i, jsonb_build_object('code', ' ab' || i, 'name', 'Name of ' || md5(i::text),
	'items', (select jsonb_agg(jsonb_build_object('article', 'A' || k * i, 'qty', k, 'price', k * 1.25)) from generate_series(1, 5) k),
	'people', (select jsonb_agg(jsonb_build_object('name', 'Person ' || k, 'role', 'author')) from generate_series(1, 6) k),
	'links', (select jsonb_agg(jsonb_build_object('url', 'https://example.org/' || k * i)) from generate_series(1, 3) k),
	'notes', (select jsonb_agg(jsonb_build_object('text', 'Note ' || md5((k * i)::text), 'written', '2024-02-0' || k)) from generate_series(1, 3) k))
	from generate_series(1, %[3]d) i;
`, rows, documents, deep)
}

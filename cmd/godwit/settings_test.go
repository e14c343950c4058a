package main_test

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"godwit/rig/newsys"
	"godwit/rig/postgres/pgtest"
)

// quiet is a project that changes settings of a new system, and of a database,
// around a step that may fail.
func quiet(t testing.TB, s *newsys.System) *move {
	t.Helper()
	m := newMove(t, "", pgtest.Database(t))
	m.env = []string{"TOKEN=" + token}
	dir := filepath.Dir(m.ledger)
	write(t, dir, "godwit.yaml", fmt.Sprintf(`connections:
  api:
    http: {url: %q, auth: {bearer: {env: TOKEN}}, pages: {by: page, size: 2, items: body.results, total: body.total}}
  target:
    http: {url: %[1]q, auth: {bearer: {env: TOKEN}}, pages: {by: page, size: 2, items: body.results, total: body.total}}
  new: {postgres: {url: %[2]q}}
`, s.URL(), m.to))
	for name, api := range map[string]string{"quiet": "api", "other": "target"} {
		write(t, dir, "flows/"+name+".yaml", `steps:
  - settings:
      at: `+api+`
      change:
        - name: workflows
          read: GET /workflows
          each: body.results
          when: item.active
          write: "PUT /workflows/${item.id}"
          set: {active: false}
        - {name: mail, read: GET /settings/mail, write: PUT /settings/mail, set: {sending: false}}
      steps:
        - settings:
            at: new
            change:
              - name: limits
                read: select name, value, note from setting order by name
                each: rows
                key: name
                when: item.value != 1
                write: "update setting set value = :value where name = :name"
                set: {value: "${0 - item.value}"}
            steps:
              - {id: `+name+`, sql: {at: new, query: "insert into log (what) select '`+name+`' || sum(value) from setting"}}
              - {sql: {at: new, query: "select 1 / count(*) from log where what <> 'stop'"}}
`)
	}
	pgtest.Exec(t, m.to, "create table log (n serial, what text); create table setting (name text primary key, value int, note text); insert into setting values ('a', 1, 'x'), ('b', 5, null), ('c', 7, 'z')")
	return m
}

// asWas expects that all settings are as they were, and the ledger in order.
func (m *move) asWas(t testing.TB, s *newsys.System) {
	t.Helper()
	if v := s.Verdict(); len(v.Changed) > 0 {
		t.Errorf("settings that are not as they were: %v", v.Changed)
	}
	if got := pgtest.Query[string](t, m.to, "select string_agg(name || value || coalesce(note, '-'), ' ' order by name) from setting"); got != "a1x b5- c7z" {
		t.Errorf("settings of the database: %s", got)
	}
	m.checked(t)
}

func (m *move) unledger(t testing.TB) {
	t.Helper()
	for _, end := range []string{"", "-wal", "-shm"} {
		if err := os.Remove(m.ledger + end); err != nil && !os.IsNotExist(err) {
			t.Fatal(err)
		}
	}
}

func (m *move) runs(t testing.TB, flow string, env ...string) *process {
	t.Helper()
	return m.start(t, env, "run", flow, "--ledger", m.ledger, "--yes", "--progress", "none")
}

// TestSettingsPoints kills a run at every point that it passes: whoever goes on
// with it, or cancels it, leaves all settings as they were.
func TestSettingsPoints(t *testing.T) {
	t.Parallel()
	s := newSystem(t, 0, newsys.Options{})
	m := quiet(t, s)
	passed := filepath.Join(t.TempDir(), "points")
	m.runs(t, "quiet", "GODWIT_POINTS="+passed).ends(t, 0)
	m.asWas(t, s)
	if got := pgtest.Column[string](t, m.to, "select what from log"); !slices.Equal(got, []string{"quiet-11"}) {
		t.Errorf("while the settings were changed: %v", got)
	}
	points, times := pointsIn(t, passed)
	t.Logf("%d points: %v", len(points), times)
	if times["settings.written"] != 7 || times["settings.unwritten"] != 7 {
		t.Errorf("%d were written, %d written back", times["settings.written"], times["settings.unwritten"])
	}
	for i, point := range points {
		if !strings.HasPrefix(point, "settings.") {
			continue
		}
		for n := 1; n <= times[point]; n++ {
			if n != times[point]/2+1 && os.Getenv("GODWIT_SLOW") == "" {
				continue
			}
			m.unledger(t)
			m.runs(t, "quiet", fmt.Sprintf("GODWIT_KILL_AT=%s:%d", point, n)).ends(t, -1)
			if (i+n)%2 == 0 {
				m.runs(t, "quiet").ends(t, 0)
			} else {
				m.start(t, nil, "cancel", "quiet-1", "--ledger", m.ledger).ends(t, 0)
			}
			if m.asWas(t, s); t.Failed() {
				t.Fatalf("killed at %s:%d", point, n)
			}
		}
	}
}

// TestSettingsOverlap: of two runs that want the same settings changed the last
// one puts them back, whichever is killed where, and whichever goes on first.
func TestSettingsOverlap(t *testing.T) {
	t.Parallel()
	s := newSystem(t, 0, newsys.Options{})
	m := quiet(t, s)
	all := []string{"claimed", "saved", "written", "read-back", "changed", "closing", "unwritten", "restored", "closed"}
	if os.Getenv("GODWIT_SLOW") == "" {
		all = []string{"written", "changed", "unwritten"}
	}
	stays := func(when string) {
		t.Helper()
		if v := s.Verdict(); len(v.Changed) == 0 {
			t.Errorf("%s: settings are put back while a run still wants them changed", when)
		}
	}
	m.runs(t, "quiet", "GODWIT_KILL_AT=sql.begun:1").ends(t, -1)
	p := m.runs(t, "other")
	p.ends(t, 3)
	p.says(t, "setting mail of target is changed already, by quiet-1")
	p.says(t, "setting mail of api stays changed: quiet-1 still wants it, and nobody is at work with it: godwit resume quiet-1")
	stays("the second has ended")
	m.runs(t, "quiet").ends(t, 0)
	m.asWas(t, s)
	for i, point := range all {
		for n := 1; n <= 3; n++ {
			if n != 2 && os.Getenv("GODWIT_SLOW") == "" {
				continue
			}
			m.unledger(t)
			m.runs(t, "quiet", fmt.Sprintf("GODWIT_KILL_AT=settings.%s:%d", point, n)).ends(t, -1)
			m.runs(t, "other", "GODWIT_KILL_AT=sql.ran:1").ends(t, -1)
			order := []string{"quiet", "other"}
			if i%2 == 0 {
				slices.Reverse(order)
			}
			if point != "closed" || n < 3 || order[0] != "other" {
				m.runs(t, order[0]).ends(t, 3) // nobody is at work with the other one
				stays("the first has ended")
			} else { // quiet wants nothing any more
				m.runs(t, order[0]).ends(t, 0)
			}
			if m.runs(t, order[1]).ends(t, 0); t.Failed() {
				t.Fatalf("killed at %s:%d, then %v", point, n, order)
			}
			if m.asWas(t, s); t.Failed() {
				t.Fatalf("killed at %s:%d, then %v", point, n, order)
			}
		}
	}
	if got := pgtest.Column[string](t, m.to, "select distinct what from log order by 1"); !slices.Equal(got, []string{"other-11", "quiet-11"}) {
		t.Errorf("while the settings were changed: %v", got)
	}
}

// TestSettingsOfOthers: what somebody else changes meanwhile is theirs, and is
// told; what answers badly is not believed.
func TestSettingsOfOthers(t *testing.T) {
	t.Parallel()
	s := newSystem(t, 0, newsys.Options{})
	m := quiet(t, s)
	m.runs(t, "quiet", "GODWIT_KILL_AT=sql.begun:1").ends(t, -1)
	pgtest.Exec(t, m.to, "update setting set value = 3, note = 'theirs' where name = 'b'; update setting set note = 'also' where name = 'c'")
	p := m.runs(t, "quiet")
	p.ends(t, 3)
	p.says(t, `limits[b] of new: its value was changed by somebody else meanwhile (`)
	if strings.Contains(p.said.String(), "theirs") {
		t.Errorf("a value is shown:\n%s", p.said.String())
	}
	if got := pgtest.Query[string](t, m.to, "select string_agg(name || value || coalesce(note, '-'), ' ' order by name) from setting"); got != "a1x b3theirs c7also" {
		t.Errorf("settings of the database: %s", got)
	}
	if v := s.Verdict(); len(v.Changed) > 0 {
		t.Errorf("%v", v.Changed)
	}
	m.checked(t)
}

// TestSettingsItems: items of a loop that want a setting changed at the same time put
// it back when the last one is over, also when some fail, and wherever they are killed.
func TestSettingsItems(t *testing.T) {
	t.Parallel()
	s := newSystem(t, 0, newsys.Options{})
	m := quiet(t, s)
	change := "at: api, change: [{name: mail, read: GET /settings/mail, write: PUT /settings/mail, set: {sending: false}}]"
	write(t, filepath.Join(filepath.Dir(m.ledger), "flows"), "items.yaml", `inputs: {fails: {type: int, default: 0}}
steps:
  - for_each: {items: "[1,2,3]", as: i, key: "", parallel: 3}
    settings: {`+change+`, steps: [{sql: {at: new, query: "select 1 / (cast(:i as int) - cast(:inputs.fails as int))", with: {i: i}}}]}
  - for_each: {items: "[1,2]", as: i, key: ""}
    steps: [{settings: {`+change+`, steps: [{sql: {at: new, query: "insert into log (what) values ('item')"}}]}}]
`)
	for i, at := range []string{"", "settings.claimed:2", "settings.changed:3", "settings.left:1", "settings.closing:1", "settings.unwritten:1", "settings.restored:2"} {
		if i%3 > 0 && os.Getenv("GODWIT_SLOW") == "" {
			continue
		}
		m.unledger(t)
		if at != "" {
			m.runs(t, "items", "GODWIT_KILL_AT="+at).ends(t, -1)
		}
		m.runs(t, "items").ends(t, 0).says(t, "setting mail of api is put back")
		m.asWas(t, s)
		m.start(t, nil, "run", "items", "--set", "fails=2", "--ledger", m.ledger, "--yes", "--progress", "none").ends(t, 1)
		if m.asWas(t, s); t.Failed() {
			t.Fatalf("killed at %s", at)
		}
	}
}

// TestSettingsTolerated: that an item may fail does not mean that it may leave a
// setting changed.
func TestSettingsTolerated(t *testing.T) {
	t.Parallel()
	m := quiet(t, newSystem(t, 0, newsys.Options{}))
	write(t, filepath.Join(filepath.Dir(m.ledger), "flows"), "items.yaml", `steps:
  - for_each: {items: "[1]", as: i, key: "", tolerate: 1}
    settings:
      at: new
      change: [{name: v, read: "select value from setting where name = 'a'", write: "update setting set value = :value where name = 'a'", set: {value: 9}}]
      steps: [{sql: {at: new, query: "alter table setting add check (name <> 'a' or value = 9)"}}]
`)
	m.runs(t, "items").ends(t, 1).says(t, "1 changed, 0 put back")
}

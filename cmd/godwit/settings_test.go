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
  new: {postgres: {url: %q}}
`, s.URL(), m.to))
	for _, name := range []string{"quiet", "other"} {
		write(t, dir, "flows/"+name+".yaml", `steps:
  - settings:
      at: api
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
                when: item.value > 1
                write: "update setting set value = :value where name = :name"
                set: {value: 0}
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
	if got := pgtest.Column[string](t, m.to, "select what from log"); !slices.Equal(got, []string{"quiet1"}) {
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

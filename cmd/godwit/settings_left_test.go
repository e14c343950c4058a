package main_test

import (
	"path/filepath"
	"testing"

	"godwit/rig/newsys"
	"godwit/rig/postgres/pgtest"
)

// TestSettingsLeft: a setting that could not be put back is tried again when its run is
// cancelled, and whenever it is cancelled once more.
func TestSettingsLeft(t *testing.T) {
	t.Parallel()
	for _, live := range []bool{false, true} {
		m := quiet(t, newSystem(t, 0, newsys.Options{}))
		change := `{settings: {at: new, change: [{name: v, read: "select value from setting where name = 'a'", write: "update setting set value = :value where name = 'a'", set: {value: 9}}],
      steps: [{sql: {at: new, query: "alter table setting rename to gone"}}]}}`
		flow := "steps:\n  - " + change + "\n"
		if live {
			flow = "steps:\n  - parallel:\n    - " + change + "\n    - {sql: {at: new, query: \"insert into log (what) values ('waits'); select pg_sleep(60)\"}}\n"
		}
		write(t, filepath.Join(filepath.Dir(m.ledger), "flows"), "left.yaml", flow)
		p := m.runs(t, "left")
		cancel := func(code int) { t.Helper(); m.start(t, nil, "cancel", "left-1", "--ledger", m.ledger).ends(t, code) }
		mend := func() { t.Helper(); pgtest.Exec(t, m.to, "alter table gone rename to setting") }
		switch {
		case live:
			eventually(t, "it could not be put back", func() bool { return m.units(t, "close", "failed") == 1 })
			mend()
			cancel(0)
			p.exit(t)
		default:
			p.ends(t, 1)
			cancel(1)
			mend()
			cancel(0)
		}
		if got := pgtest.Query[int](t, m.to, "select value from setting where name = 'a'"); got != 1 {
			t.Errorf("live %v: it is %d", live, got)
		}
		m.start(t, nil, "settings", "list", "--ledger", m.ledger).ends(t, 0).says(t, "All settings are as they were")
	}
}

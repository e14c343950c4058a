package main_test

import (
	"encoding/json"
	"strings"
	"syscall"
	"testing"

	"godwit/rig/postgres/pgtest"
)

// TestVerifiedCloses: rows in parts of a table that differ and were not looked
// into are neither equal nor counted as different.
func TestVerifiedCloses(t *testing.T) {
	t.Parallel()
	from, to := pgtest.Pair(t)
	for _, url := range []string{from, to} {
		pgtest.Exec(t, url, "create table public.t (id int primary key, n int); insert into public.t select i, i from generate_series(1, 120000) i")
	}
	pgtest.Exec(t, to, "update public.t set n = -1 where id > 10000")
	m := newMove(t, from, to)
	p := m.start(t, nil, "verify", "--from", from, "--to", to, "--ledger", m.ledger, "--json").ends(t, 4)
	lines := strings.Split(strings.TrimSpace(p.said.String()), "\n")
	var sum struct {
		Verified struct {
			Rows, Equal, Differ int64
			Rest                int64 `json:"not_looked_into"`
		}
	}
	if err := json.Unmarshal([]byte(lines[len(lines)-1]), &sum); err != nil {
		t.Fatal(err)
	}
	v := sum.Verified
	if v.Rows != 120000 || v.Equal > 10000 || v.Differ > 110000 || v.Equal+v.Differ+v.Rest != v.Rows || v.Rest == 0 {
		t.Errorf("%+v, of which 10,000 are equal", v)
	}
	t.Logf("%+v", v)
}

// TestDefinitionsLostWhileVerified takes away what a crash of the target may
// take, after the verification was planned: definitions are proved when the
// rows are, and again when the run is gone on with.
func TestDefinitionsLostWhileVerified(t *testing.T) {
	t.Parallel()
	for _, how := range []string{"STOP", "KILL"} {
		t.Run(how, func(t *testing.T) {
			t.Parallel()
			from, to := pgtest.Pair(t)
			fill(t, from, 2)
			m := newMove(t, from, to)
			m.flags = []string{"--workers", "1"}
			p := m.copy(t, "GODWIT_"+how+"_AT=unit.before-settle@verify/table:1")
			lose := func() {
				pgtest.Exec(t, to, "drop trigger stamp on b.detail; drop index a.event_at_idx; alter table b.detail drop constraint detail_event_fkey")
			}
			if how == "STOP" {
				p.stopped(t)
				lose()
				p.signal(t, syscall.SIGCONT)
			} else {
				p.ends(t, -1)
				lose()
				p = m.copy(t)
			}
			p.ends(t, 4).says(t, "TRIGGER is missing at to", "INDEX is missing at to", "FK CONSTRAINT is missing at to")
			m.checked(t)
		})
	}
}

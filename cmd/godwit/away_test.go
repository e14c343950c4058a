package main_test

import (
	"strings"
	"syscall"
	"testing"

	"godwit/rig/postgres"
	"godwit/rig/postgres/pgtest"
)

// TestTargetAway stops the target amid a copy: status says that units wait for
// their next attempt, since when and why; when it is back they go on.
func TestTargetAway(t *testing.T) {
	t.Parallel()
	from := pgtest.Database(t)
	fill(t, from, 4)
	want := state(t, from)
	server := pgtest.Server(t, postgres.Options{Name: "away"})
	m := newMove(t, from, pgtest.DatabaseOn(t, server))
	m.env = []string{"GODWIT_CHUNK=65536"}
	p := m.copy(t, "GODWIT_STOP_AT=data.begun:3")
	p.stopped(t)
	if err := server.Crash(t.Context()); err != nil {
		t.Fatal(err)
	}
	p.signal(t, syscall.SIGCONT)
	said := ""
	eventually(t, "status says what units wait for: "+said, func() bool {
		s := m.start(t, nil, "status", "copy-1", "--ledger", m.ledger).ends(t, 0)
		said = s.said.String()
		return strings.Contains(said, "tried again after: ") && !strings.Contains(said, "waits 0")
	})
	if err := server.Restart(t.Context()); err != nil {
		t.Fatal(err)
	}
	p.ends(t, 0)
	m.proved(t, want)
}

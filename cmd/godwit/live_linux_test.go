package main_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"godwit/rig/postgres/pgtest"
)

// TestLive looks at the live view, which only a terminal is shown: who works on
// a run is told that it runs, also while units stand still.
func TestLive(t *testing.T) {
	t.Parallel()
	script, err := exec.LookPath("script") // gives a program a terminal
	if err != nil {
		t.Fatal(err)
	}
	from, to := pgtest.Pair(t)
	pgtest.Exec(t, from, `create function slow(int) returns bool language sql volatile as 'select pg_sleep(0.002) is not null'`, // a row: two seconds
		stageSQL("stage", "primary key check (slow(id))", 1000))
	m := newMove(t, from, to)
	path, err := binary()
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(filepath.Dir(m.ledger), "screen")
	cmd := exec.Command(script, "-q", "-f", "-c", path+` copy --from "$A" --to "$B" --ledger "$L"`, file)
	cmd.Env = append(os.Environ(), "A="+from, "B="+to, "L="+m.ledger, "TERM=xterm", "COLUMNS=100", "LINES=40")
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	if err := cmd.Run(); err != nil {
		t.Fatal(err)
	}
	screen, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(string(screen), "stopped") || !strings.Contains(string(screen), "running") {
		t.Errorf("the live view is:\n%s", screen)
	}
}

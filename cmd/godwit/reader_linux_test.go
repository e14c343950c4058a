package main_test

import (
	"bufio"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"godwit/rig/postgres/pgtest"

	"golang.org/x/sys/unix"
)

// TestSlowReader copies while nobody reads what is said: the pipe is full after
// a few events, the run goes on to its end, and every event is there when
// somebody reads.
func TestSlowReader(t *testing.T) {
	t.Parallel()
	from, to := pgtest.Pair(t)
	fill(t, from, 1)
	m := newMove(t, from, to)
	m.env = []string{"GODWIT_CHUNK=65536"}
	path, err := binary()
	if err != nil {
		t.Fatal(err)
	}
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	if _, err := unix.FcntlInt(w.Fd(), unix.F_SETPIPE_SZ, 4096); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(path, "copy", "--from", m.from, "--to", m.to, "--ledger", m.ledger, "--json")
	cmd.Dir, cmd.Env, cmd.Stdout = filepath.Dir(m.ledger), append(os.Environ(), m.env...), w
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = cmd.Process.Kill() })
	w.Close()
	eventually(t, "the run ends", func() bool { return m.phase(t) == "after the end" })
	said := map[string]int{}
	lines := bufio.NewScanner(r)
	for lines.Scan() {
		for _, kind := range []string{"unit.done", "run.finished", "summary"} {
			if strings.Contains(lines.Text(), `"type":"`+kind+`"`) {
				said[kind]++
			}
		}
	}
	if err := cmd.Wait(); err != nil {
		t.Error(err)
	}
	if said["unit.done"] != m.events(t, "unit.done") || said["run.finished"] != 1 || said["summary"] != 1 {
		t.Errorf("said %v, the journal has %d units done", said, m.events(t, "unit.done"))
	}
}

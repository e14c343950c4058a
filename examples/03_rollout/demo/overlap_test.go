package main

import (
	"bytes"
	"context"
	"os"
	"os/exec"
	"testing"
	"time"

	"godwit/rig/demo"
)

// TestOverlap has two runs at work at the same time, of two waves of projects. The
// first is killed in its middle, the second goes on and ends, then the first is gone
// on with: nothing is there twice or out of its order, and settings that both had
// changed are as they were. Then the same with both of them killed.
func TestOverlap(t *testing.T) {
	t.Parallel()
	if os.Getenv("GODWIT_SLOW") == "" {
		t.Skip("set GODWIT_SLOW=1")
	}
	for name, both := range map[string]bool{"one": false, "both": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var out bytes.Buffer
			r := testDemo(t, &out)
			r.shown = func(ctx context.Context, pair *demo.Pair) (int, error) {
				sql := "update registry.project set wave = 2 where id in ('p02', 'p04'); delete from registry.project where id = 'p05'"
				if err := demo.Ask(ctx, pair.From(), sql); err != nil {
					return 1, err
				}
				r.overlap(t, pair, both)
				return 0, nil
			}
			if code, err := r.show(t.Context()); code != 0 || err != nil || t.Failed() {
				t.Fatalf("exit code %d, %v:\n%s", code, err, &out)
			}
		})
	}
}

func (r *rollout) overlap(t *testing.T, pair *demo.Pair, both bool) {
	t.Helper()
	first := r.background(t, pair, "--set", "wave=1")
	r.until(t, 30)
	second := r.background(t, pair, "--set", "wave=2")
	r.until(t, 60)
	if err := first.Process.Kill(); err != nil {
		t.Error(err)
	}
	_ = first.Wait() // by the kill
	if both {
		r.until(t, 120)
		if err := second.Process.Kill(); err != nil {
			t.Error(err)
		}
		_ = second.Wait()
		second = r.background(t, pair, "--set", "wave=2")
	}
	if !ends(t, second, exitRecords) {
		return
	}
	if v := r.verdict(t); len(v.Changed) == 0 {
		t.Error("settings are put back although the first run wants them changed")
	}
	if !ends(t, r.background(t, pair, "--set", "wave=1"), exitRecords) {
		return
	}
	v := r.verdict(t)
	if len(v.Duplicates)+len(v.Disorder)+len(v.Changed) > 0 {
		t.Errorf("%+v", v)
	}
	if len(v.Unfinished) > 0 {
		t.Errorf("without all of their notes: %q", v.Unfinished)
	}
	r.named(t, "rollout-1", "rollout-2")
	if code, err := r.Command(pair, "ledger", "check"); code != 0 || err != nil {
		t.Errorf("ledger check: %d %v", code, err)
	}
}

// background starts a run.
func (r *rollout) background(t *testing.T, pair *demo.Pair, more ...string) *exec.Cmd {
	t.Helper()
	cmd := r.Prepared(pair, append([]string{"run", "rollout", "--progress", "none"}, more...)...)
	cmd.Stdin, cmd.Stdout = nil, &bytes.Buffer{}
	cmd.Stderr = cmd.Stdout
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = cmd.Process.Kill() }) // only fails when it has ended
	return cmd
}

func ends(t *testing.T, cmd *exec.Cmd, want int) bool {
	t.Helper()
	_ = cmd.Wait() // the code says it
	if code := cmd.ProcessState.ExitCode(); code != want {
		t.Errorf("%v: exit code %d, want %d:\n%s", cmd.Args[1:], code, want, cmd.Stdout)
		return false
	}
	return true
}

// until waits until so many requests that write have come.
func (r *rollout) until(t *testing.T, writes int) {
	t.Helper()
	tick, late := time.NewTicker(20*time.Millisecond), time.After(time.Minute) // it is another process: it can only be asked
	defer tick.Stop()
	for r.verdict(t).Writes < writes {
		select {
		case <-tick.C:
		case <-late:
			t.Fatalf("there are no %d requests that write", writes)
		}
	}
}

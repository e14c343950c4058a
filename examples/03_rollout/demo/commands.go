package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"godwit/rig/demo"
)

// The first run in the demo's fresh ledger, and godwit's exit code when records
// were left.
const (
	runID       = "rollout-1"
	exitRecords = 3
)

// commands shows them: a run that leaves records, what is wrong with them, after it
// was mended the rest, and a run that has nothing to send. The exit code is that of
// the last one.
func (r *rollout) commands(ctx context.Context, both *demo.Pair) (int, error) {
	code, err := r.command(ctx, both, "run", "rollout")
	if err != nil || ctx.Err() != nil {
		return code, err
	}
	if code != exitRecords {
		return max(code, demo.ExitFailed), fmt.Errorf("godwit run ended with exit code %d: faults are planted, %d was wanted", code, exitRecords)
	}
	for _, args := range [][]string{{"dead", "list", runID}, {"issues", "list", runID}} {
		if code, err := r.command(ctx, both, args...); code != 0 || err != nil {
			return code, err
		}
	}
	if err := r.mend(ctx, both); err != nil {
		return demo.ExitFailed, err
	}
	if code, err := r.byHand(ctx, both); code != 0 || err != nil {
		return code, err
	}
	if code, err := r.command(ctx, both, "redrive", runID); code != 0 || err != nil {
		return code, err
	}
	if code, err := r.command(ctx, both, "run", "rollout"); code != 0 || err != nil {
		return code, err
	}
	if code, err := r.unchanged(ctx, both); code != 0 || err != nil {
		return code, err
	}
	for _, args := range [][]string{{"run", "rollout", "--set", "only_planboards=true"}, {"runs"}, {"ledger", "check"}} {
		if code, err := r.command(ctx, both, args...); code != 0 || err != nil {
			return code, err
		}
	}
	if code, err := r.WriteReport(both, runID); code != 0 || err != nil {
		return code, err
	}
	if err := r.judged(ctx); err != nil {
		return demo.ExitFailed, err
	}
	return 0, nil
}

// unchanged is a run over what has not changed since: it writes nothing but the
// settings that it turns off and on again. It reads all back, too, and compares.
func (r *rollout) unchanged(ctx context.Context, both *demo.Pair) (int, error) {
	before, err := r.target.verdict(ctx)
	if err != nil {
		return demo.ExitFailed, err
	}
	if code, err := r.command(ctx, both, "run", "rollout", "--set", "prove=true"); code != 0 || err != nil {
		return code, err
	}
	after, err := r.target.verdict(ctx)
	if err != nil {
		return demo.ExitFailed, err
	}
	n := after.Writes - after.Settings - before.Writes + before.Settings
	fmt.Fprintf(r.Out, "\nRequests of that run that write, says the new system: %d, and %d to settings.\n", n, after.Settings-before.Settings)
	if n != 0 {
		return demo.ExitFailed, fmt.Errorf("%d requests over unchanged data", n)
	}
	return 0, nil
}

// byHand puts the record right that has another's id, which is no map's business, and
// the old database with it: the next run reads that.
func (r *rollout) byHand(ctx context.Context, both *demo.Pair) (int, error) {
	var list struct{ Exceptions []struct{ Run string } }
	if err := r.said(&list, "dead", "list", runID, "--rule", "one_id"); err != nil {
		return demo.ExitFailed, err
	}
	if len(list.Exceptions) != 1 {
		return demo.ExitFailed, fmt.Errorf("%d records have an id of another, 1 was planted", len(list.Exceptions))
	}
	code, err := r.command(ctx, both, "dead", "patch", list.Exceptions[0].Run, "--rule", "one_id", "--set", "external_id=A-11048", "--reason", "a typing error, says the customer")
	if code != 0 || err != nil {
		return code, err
	}
	text, err := os.ReadFile(filepath.Join(r.example, "mend", "source_01.sql"))
	if err != nil {
		return demo.ExitFailed, err
	}
	fmt.Fprintf(r.Out, "\nand in the old database, which the next run reads:\n%s", text)
	return 0, demo.Ask(ctx, both.Old.URL(oldDatabase(1).name()), string(text))
}

// said is the answer of a look with --json.
func (r *rollout) said(into any, args ...string) error {
	cmd := exec.Command(r.Godwit, append(args, "--json", "--ledger", r.Ledger())...)
	cmd.Dir = r.Project
	text, err := cmd.Output()
	if err != nil {
		return fmt.Errorf("godwit %s: %w", strings.Join(args, " "), err)
	}
	lines := bytes.Split(bytes.TrimSpace(text), []byte("\n"))
	return json.Unmarshal(lines[len(lines)-1], into)
}

// mend does what people do after reading the lists: map, lookup and registry are
// mended, a file is found. All of it is shown.
func (r *rollout) mend(ctx context.Context, both *demo.Pair) error {
	fmt.Fprintf(r.Out, "\nWhat was wrong is mended: the maps, a lookup, the registry; a file is found.\n\n")
	for _, name := range []string{"maps/assignment.yaml", "maps/document.yaml", "lookups/status.csv"} {
		mended := filepath.Join(r.example, "mend", name)
		diff := exec.CommandContext(ctx, "diff", "-U0", "--label", name, "--label", name, filepath.Join(r.Project, name), mended)
		diff.Stdout, diff.Stderr = r.Out, r.Out
		_ = diff.Run() // its exit code says that they differ; without it nothing is shown
		text, err := os.ReadFile(mended)
		if err != nil {
			return err
		}
		if err := writeFile(filepath.Join(r.Project, name), string(text)); err != nil {
			return err
		}
	}
	text, err := os.ReadFile(filepath.Join(r.example, "mend", "registry.sql"))
	if err != nil {
		return err
	}
	fmt.Fprintf(r.Out, "\n%s", text)
	if err := demo.Ask(ctx, both.From(), string(text)); err != nil {
		return err
	}
	return writeFile(filepath.Join(r.Project, "archive", lostFile), "order 10324.txt\nfound in another folder\n")
}

// command is one command; an interrupted demo ends with it.
func (r *rollout) command(ctx context.Context, both *demo.Pair, args ...string) (int, error) {
	code, err := r.Command(both, args...)
	if err == nil && r.after != nil {
		r.after(both, args)
	}
	if err == nil && code == 0 && ctx.Err() != nil {
		code = demo.ExitInterrupted
	}
	return code, err
}

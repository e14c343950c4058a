package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"strings"
	"syscall"

	"golang.org/x/term"
)

// runID is the first run of the flow in the demo's fresh ledger.
const runID = "warehouse-1"

// runGodwit shows the commands one after the other, as long as they succeed,
// and gives the exit code of the last one that matters.
func (d *demo) runGodwit(ctx context.Context, both *pair) (int, error) {
	for _, args := range [][]string{{"doctor", "warehouse"}, {"plan", "warehouse"}, {"run", "warehouse"}} {
		code, err := d.command(both, args...)
		if err != nil || ctx.Err() != nil {
			return code, err
		}
		if code == 0 {
			continue
		}
		if args[0] == "run" && code != exitRefused && code != exitInterrupted {
			_, err = d.writeReport(both) // of a run that found something or stopped
		}
		return code, err
	}
	return d.writeReport(both)
}

// writeReport makes the report of the run and says where it is.
func (d *demo) writeReport(both *pair) (int, error) {
	code, err := d.command(both, "report", runID, "--html", d.report())
	if code == 0 && err == nil {
		fmt.Fprintf(d.out, "\nThe report: %s\n", d.report())
	}
	return code, err
}

// command shows and runs one godwit command in the example's folder, on this
// process's terminal, and gives its exit code.
func (d *demo) command(both *pair, args ...string) (int, error) {
	fmt.Fprintf(d.out, "\n$ godwit %s\n", strings.Join(args, " "))
	cmd := exec.Command(d.godwit, args...)
	cmd.Dir = d.project()
	cmd.Env = append(os.Environ(), d.variables(both)...)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, d.out, os.Stderr
	signals := make(chan os.Signal, 4)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
	defer signal.Stop(signals)
	if err := cmd.Start(); err != nil {
		return exitFailed, fmt.Errorf("run godwit: %w", err)
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	for {
		select {
		case s := <-signals:
			forward(cmd.Process, s)
		case <-ended:
			return exitCode(cmd.ProcessState), nil
		}
	}
}

// forward passes a signal on, except a Ctrl-C that the terminal has sent to godwit itself.
func forward(process *os.Process, s os.Signal) {
	if s == os.Interrupt && term.IsTerminal(int(os.Stdin.Fd())) {
		return
	}
	_ = process.Signal(s) // only fails when it has ended
}

// exitCode is 128 and the signal's number for a program that a signal ended, as in a shell.
func exitCode(state *os.ProcessState) int {
	if status, ok := state.Sys().(syscall.WaitStatus); ok && status.Signaled() {
		return 128 + int(status.Signal())
	}
	return state.ExitCode()
}

package demo

import (
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"strings"
	"syscall"

	"golang.org/x/term"
)

// WriteReport makes the report of a run and says where it is.
func (d *Demo) WriteReport(both *Pair, run string) (int, error) {
	code, err := d.Command(both, "report", run, "--html", d.Report())
	if code == 0 && err == nil {
		fmt.Fprintf(d.Out, "\nThe report: %s\n", d.Report())
	}
	return code, err
}

// Command shows and runs one godwit command in the project's folder, on this
// process's terminal, and gives its exit code.
func (d *Demo) Command(both *Pair, args ...string) (int, error) {
	fmt.Fprintf(d.Out, "\n$ godwit %s\n", strings.Join(args, " "))
	cmd := d.Prepared(both, args...)
	signals := make(chan os.Signal, 4)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
	defer signal.Stop(signals)
	if err := cmd.Start(); err != nil {
		return ExitFailed, fmt.Errorf("run godwit: %w", err)
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

// Prepared is one godwit command in the project's folder that is still to be started.
func (d *Demo) Prepared(both *Pair, args ...string) *exec.Cmd {
	cmd := exec.Command(d.Godwit, args...)
	cmd.Dir = d.Project
	cmd.Env = append(os.Environ(), d.variables(both)...)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, d.Out, os.Stderr
	return cmd
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

// Package demo is what the demos of the examples have in common: two
// throw-away servers, a godwit that is shown, and an end that leaves nothing
// running. An example's demo says what the servers hold and which commands are
// shown. Start reading at Main.
package demo

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"
	"time"

	"godwit/data"
)

// Demo is one run of an example's demo.
type Demo struct {
	Root    string // of the project
	Project string // folder that godwit runs in
	Folder  string // where ledger and report are left
	Godwit  string // the program shown
	Keep    bool
	Env     []string // variables that the example's own servers need, NAME=VALUE
	Out     io.Writer
}

// Exit codes of a demo itself, with godwit's meaning.
const (
	ExitFailed      = 1
	ExitRefused     = 2
	ExitInterrupted = 130
)

// Main is a demo's main without the process around it. Show is the demo from
// its first word to its last; the exit code is godwit's.
func Main(out io.Writer, parse func() (show func(context.Context) (int, error), err error)) int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
	defer stop()
	show, err := parse()
	if errors.Is(err, flag.ErrHelp) {
		return 0
	}
	if err != nil {
		fmt.Fprintln(out, "demo:", err)
		return ExitRefused
	}
	code, err := show(ctx)
	if err != nil {
		fmt.Fprintln(out, "demo:", err)
	}
	if ctx.Err() != nil && code == ExitFailed {
		return ExitInterrupted
	}
	return code
}

// Parse reads the flags of an example's demo, with those of its own that more
// adds, and finds the project.
func Parse(args []string, out io.Writer, example string, more func(*flag.FlagSet)) (*Demo, error) {
	d := &Demo{Out: out}
	flags := flag.NewFlagSet("demo", flag.ContinueOnError)
	flags.SetOutput(out)
	flags.StringVar(&d.Godwit, "godwit", "", "`path` of the godwit to show (make build makes bin/godwit)")
	flags.BoolVar(&d.Keep, "keep", false, "keep both servers until Ctrl-C, to look around")
	if more != nil {
		more(flags)
	}
	if err := flags.Parse(args); err != nil {
		return nil, err
	}
	if d.Godwit == "" {
		return nil, errors.New("-godwit is missing: say which program to show, such as -godwit bin/godwit after make build")
	}
	var err error
	if d.Godwit, err = filepath.Abs(d.Godwit); err != nil {
		return nil, err
	}
	if _, err := os.Stat(d.Godwit); err != nil {
		return nil, fmt.Errorf("-godwit: %w: build it first: make build", err)
	}
	if d.Root, err = data.Root(); err != nil {
		return nil, err
	}
	d.Folder = filepath.Join(d.Root, ".demo")
	d.Project = filepath.Join(d.Root, "examples", example)
	return d, nil
}

// Prepare makes the folder that git does not see, without the ledger of the last demo.
func (d *Demo) Prepare() error {
	if err := os.MkdirAll(d.Folder, 0o755); err != nil {
		return err
	}
	old, err := filepath.Glob(d.Ledger() + "*")
	if err != nil {
		return err
	}
	for _, file := range old {
		if err := os.RemoveAll(file); err != nil {
			return err
		}
	}
	return os.WriteFile(filepath.Join(d.Folder, ".gitignore"), []byte("*\n"), 0o644)
}

// Ledger is the demo's.
func (d *Demo) Ledger() string { return filepath.Join(d.Folder, "ledger.db") }

// Report is where WriteReport leaves it.
func (d *Demo) Report() string { return filepath.Join(d.Folder, "report.html") }

// Step says what is done, does it, and says how long it took.
func (d *Demo) Step(what string, do func() error) error {
	fmt.Fprintf(d.Out, "  %-58s", what)
	start := time.Now()
	if err := do(); err != nil {
		fmt.Fprintln(d.Out, " failed")
		return err
	}
	fmt.Fprintf(d.Out, " %5.1f s\n", time.Since(start).Seconds())
	return nil
}

// OnServers prepares the folder, starts two servers with an empty database
// each, and ends them when do has ended, however it ends.
func (d *Demo) OnServers(ctx context.Context, do func(*Pair) (int, error)) (code int, err error) {
	if err := d.Prepare(); err != nil {
		return ExitFailed, err
	}
	if err := d.findPostgreSQL(ctx); err != nil {
		return ExitFailed, err
	}
	both, err := d.startServers(ctx)
	if err != nil {
		return ExitFailed, err
	}
	defer func() {
		if stopErr := both.stop(); stopErr != nil {
			code, err = max(code, ExitFailed), errors.Join(err, stopErr)
		}
	}()
	code, err = do(both)
	if err == nil && d.Keep && ctx.Err() == nil {
		d.wait(ctx, both)
	}
	return code, err
}

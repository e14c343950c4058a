// Demo moves a real warehouse between two throw-away PostgreSQL servers by a
// godwit that was built before, and shows everything on the way. make demo runs it.
//
// Its servers end with it, however it ends. Its exit code is godwit's.
package main

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
	"godwit/rig/warehouse"
)

// demo is one run of the program.
type demo struct {
	root   string // of the project
	folder string // where ledger and report are left
	godwit string // the program shown
	size   warehouse.Size
	keep   bool
	out    io.Writer
}

// Exit codes of the demo itself, with godwit's meaning.
const (
	exitFailed      = 1
	exitRefused     = 2
	exitInterrupted = 130
)

func main() { os.Exit(run(os.Args[1:], os.Stdout)) }

// run is main without the process around it.
func run(args []string, out io.Writer) int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
	defer stop()
	d, err := parse(args, out)
	if errors.Is(err, flag.ErrHelp) {
		return 0
	}
	if err != nil {
		fmt.Fprintln(out, "demo:", err)
		return exitRefused
	}
	code, err := d.show(ctx)
	if err != nil {
		fmt.Fprintln(out, "demo:", err)
	}
	if ctx.Err() != nil && code == exitFailed {
		return exitInterrupted
	}
	return code
}

var sizes = map[string]warehouse.Size{"tiny": warehouse.Tiny, "small": warehouse.Small, "demo": warehouse.Demo}

// parse reads the flags and finds the project.
func parse(args []string, out io.Writer) (*demo, error) {
	d := &demo{out: out}
	flags := flag.NewFlagSet("demo", flag.ContinueOnError)
	flags.SetOutput(out)
	flags.StringVar(&d.godwit, "godwit", "", "`path` of the godwit to show (make build makes bin/godwit)")
	flags.BoolVar(&d.keep, "keep", false, "keep both servers until Ctrl-C, to look around")
	size := flags.String("size", "demo", "how much is generated: tiny, small or demo")
	if err := flags.Parse(args); err != nil {
		return nil, err
	}
	var known bool
	if d.size, known = sizes[*size]; !known {
		return nil, fmt.Errorf("-size %s: tiny, small or demo", *size)
	}
	if d.godwit == "" {
		return nil, errors.New("-godwit is missing: say which program to show, such as -godwit bin/godwit after make build")
	}
	var err error
	if d.godwit, err = filepath.Abs(d.godwit); err != nil {
		return nil, err
	}
	if _, err := os.Stat(d.godwit); err != nil {
		return nil, fmt.Errorf("-godwit: %w: build it first: make build", err)
	}
	if d.root, err = data.Root(); err != nil {
		return nil, err
	}
	d.folder = filepath.Join(d.root, ".demo")
	return d, nil
}

// show is the demo from its first word to its last.
func (d *demo) show(ctx context.Context) (code int, err error) {
	fmt.Fprintln(d.out, "A warehouse moves from one PostgreSQL server to another, and is proved there.")
	fmt.Fprintln(d.out)
	if err := d.prepareFolder(); err != nil {
		return exitFailed, err
	}
	if err := d.findPostgreSQL(ctx); err != nil {
		return exitFailed, err
	}
	both, err := d.startServers(ctx)
	if err != nil {
		return exitFailed, err
	}
	defer func() {
		if stopErr := both.stop(); stopErr != nil {
			code, err = max(code, exitFailed), errors.Join(err, stopErr)
		}
	}()
	if err := d.fill(ctx, both); err != nil {
		return exitFailed, err
	}
	code, err = d.runGodwit(ctx, both)
	if err == nil && d.keep && ctx.Err() == nil {
		d.wait(ctx, both)
	}
	return code, err
}

// prepareFolder makes the folder that git does not see, without the ledger of the last demo.
func (d *demo) prepareFolder() error {
	if err := os.MkdirAll(d.folder, 0o755); err != nil {
		return err
	}
	old, err := filepath.Glob(d.ledger() + "*")
	if err != nil {
		return err
	}
	for _, file := range old {
		if err := os.RemoveAll(file); err != nil {
			return err
		}
	}
	return os.WriteFile(filepath.Join(d.folder, ".gitignore"), []byte("*\n"), 0o644)
}

func (d *demo) ledger() string { return filepath.Join(d.folder, "ledger.db") }
func (d *demo) report() string { return filepath.Join(d.folder, "report.html") }

// step says what is done, does it, and says how long it took.
func (d *demo) step(what string, do func() error) error {
	fmt.Fprintf(d.out, "  %-58s", what)
	start := time.Now()
	if err := do(); err != nil {
		fmt.Fprintln(d.out, " failed")
		return err
	}
	fmt.Fprintf(d.out, " %5.1f s\n", time.Since(start).Seconds())
	return nil
}

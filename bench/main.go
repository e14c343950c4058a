// Bench measures godwit beside the other ways to move a PostgreSQL database,
// interleaved on two throw-away servers with fsync on, and prints the ratios
// to its goals. make bench runs it; it needs Linux, whose /proc it reads.
//
// CPU seconds stand beside wall: they are the figure that survives a machine
// that others use too.
package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"syscall"
	"time"

	"godwit/data"
)

// bench is one run of the program.
type bench struct {
	godwit string
	folder string // of the results
	work   string // thrown away
	parts  []string
	scale  float64
	rounds int
	many   bool
	only   *regexp.Regexp // names of contenders
	jobs   int
	out    io.Writer
	both   *pair
	clones int // made so far
	result result
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
	defer stop()
	if len(os.Args) > 1 && os.Args[1] == "hand" { // a contender of the bench's own, in a process of its own
		if err := hand(ctx, os.Args[2:]); err != nil {
			fmt.Fprintln(os.Stderr, "hand:", err)
			os.Exit(1)
		}
		return
	}
	if len(os.Args) == 3 && os.Args[1] == "receive" {
		if err := receive(ctx, os.Args[2]); err != nil {
			fmt.Fprintln(os.Stderr, "receive:", err)
			os.Exit(1)
		}
		return
	}
	b, err := parse(os.Args[1:], os.Stdout)
	if err == nil {
		err = b.run(ctx)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

// known are the parts, in their order.
var known = []string{"mixed", "small", "growth", "records", "calls"}

func parse(args []string, out io.Writer) (*bench, error) {
	b := &bench{out: out, jobs: 2}
	flags := flag.NewFlagSet("bench", flag.ContinueOnError)
	flags.StringVar(&b.godwit, "godwit", "", "`path` of the godwit to measure (make build makes bin/godwit)")
	flags.Float64Var(&b.scale, "scale", 0.3, "size of the mixed set; 1 is about 1 GB")
	flags.IntVar(&b.rounds, "rounds", 3, "how often each contender runs")
	flags.BoolVar(&b.many, "many", false, "5,000 small tables too")
	only := flags.String("only", "", "`pattern` of the contenders to run; all when not given")
	parts := flags.String("parts", strings.Join(known, ","), "what to measure")
	if err := flags.Parse(args); err != nil {
		return nil, err
	}
	if runtime.GOOS != "linux" {
		return nil, fmt.Errorf("this is %s: the bench reads /proc and needs Linux", runtime.GOOS)
	}
	if b.rounds < 1 || b.scale <= 0 {
		return nil, fmt.Errorf("-rounds %d, -scale %g: both are more than nothing", b.rounds, b.scale)
	}
	b.parts = strings.Split(*parts, ",")
	for _, p := range b.parts {
		if !slices.Contains(known, p) {
			return nil, fmt.Errorf("-parts %s: %s are known", p, strings.Join(known, ", "))
		}
	}
	if b.godwit == "" {
		return nil, fmt.Errorf("-godwit is missing: say which program to measure, such as -godwit bin/godwit after make build")
	}
	var err error
	if b.only, err = regexp.Compile(*only); err != nil {
		return nil, fmt.Errorf("-only: %w", err)
	}
	if b.godwit, err = filepath.Abs(b.godwit); err != nil {
		return nil, err
	}
	if _, err := os.Stat(b.godwit); err != nil {
		return nil, fmt.Errorf("-godwit: %w: build it first: make build", err)
	}
	root, err := data.Root()
	b.folder = filepath.Join(root, "bench", "out")
	return b, err
}

// run measures all parts and writes the tables and the JSON.
func (b *bench) run(ctx context.Context) (err error) {
	if err := os.MkdirAll(b.folder, 0o755); err != nil {
		return err
	}
	if b.work, err = os.MkdirTemp(b.folder, "work-"); err != nil {
		return err
	}
	defer os.RemoveAll(b.work)
	if b.both, err = startServers(ctx, b.folder); err != nil {
		return err
	}
	defer func() {
		if stopErr := b.both.stop(); err == nil {
			err = stopErr
		}
	}()
	b.result.Machine = machine(b.both.from.Version)
	b.result.Scale, b.result.Began = b.scale, time.Now().UTC().Truncate(time.Second)
	fmt.Fprintf(b.out, "%s, %s\n", b.result.Began.Format(time.DateTime), b.result.Machine)
	for _, part := range b.parts {
		measure := map[string]func(context.Context) error{"mixed": b.mixed, "small": b.small, "growth": b.growth, "records": b.records, "calls": b.calls}[part]
		if err := measure(ctx); err != nil {
			return fmt.Errorf("%s: %w", part, err)
		}
		if err := b.result.save(b.folder); err != nil {
			return err
		}
	}
	b.result.goals(b.out)
	return b.result.save(b.folder)
}

// Demo moves 25 old databases into a system in use, through its API and, where it
// has no endpoint, its database, by a godwit that was built before: a run that names
// what is wrong, what a user mends, a redrive, a second run that sends nothing, and
// what the new system says of all that. make demo-rollout runs it.
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
	"path/filepath"
	"strings"

	"godwit/rig/demo"
	"godwit/rig/mariadb"
)

func main() { os.Exit(run(os.Args[1:], os.Stdout)) }

// run is main without the process around it.
func run(args []string, out io.Writer) int {
	return demo.Main(out, func() (func(context.Context) (int, error), error) {
		r, err := parse(args, out)
		if err != nil {
			return nil, err
		}
		return r.show, nil
	})
}

// rollout is one run of the demo.
type rollout struct {
	*demo.Demo
	example   string // folder of the example, which is not changed
	databases int
	maria     *mariadb.Server
	target    *target
	shown     func(ctx context.Context, both *demo.Pair) (int, error) // what is done with all of it
	after     func(both *demo.Pair, args []string)                    // told after each command; for tests
}

func parse(args []string, out io.Writer) (*rollout, error) {
	r := &rollout{}
	d, err := demo.Parse(args, out, "03_rollout", func(flags *flag.FlagSet) {
		flags.IntVar(&r.databases, "databases", 25, "how many old databases, 5 to 25")
	})
	if err != nil {
		return nil, err
	}
	if r.databases < wrongFlow || r.databases > 25 {
		return nil, errors.New("-databases is 5 to 25")
	}
	r.Demo, r.example, r.shown = d, d.Project, r.commands
	return r, nil
}

// show is the demo from its first word to its last.
func (r *rollout) show(ctx context.Context) (code int, err error) {
	fmt.Fprintf(r.Out, "%d old databases of eight customers move into a system that people work in.\n\n", r.databases)
	defer func() { err = errors.Join(err, r.end()) }() // behind -keep
	return r.OnServers(ctx, func(both *demo.Pair) (int, error) {
		if err := r.others(ctx, both); err != nil {
			return demo.ExitFailed, err
		}
		if err := r.prepare(ctx, both); err != nil {
			return demo.ExitFailed, err
		}
		return r.shown(ctx, both)
	})
}

// others starts what is no PostgreSQL.
func (r *rollout) others(ctx context.Context, both *demo.Pair) error {
	if err := r.Step("start a MariaDB server", func() (err error) {
		r.maria, err = mariadb.Start(ctx)
		return err
	}); err != nil {
		return err
	}
	if err := r.Step("start the new system", func() (err error) {
		r.target, err = startTarget(ctx, r.Root, r.Folder, r.Out)
		return err
	}); err != nil {
		return err
	}
	fmt.Fprintf(r.Out, "  its API: %s\n", r.target.URL)
	r.Env = []string{"GODWIT_DEMO_REGISTRY=" + both.From(), "GODWIT_DEMO_MARIADB=" + mariadb.Password, "GODWIT_DEMO_TOKEN=" + token}
	return nil
}

// end ends them.
func (r *rollout) end() error {
	var errs []error
	if r.target != nil {
		errs = append(errs, r.target.stop())
	}
	if r.maria != nil {
		errs = append(errs, r.maria.Stop())
	}
	return errors.Join(errs...)
}

// prepare makes the old databases, the new one's table, and the project.
func (r *rollout) prepare(ctx context.Context, both *demo.Pair) error {
	l := &legacy{example: r.example, staging: both.From(), both: both, maria: r.maria}
	for _, step := range []struct {
		what string
		do   func() error
	}{
		{"load public data: northwind", func() error { return l.take(ctx) }},
		{fmt.Sprintf("deal it out to %d databases, plant faults", r.databases), func() error {
			for n := 1; n <= r.databases; n++ {
				if err := l.fill(ctx, oldDatabase(n)); err != nil {
					return err
				}
			}
			return nil
		}},
		{"make the project", r.copyProject},
		{"write files of documents", func() error { return l.archive(ctx, filepath.Join(r.Project, "archive"), r.databases) }},
		{"make the new system's table", func() error {
			text, err := os.ReadFile(filepath.Join(r.example, "target", "planboard.sql"))
			if err != nil {
				return err
			}
			return demo.Ask(ctx, both.To(), string(text))
		}},
	} {
		if err := r.Step(step.what, step.do); err != nil {
			return err
		}
	}
	return nil
}

// copyProject makes the project that is mended later on, with the address that the
// new system has this time.
func (r *rollout) copyProject() error {
	r.Project = filepath.Join(r.Folder, "rollout")
	if err := os.RemoveAll(r.Project); err != nil {
		return err
	}
	for _, name := range []string{"flows", "processes", "maps", "overlays", "queries", "lookups"} {
		if err := os.CopyFS(filepath.Join(r.Project, name), os.DirFS(filepath.Join(r.example, name))); err != nil {
			return err
		}
	}
	text, err := os.ReadFile(filepath.Join(r.example, "godwit.yaml"))
	if err != nil {
		return err
	}
	const address = "http://127.0.0.1:8090"
	if !strings.Contains(string(text), address) {
		return errors.New("godwit.yaml does not say where the API is")
	}
	return writeFile(filepath.Join(r.Project, "godwit.yaml"), strings.ReplaceAll(string(text), address, r.target.URL))
}

// Demo loads the records of five old sources into one new model, on two
// throw-away PostgreSQL servers, by a godwit that was built before: a run that
// names what is wrong, what a user mends, a redrive that loads the rest, a
// verification that maps all of it again. make demo-records runs it.
//
// Its servers end with it, however it ends. Its exit code is godwit's.
package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"

	"godwit/rig/demo"
	"godwit/rig/warehouse"

	"github.com/jackc/pgx/v5"
)

func main() { os.Exit(run(os.Args[1:], os.Stdout)) }

// run is main without the process around it.
func run(args []string, out io.Writer) int {
	return demo.Main(out, func() (func(context.Context) (int, error), error) {
		s, err := parse(args, out)
		if err != nil {
			return nil, err
		}
		return s.show, nil
	})
}

// store is one run of the demo.
type store struct {
	*demo.Demo
	example string                               // folder of the example, which is not changed
	after   func(both *demo.Pair, args []string) // told after each command; for tests
}

// The first run in the demo's fresh ledger, and godwit's exit code when records
// were left.
const (
	loadID      = "store-1"
	exitRecords = 3
)

// accepting says of an issue that it is as it is to be.
var accepting = []string{"issues", "accept", loadID, "--rule", "adds_up", "--key", "20", "--reason", "a discount that nobody wrote down"}

func parse(args []string, out io.Writer) (*store, error) {
	d, err := demo.Parse(args, out, "02_store", nil)
	if err != nil {
		return nil, err
	}
	return &store{Demo: d, example: d.Project}, nil
}

// show is the demo from its first word to its last.
func (s *store) show(ctx context.Context) (int, error) {
	fmt.Fprintln(s.Out, "Two shops, a catalogue, purchase orders and earthquakes become one new model.")
	fmt.Fprintln(s.Out)
	return s.OnServers(ctx, func(both *demo.Pair) (int, error) {
		if err := s.fill(ctx, both); err != nil {
			return demo.ExitFailed, err
		}
		if err := s.copyProject(); err != nil {
			return demo.ExitFailed, err
		}
		return s.commands(ctx, both)
	})
}

// fill makes the old database's content, what is wrong in it, and the new model.
func (s *store) fill(ctx context.Context, both *demo.Pair) error {
	from := both.From()
	for _, step := range []struct {
		what string
		do   func() error
	}{
		{"load public data: chinook, northwind, netflix", func() error { return warehouse.LoadSome(ctx, from, "chinook", "northwind", "netflix") }},
		{"load documents: purchase orders, earthquakes", func() error { return s.documents(ctx, from) }},
		{"plant faults", func() error { return s.sql(ctx, from, "source/faults.sql") }},
		{"make the new model", func() error { return s.sql(ctx, both.To(), "target/model.sql") }},
	} {
		if err := s.Step(step.what, step.do); err != nil {
			return err
		}
	}
	return nil
}

func (s *store) documents(ctx context.Context, url string) error {
	if err := s.sql(ctx, url, "source/staging.sql"); err != nil {
		return err
	}
	if err := warehouse.LoadDocuments(ctx, url, pgx.Identifier{"staging", "purchase_order"}, "purchase-orders/POList.json"); err != nil {
		return err
	}
	return warehouse.LoadDocuments(ctx, url, pgx.Identifier{"staging", "quake"}, "earthquakes/earthquakes.json")
}

// sql runs a file of the example.
func (s *store) sql(ctx context.Context, url, file string) error {
	text, err := os.ReadFile(filepath.Join(s.example, file))
	if err != nil {
		return err
	}
	if err := demo.Ask(ctx, url, string(text)); err != nil {
		return fmt.Errorf("%s: %w", file, err)
	}
	return nil
}

// copyProject makes the project that is mended later on.
func (s *store) copyProject() error {
	s.Project = filepath.Join(s.Folder, "store")
	if err := os.RemoveAll(s.Project); err != nil {
		return err
	}
	for _, name := range []string{"flows", "processes", "maps", "queries", "lookups"} {
		if err := os.CopyFS(filepath.Join(s.Project, name), os.DirFS(filepath.Join(s.example, name))); err != nil {
			return err
		}
	}
	for _, name := range []string{"godwit.yaml", "known-issues.csv"} {
		text, err := os.ReadFile(filepath.Join(s.example, name))
		if err != nil {
			return err
		}
		if err := os.WriteFile(filepath.Join(s.Project, name), text, 0o644); err != nil {
			return err
		}
	}
	return nil
}

// commands shows them: a run that leaves records, what is wrong with them, and
// after it was mended the redrive and the proof. The exit code is that of the
// last one.
func (s *store) commands(ctx context.Context, both *demo.Pair) (int, error) {
	if code, err := s.command(ctx, both, "plan", "store"); code != 0 || err != nil {
		return code, err
	}
	code, err := s.command(ctx, both, "run", "store")
	if err != nil || ctx.Err() != nil {
		return code, err
	}
	if code != exitRecords {
		return max(code, demo.ExitFailed), fmt.Errorf("godwit run ended with exit code %d: faults are planted, %d was wanted", code, exitRecords)
	}
	for _, args := range [][]string{{"dead", "stats", loadID}, {"dead", "list", loadID, "--outcome", "dead"}, {"issues", "list", loadID}} {
		if code, err := s.command(ctx, both, args...); code != 0 || err != nil {
			return code, err
		}
	}
	for _, args := range [][]string{accepting, {"issues", "list", loadID, "--accepted"}} {
		if code, err := s.command(ctx, both, args...); code != 0 || err != nil {
			return code, err
		}
	}
	if err := s.mend(ctx, both); err != nil {
		return demo.ExitFailed, err
	}
	if code, err := s.byHand(ctx, both); code != 0 || err != nil {
		return code, err
	}
	if code, err := s.command(ctx, both, "redrive", loadID); code != 0 || err != nil {
		return code, err
	}
	if err := s.atSource(ctx, both); err != nil {
		return demo.ExitFailed, err
	}
	for _, args := range [][]string{{"dead", "stats", loadID}, {"run", "prove"}, {"record", "invoice/77"}, {"runs"}, {"ledger", "check"}} {
		if code, err := s.command(ctx, both, args...); code != 0 || err != nil {
			return code, err
		}
	}
	return s.WriteReport(both, loadID)
}

// byHand puts two records right that no map should, and says which will not come.
func (s *store) byHand(ctx context.Context, both *demo.Pair) (int, error) {
	const list = "purchases.csv"
	text, err := os.ReadFile(filepath.Join(s.example, "mend", list))
	if err != nil {
		return demo.ExitFailed, err
	}
	fmt.Fprintf(s.Out, "\nTwo orders were typed in wrong. Whoever wrote them says what is right; %s:\n\n%s", list, text)
	if err := os.WriteFile(filepath.Join(s.Project, list), text, 0o644); err != nil {
		return demo.ExitFailed, err
	}
	if code, err := s.command(ctx, both, "dead", "patch", loadID, "--step", "purchases", "--csv", list, "--reason", "typing errors, says purchasing"); code != 0 || err != nil {
		return code, err
	}
	fmt.Fprintf(s.Out, "\nThree records will not come.\n")
	for _, args := range [][]string{
		{"--step", "products", "--rule", "min", "--reason", "a returned bottle is no product"},
		{"--step", "quakes", "--reason", "the instruments were broken"},
	} {
		if code, err := s.command(ctx, both, append([]string{"dead", "dismiss", loadID}, args...)...); code != 0 || err != nil {
			return code, err
		}
	}
	return 0, nil
}

// atSource mends at the source what was put right by hand.
func (s *store) atSource(ctx context.Context, both *demo.Pair) error {
	text, err := os.ReadFile(filepath.Join(s.example, "mend", "source.sql"))
	if err != nil {
		return err
	}
	fmt.Fprintf(s.Out, "\n%s", text)
	return s.sql(ctx, both.From(), "mend/source.sql")
}

// command is one command; an interrupted demo ends with it.
func (s *store) command(ctx context.Context, both *demo.Pair, args ...string) (int, error) {
	code, err := s.Command(both, args...)
	if err == nil && s.after != nil {
		s.after(both, args)
	}
	if err == nil && code == 0 && ctx.Err() != nil {
		code = demo.ExitInterrupted
	}
	return code, err
}

// mend does what a user does after reading the lists: lookups and maps are
// mended, and what the new model got wrong. All of it is shown.
func (s *store) mend(ctx context.Context, both *demo.Pair) error {
	fmt.Fprintf(s.Out, "\nWhat was wrong is mended: lookups, maps, and the new model.\n\n")
	for _, folder := range []string{"lookups", "maps"} {
		mended := filepath.Join(s.example, "mend", folder)
		files, err := os.ReadDir(mended)
		if err != nil {
			return err
		}
		for _, file := range files {
			name := filepath.Join(folder, file.Name())
			diff := exec.CommandContext(ctx, "diff", "-U0", "--label", name, "--label", name, filepath.Join(s.Project, name), filepath.Join(mended, file.Name()))
			diff.Stdout, diff.Stderr = s.Out, s.Out
			_ = diff.Run() // its exit code says that they differ; without it nothing is shown
			text, err := os.ReadFile(filepath.Join(mended, file.Name()))
			if err != nil {
				return err
			}
			if err := os.WriteFile(filepath.Join(s.Project, name), text, 0o644); err != nil {
				return err
			}
		}
	}
	text, err := os.ReadFile(filepath.Join(s.example, "mend", "target.sql"))
	if err != nil {
		return err
	}
	fmt.Fprintf(s.Out, "\n%s", text)
	return s.sql(ctx, both.To(), "mend/target.sql")
}

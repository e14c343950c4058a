// Demo moves a real warehouse between two throw-away PostgreSQL servers by a
// godwit that was built before, and shows everything on the way. make demo runs it.
//
// Its servers end with it, however it ends. Its exit code is godwit's.
package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"os"

	"godwit/rig/demo"
	"godwit/rig/warehouse"
)

func main() { os.Exit(run(os.Args[1:], os.Stdout)) }

// run is main without the process around it.
func run(args []string, out io.Writer) int {
	return demo.Main(out, func() (func(context.Context) (int, error), error) {
		m, err := parse(args, out)
		if err != nil {
			return nil, err
		}
		return m.show, nil
	})
}

// move is one run of the demo.
type move struct {
	*demo.Demo
	size warehouse.Size
}

// runID is the first run of the flow in the demo's fresh ledger.
const runID = "warehouse-1"

var sizes = map[string]warehouse.Size{"tiny": warehouse.Tiny, "small": warehouse.Small, "demo": warehouse.Demo}

// parse reads the flags.
func parse(args []string, out io.Writer) (*move, error) {
	var size string
	d, err := demo.Parse(args, out, "01_warehouse", func(flags *flag.FlagSet) {
		flags.StringVar(&size, "size", "demo", "how much is generated: tiny, small or demo")
	})
	if err != nil {
		return nil, err
	}
	known, ok := sizes[size]
	if !ok {
		return nil, fmt.Errorf("-size %s: tiny, small or demo", size)
	}
	return &move{d, known}, nil
}

// show is the demo from its first word to its last.
func (m *move) show(ctx context.Context) (int, error) {
	fmt.Fprintln(m.Out, "A warehouse moves from one PostgreSQL server to another, and is proved there.")
	fmt.Fprintln(m.Out)
	return m.OnServers(ctx, func(both *demo.Pair) (int, error) {
		if err := m.fill(ctx, both); err != nil {
			return demo.ExitFailed, err
		}
		return m.commands(ctx, both)
	})
}

// fill makes the old database's content and the new one's roles.
func (m *move) fill(ctx context.Context, both *demo.Pair) error {
	from := both.From()
	if err := m.Step("load public data: pagila, northwind, chinook, netflix, types", func() error { return warehouse.Load(ctx, from) }); err != nil {
		return err
	}
	if err := m.Step("generate 63 schemas more", func() error { return warehouse.Generate(ctx, from, m.size) }); err != nil {
		return err
	}
	if err := m.Step("make its roles on the new server", func() error { return warehouse.Roles(ctx, both.To()) }); err != nil {
		return err
	}
	var schemas, tables int
	var size string
	const users = "from pg_class c join pg_namespace n on n.oid = relnamespace where relkind = 'r' and nspname !~ '^pg_' and nspname <> 'information_schema'"
	if err := demo.Ask(ctx, from, "select count(distinct nspname), count(*), pg_size_pretty(pg_database_size(current_database())) "+users, &schemas, &tables, &size); err != nil {
		return err
	}
	fmt.Fprintf(m.Out, "  the old server holds %d tables in %d schemas, %s\n", tables, schemas, size)
	return nil
}

// commands shows them one after the other, as long as they succeed, and gives
// the exit code of the last one that matters.
func (m *move) commands(ctx context.Context, both *demo.Pair) (int, error) {
	for _, args := range [][]string{{"doctor", "warehouse"}, {"plan", "warehouse"}, {"run", "warehouse"}} {
		code, err := m.Command(both, args...)
		if err != nil || ctx.Err() != nil {
			return code, err
		}
		if code == 0 {
			continue
		}
		if args[0] == "run" && code != demo.ExitRefused && code != demo.ExitInterrupted {
			_, err = m.WriteReport(both, runID) // of a run that found something or stopped
		}
		return code, err
	}
	return m.WriteReport(both, runID)
}

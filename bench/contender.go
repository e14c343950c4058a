package main

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"sync"

	"github.com/jackc/pgx/v5"
)

// move is one clone of a database from the source to an empty one.
type move struct {
	bench    *bench
	source   string // database
	target   string
	work     string // folder of its own
	from, to string // URLs
}

// contender is one way to move a database.
type contender struct {
	name    string
	needs   string // a program that may be missing
	source  string // database, when not that of the part
	prepare func(context.Context, *move) error
	run     func(context.Context, *move, *client) error
	rows    bool                                         // moves rows only: into tables that prepare made
	bare    bool                                         // moves no rows
	ledger  bool                                         // leaves one that says how long each phase took
	records int                                          // that it loads
	check   func(context.Context, *move) (string, error) // instead of the comparison
}

// contenders of a whole clone, and of the rows alone.
func contenders() []contender {
	return []contender{
		{name: "godwit copy --verify none", run: godwit("none"), ledger: true},
		{name: "godwit copy", run: godwit("all"), ledger: true},
		{name: "raw pipe, whole", run: rawWhole},
		{name: "pg_dump -Fd -Z0 -j2, pg_restore -j2", run: dumpRestore},
		{name: "pgcopydb clone", needs: "pgcopydb", run: pgcopydb},
		{name: "godwit, rows only", prepare: tables, run: godwit("none", "--existing", "append"), rows: true, ledger: true},
		{name: "raw pipe, rows only", prepare: tables, run: rawRows, rows: true},
	}
}

func godwit(verify string, more ...string) func(context.Context, *move, *client) error {
	return func(ctx context.Context, m *move, c *client) error {
		args := append([]string{"copy", "--from", m.from, "--to", m.to, "--verify", verify,
			"--ledger", m.ledger(), "--progress", "none", "--yes"}, more...)
		cmd := exec.CommandContext(ctx, m.bench.godwit, args...)
		cmd.Dir = m.work
		return c.pipe(ctx, nil, cmd)
	}
}

func (m *move) ledger() string { return filepath.Join(m.work, "ledger.db") }

func (m *move) jobs() string { return "-j" + strconv.Itoa(m.bench.jobs) }

// dump writes what is in the archive at the given path.
func (m *move) dump(ctx context.Context, c *client, path string, more ...string) error {
	return c.run(ctx, "pg_dump", append([]string{"-d", m.from, "-f", path}, more...)...)
}

func (m *move) restore(ctx context.Context, c *client, path string, more ...string) error {
	return c.run(ctx, "pg_restore", append([]string{"-d", m.to, "--exit-on-error", path}, more...)...)
}

// tables makes the tables without indexes and keys, outside the measured time.
func tables(ctx context.Context, m *move) error {
	c := &client{running: map[int]bool{}}
	path := filepath.Join(m.work, "definitions")
	if err := m.dump(ctx, c, path, "-Fc", "-s"); err != nil {
		return err
	}
	return m.restore(ctx, c, path, "--section=pre-data")
}

// rawWhole is what a careful person would type: tables, rows by COPY | COPY,
// then indexes and keys.
func rawWhole(ctx context.Context, m *move, c *client) error {
	path := filepath.Join(m.work, "definitions")
	if err := m.dump(ctx, c, path, "-Fc", "-s"); err != nil {
		return err
	}
	if err := m.restore(ctx, c, path, "--section=pre-data"); err != nil {
		return err
	}
	if err := rawRows(ctx, m, c); err != nil {
		return err
	}
	return m.restore(ctx, c, path, "--section=post-data", m.jobs())
}

// rawRows pipes each table through two psql, largest first.
func rawRows(ctx context.Context, m *move, c *client) error {
	names, err := askAll(ctx, m.from, tableNames, pgx.RowTo[string])
	if err != nil {
		return err
	}
	todo := make(chan string, len(names))
	for _, n := range names {
		todo <- n
	}
	close(todo)
	var wait sync.WaitGroup
	failed := make([]error, m.bench.jobs)
	for i := range m.bench.jobs {
		wait.Go(func() {
			for name := range todo {
				if failed[i] = m.rawTable(ctx, c, name); failed[i] != nil {
					return
				}
			}
		})
	}
	wait.Wait()
	return errors.Join(failed...)
}

const tableNames = `select c.oid::regclass::text from pg_class c join pg_namespace n on n.oid = relnamespace
	where relkind = 'r' and nspname !~ '^pg_' and nspname not in ('information_schema', 'godwit') order by pg_table_size(c.oid) desc, 1`

func (m *move) rawTable(ctx context.Context, c *client, name string) error {
	read, write, err := os.Pipe()
	if err != nil {
		return err
	}
	out := exec.CommandContext(ctx, "psql", "-qX", "-v", "ON_ERROR_STOP=1", "-d", m.from, "-c", "COPY "+name+" TO STDOUT")
	in := exec.CommandContext(ctx, "psql", "-qX", "-v", "ON_ERROR_STOP=1", "-d", m.to, "-c", "COPY "+name+" FROM STDIN")
	out.Stdout, in.Stdin = write, read
	return c.pipe(ctx, ends{read, write}, out, in)
}

// ends are this process's of a pipe: with them open neither program would
// notice that the other one is gone.
type ends [2]*os.File

func (e ends) Close() error { return errors.Join(e[0].Close(), e[1].Close()) }

func dumpRestore(ctx context.Context, m *move, c *client) error {
	path := filepath.Join(m.work, "dump")
	if err := m.dump(ctx, c, path, "-Fd", "-Z0", m.jobs()); err != nil {
		return err
	}
	return m.restore(ctx, c, path, m.jobs())
}

func pgcopydb(ctx context.Context, m *move, c *client) error {
	jobs := strconv.Itoa(m.bench.jobs)
	return c.run(ctx, "pgcopydb", "clone", "--source", m.from, "--target", m.to, "--dir", filepath.Join(m.work, "pgcopydb"),
		"--table-jobs", jobs, "--index-jobs", jobs)
}

package main

import (
	"context"
	"errors"
	"fmt"
	"os/exec"
	"path/filepath"
	"time"

	"godwit/rig/postgres"
	"godwit/rig/warehouse"

	"github.com/jackc/pgx/v5"
)

const database = "warehouse"

// pair is the two servers of the demo.
type pair struct{ from, to *postgres.Server }

// stop ends both servers and removes their folders.
func (p *pair) stop() error {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	var errs []error
	for _, server := range []*postgres.Server{p.from, p.to} {
		if server != nil {
			errs = append(errs, server.Stop(ctx))
		}
	}
	return errors.Join(errs...)
}

// findPostgreSQL installs it through the system's package manager when it is missing.
func (d *demo) findPostgreSQL(ctx context.Context) error {
	found, err := postgres.Find(ctx)
	if errors.Is(err, postgres.ErrNotInstalled) {
		install := exec.CommandContext(ctx, "sh", filepath.Join(d.root, "rig", "tools.sh"))
		install.Stdout, install.Stderr = d.out, d.out
		if installErr := install.Run(); installErr != nil {
			return fmt.Errorf("install PostgreSQL: %w: %w", installErr, err)
		}
		found, err = postgres.Find(ctx)
	}
	if err != nil {
		return err
	}
	fmt.Fprintf(d.out, "  PostgreSQL %s in %s\n", found.Version, found.Dir)
	return nil
}

// startServers starts both, on the same disk as the project where the account
// that runs PostgreSQL can work there.
func (d *demo) startServers(ctx context.Context) (*pair, error) {
	both := &pair{}
	for _, s := range []struct {
		name   string
		server **postgres.Server
	}{{"old", &both.from}, {"new", &both.to}} {
		err := d.step("start the "+s.name+" server", func() (err error) {
			*s.server, err = d.startServer(ctx, s.name)
			return err
		})
		if err != nil {
			return nil, errors.Join(err, both.stop())
		}
	}
	fmt.Fprintf(d.out, "  old: %s\n  new: %s\n", both.from.URL(database), both.to.URL(database))
	return both, nil
}

func (d *demo) startServer(ctx context.Context, name string) (*postgres.Server, error) {
	options := postgres.Options{Name: name, Dir: d.folder, Durable: true, Settings: map[string]string{
		"shared_buffers":       "256MB",
		"maintenance_work_mem": "128MB",
		"max_wal_size":         "2GB",
	}}
	server, err := postgres.Start(ctx, options)
	if errors.Is(err, postgres.ErrFolder) {
		options.Dir = "" // the system's folder for temporary files
		server, err = postgres.Start(ctx, options)
	}
	return server, err
}

// fill makes the databases, the old one's content and the new one's roles.
func (d *demo) fill(ctx context.Context, both *pair) error {
	for _, server := range []*postgres.Server{both.from, both.to} {
		if err := ask(ctx, server.URL("postgres"), "create database "+database); err != nil {
			return err
		}
	}
	from := both.from.URL(database)
	if err := d.step("load public data: pagila, northwind, chinook, netflix, types", func() error { return warehouse.Load(ctx, from) }); err != nil {
		return err
	}
	if err := d.step("generate 63 schemas more", func() error { return warehouse.Generate(ctx, from, d.size) }); err != nil {
		return err
	}
	if err := d.step("make its roles on the new server", func() error { return warehouse.Roles(ctx, both.to.URL(database)) }); err != nil {
		return err
	}
	var schemas, tables int
	var size string
	const users = "from pg_class c join pg_namespace n on n.oid = relnamespace where relkind = 'r' and nspname !~ '^pg_' and nspname <> 'information_schema'"
	if err := ask(ctx, from, "select count(distinct nspname), count(*), pg_size_pretty(pg_database_size(current_database())) "+users, &schemas, &tables, &size); err != nil {
		return err
	}
	fmt.Fprintf(d.out, "  the old server holds %d tables in %d schemas, %s\n", tables, schemas, size)
	return nil
}

// ask runs one statement; its row, if any is wanted, goes into values.
func ask(ctx context.Context, url, sql string, values ...any) error {
	conn, err := pgx.Connect(ctx, url)
	if err != nil {
		return err
	}
	defer conn.Close(context.WithoutCancel(ctx))
	if len(values) == 0 {
		_, err = conn.Exec(ctx, sql)
		return err
	}
	return conn.QueryRow(ctx, sql).Scan(values...)
}

// wait keeps the servers and says how to use them, until a signal comes.
func (d *demo) wait(ctx context.Context, both *pair) {
	fmt.Fprintf(d.out, "\nBoth servers run until Ctrl-C. In another terminal:\n")
	for _, variable := range d.variables(both) {
		fmt.Fprintf(d.out, "  export '%s'\n", variable)
	}
	fmt.Fprintf(d.out, "  cd %s\n", d.project())
	fmt.Fprintln(d.out, "  psql $GODWIT_DEMO_TO")
	<-ctx.Done()
	fmt.Fprintln(d.out)
}

// variables are what the example's files and godwit read.
func (d *demo) variables(both *pair) []string {
	return []string{
		"GODWIT_DEMO_FROM=" + both.from.URL(database),
		"GODWIT_DEMO_TO=" + both.to.URL(database),
		"GODWIT_LEDGER=" + d.ledger(),
	}
}

func (d *demo) project() string { return filepath.Join(d.root, "examples", "01_warehouse") }

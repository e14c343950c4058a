package demo

import (
	"context"
	"errors"
	"fmt"
	"os/exec"
	"path/filepath"
	"time"

	"godwit/rig/postgres"

	"github.com/jackc/pgx/v5"
)

// Database is the name of the database on both servers.
const Database = "warehouse"

// Pair is the two servers of a demo.
type Pair struct{ Old, New *postgres.Server }

// From is the URL of the old database.
func (p *Pair) From() string { return p.Old.URL(Database) }

// To is the URL of the new database.
func (p *Pair) To() string { return p.New.URL(Database) }

// stop ends both servers and removes their folders.
func (p *Pair) stop() error {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	var errs []error
	for _, server := range []*postgres.Server{p.Old, p.New} {
		if server != nil {
			errs = append(errs, server.Stop(ctx))
		}
	}
	return errors.Join(errs...)
}

// findPostgreSQL installs it through the system's package manager when it is missing.
func (d *Demo) findPostgreSQL(ctx context.Context) error {
	found, err := postgres.Find(ctx)
	if errors.Is(err, postgres.ErrNotInstalled) {
		install := exec.CommandContext(ctx, "sh", filepath.Join(d.Root, "rig", "tools.sh"))
		install.Stdout, install.Stderr = d.Out, d.Out
		if installErr := install.Run(); installErr != nil {
			return fmt.Errorf("install PostgreSQL: %w: %w", installErr, err)
		}
		found, err = postgres.Find(ctx)
	}
	if err != nil {
		return err
	}
	fmt.Fprintf(d.Out, "  PostgreSQL %s in %s\n", found.Version, found.Dir)
	return nil
}

// startServers starts both, on the same disk as the project where the account
// that runs PostgreSQL can work there.
func (d *Demo) startServers(ctx context.Context) (*Pair, error) {
	both := &Pair{}
	for _, s := range []struct {
		name   string
		server **postgres.Server
	}{{"old", &both.Old}, {"new", &both.New}} {
		err := d.Step("start the "+s.name+" server", func() (err error) {
			if *s.server, err = d.startServer(ctx, s.name); err != nil {
				return err
			}
			return Ask(ctx, (*s.server).URL("postgres"), "create database "+Database)
		})
		if err != nil {
			return nil, errors.Join(err, both.stop())
		}
	}
	fmt.Fprintf(d.Out, "  old: %s\n  new: %s\n", both.From(), both.To())
	return both, nil
}

func (d *Demo) startServer(ctx context.Context, name string) (*postgres.Server, error) {
	options := postgres.Options{Name: name, Dir: d.Folder, Durable: true, Settings: map[string]string{
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

// Ask runs SQL; the row of a single statement, if any is wanted, goes into values.
func Ask(ctx context.Context, url, sql string, values ...any) error {
	conn, err := pgx.Connect(ctx, url)
	if err != nil {
		return err
	}
	defer conn.Close(context.WithoutCancel(ctx))
	if len(values) == 0 {
		_, err = conn.Exec(ctx, sql, pgx.QueryExecModeSimpleProtocol)
		return err
	}
	return conn.QueryRow(ctx, sql).Scan(values...)
}

// wait keeps the servers and says how to use them, until a signal comes.
func (d *Demo) wait(ctx context.Context, both *Pair) {
	fmt.Fprintf(d.Out, "\nBoth servers run until Ctrl-C. In another terminal:\n")
	for _, variable := range d.variables(both) {
		fmt.Fprintf(d.Out, "  export '%s'\n", variable)
	}
	fmt.Fprintf(d.Out, "  cd %s\n", d.Project)
	fmt.Fprintln(d.Out, "  psql $GODWIT_DEMO_TO")
	<-ctx.Done()
	fmt.Fprintln(d.Out)
}

// variables are what the examples' files and godwit read.
func (d *Demo) variables(both *Pair) []string {
	return append([]string{
		"GODWIT_DEMO_FROM=" + both.From(),
		"GODWIT_DEMO_TO=" + both.To(),
		"GODWIT_LEDGER=" + d.Ledger(),
	}, d.Env...)
}

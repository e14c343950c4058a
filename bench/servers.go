package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"godwit/rig/postgres"

	"github.com/jackc/pgx/v5"
)

// pair is the two servers of the bench.
type pair struct{ from, to *postgres.Server }

// startServers starts both, on the disk of the folder where the account that
// runs PostgreSQL can work there.
func startServers(ctx context.Context, folder string) (*pair, error) {
	programs, err := postgres.Find(ctx)
	if err != nil {
		return nil, err
	}
	// Debian's psql is a script in Perl that looks for the real one: two starts
	// of it for each table would be most of the raw pipe's cost.
	if err := os.Setenv("PATH", programs.Dir+string(os.PathListSeparator)+os.Getenv("PATH")); err != nil {
		return nil, err
	}
	both := &pair{}
	for _, s := range []struct {
		name   string
		server **postgres.Server
	}{{"source", &both.from}, {"target", &both.to}} {
		options := postgres.Options{Name: "bench" + s.name, Dir: folder, Durable: true, Settings: map[string]string{
			"shared_buffers": "512MB", "maintenance_work_mem": "64MB", "max_wal_size": "4GB",
			"max_locks_per_transaction": "256", "autovacuum": "off",
		}}
		server, err := postgres.Start(ctx, options)
		if errors.Is(err, postgres.ErrFolder) {
			options.Dir = "" // the system's folder for temporary files
			server, err = postgres.Start(ctx, options)
		}
		if err != nil {
			return nil, errors.Join(err, both.stop())
		}
		*s.server = server
	}
	return both, nil
}

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

// settle makes an empty target database and writes everything that is dirty
// down, so that no contender pays for the one before. Nothing is dropped: for
// minutes ext4 looks at each file deleted lately before it makes a new one,
// which made creating 1,000 tables three times as slow.
func (p *pair) settle(ctx context.Context, database string) error {
	err := ask(ctx, p.to.URL("postgres"), "create database "+database+" template template0")
	for _, server := range []*postgres.Server{p.to, p.from} {
		if err == nil {
			err = ask(ctx, server.URL("postgres"), "checkpoint")
		}
	}
	return err
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
	} else {
		err = conn.QueryRow(ctx, sql).Scan(values...)
	}
	if err != nil {
		return fmt.Errorf("%.60s: %w", sql, err)
	}
	return nil
}

// askAll reads all rows of a statement.
func askAll[T any](ctx context.Context, url, sql string, scan pgx.RowToFunc[T]) ([]T, error) {
	conn, err := pgx.Connect(ctx, url)
	if err != nil {
		return nil, err
	}
	defer conn.Close(context.WithoutCancel(ctx))
	rows, err := conn.Query(ctx, sql)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, scan)
}

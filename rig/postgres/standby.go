package postgres

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/jackc/pgx/v5"
)

// Standby makes a streaming, asynchronous standby of this server by
// pg_basebackup and returns when it takes readers. It is a server of its own:
// stop it, too. May be called several times; fails when this server is down.
func (s *Server) Standby(ctx context.Context) (*Server, error) {
	options := s.options
	options.Name += "standby"
	standby, err := prepare(ctx, options)
	if err != nil {
		return nil, fmt.Errorf("start standby: %w", err)
	}
	err = standby.run(ctx, "pg_basebackup", "-D", standby.data(), "-d", s.URL("postgres"),
		"--wal-method=stream", "--checkpoint=fast", "--write-recovery-conf", "--no-sync")
	if err == nil {
		err = standby.firstLaunch(ctx)
	}
	if err != nil {
		return nil, fmt.Errorf("start standby: %w", errors.Join(err, standby.discard()))
	}
	return standby, nil
}

// Promote makes a standby a server of its own and returns when it takes
// writers. It fails on a server that is not a standby (any longer).
func (s *Server) Promote(ctx context.Context) error {
	if _, err := os.Stat(filepath.Join(s.data(), "standby.signal")); err != nil {
		return errors.New("promote postgres: this server is not a standby")
	}
	conn, err := pgx.Connect(ctx, s.URL("postgres"))
	if err != nil {
		return fmt.Errorf("promote postgres: %w", err)
	}
	defer conn.Close(context.WithoutCancel(ctx))
	var promoted bool
	if err := conn.QueryRow(ctx, "select pg_promote(true, 60)").Scan(&promoted); err != nil {
		return fmt.Errorf("promote postgres: %w", err)
	}
	if !promoted {
		return errors.New("promote postgres: still a standby after 60 s")
	}
	return nil
}

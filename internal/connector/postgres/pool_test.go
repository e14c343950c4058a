package postgres

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"godwit/internal/connector"
	"godwit/internal/connector/postgres/login"
	"godwit/internal/fault"
	"godwit/rig/postgres/pgtest"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5"
)

func TestFixedSettings(t *testing.T) {
	t.Parallel()
	url := pgtest.Database(t)
	pgtest.Exec(t, url, fmt.Sprintf("alter database %s set statement_timeout = '1s'", pgtest.Query[string](t, url, "select current_database()")),
		"alter role godwit in database "+pgtest.Query[string](t, url, "select current_database()")+" set search_path = public")
	s, err := endpoint(t, url).session(connector.WithLabel(patient(t), "a label"))
	if err != nil {
		t.Fatal(err)
	}
	defer s.close()
	got, err := list(patient(t), s, pgx.RowTo[string], `select current_setting(s) from unnest(array[
		'search_path', 'statement_timeout', 'row_security', 'datestyle', 'timezone', 'extra_float_digits', 'idle_session_timeout', 'application_name', 'client_connection_check_interval']) s`)
	if diff := cmp.Diff([]string{`""`, "0", "off", "ISO, MDY", "UTC", "3", "0", "a label", "10s"}, got); diff != "" || err != nil {
		t.Errorf("%v (-want +got):\n%s", err, diff)
	}
}

func TestSessionsAreLentAgain(t *testing.T) {
	t.Parallel()
	url := pgtest.Database(t)
	e := endpoint(t, url)
	pid := func() uint32 {
		t.Helper()
		s, err := e.session(patient(t))
		if err != nil {
			t.Fatal(err)
		}
		defer s.close()
		return s.conn.PgConn().PID()
	}
	first := pid()
	if again := pid(); again != first {
		t.Errorf("backend %d, then %d", first, again)
	}
	pgtest.Exec(t, url, fmt.Sprintf("select pg_terminate_backend(%d, 10000)", first))
	second := pid() // found dead, replaced
	if second == first {
		t.Error("a dead session was lent")
	}
	s, err := e.session(patient(t))
	if err != nil {
		t.Fatal(err)
	}
	if err := s.exec(patient(t), "select 1/0"); fault.CodeOf(err) != "data.invalid" {
		t.Errorf("division by zero: %v", err)
	}
	s.close()
	s.close()
	if third := pid(); third == second {
		t.Error("a session that saw an error was lent again")
	}
}

func TestTouchedSettingsAreMadeAnew(t *testing.T) {
	t.Parallel()
	e := endpoint(t, pgtest.Database(t))
	l := loadOf(t, e)
	backend := l.s.conn.PgConn().PID()
	if err := l.Exec(patient(t), "set search_path = public; set extra_float_digits = 0; create temp table t ()"); err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(l.Commit(patient(t), nil), l.Close()); err != nil {
		t.Fatal(err)
	}
	s, err := e.session(patient(t))
	if err != nil {
		t.Fatal(err)
	}
	defer s.close()
	got, err := one(patient(t), s, pgx.RowTo[string], "select current_setting('search_path') || current_setting('extra_float_digits') || coalesce(to_regclass('pg_temp.t')::text, ' none')")
	if got != `""3 none` || err != nil || s.conn.PgConn().PID() != backend {
		t.Errorf("settings are %s (%v)", got, err)
	}
}

func TestLimitQueuesAndCanBeLeft(t *testing.T) {
	t.Parallel()
	url := pgtest.Database(t)
	settings, err := login.FromURL(url)
	if err != nil {
		t.Fatal(err)
	}
	settings.(*login.Settings).Limit.Connections = 3
	e, err := Open(t.Context(), "x", settings.(*login.Settings))
	if err != nil {
		t.Fatal(err)
	}
	defer e.Close()
	snapshotOf(t, e)
	only, err := e.session(patient(t))
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(patient(t))
	left := make(chan error)
	go func() {
		_, err := e.session(ctx)
		left <- err
	}()
	got := make(chan error)
	go func() {
		s, err := e.session(patient(t))
		s.close()
		got <- err
	}()
	cancel()
	if err := <-left; !errors.Is(err, context.Canceled) {
		t.Errorf("a caller that leaves the queue gets %v", err)
	}
	if _, err := e.Waits(patient(t), "anything"); err != nil {
		t.Errorf("a look when all sessions are lent: %v", err)
	}
	if n := pgtest.Query[int](t, url, "select count(*) from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()"); n != 3 {
		t.Errorf("%d sessions, want 3", n)
	}
	only.close()
	if err := <-got; err != nil {
		t.Errorf("the next in line gets %v", err)
	}
}

func TestSecondHostIsTaken(t *testing.T) {
	t.Parallel()
	url := pgtest.Database(t)
	config, err := pgx.ParseConfig(url)
	if err != nil {
		t.Fatal(err)
	}
	e, err := Open(t.Context(), "x", &login.Settings{Host: fmt.Sprintf("127.0.0.1:1,127.0.0.1:%d", config.Port), User: config.User, Database: config.Database, TLS: login.TLS{Verify: "off"}})
	if err != nil {
		t.Fatal(err)
	}
	defer e.Close()
	s, err := e.session(patient(t))
	if err != nil {
		t.Fatal(err)
	}
	s.close()
	if c, err := e.Config(t.Context()); err != nil || c.Port != int(config.Port) {
		t.Errorf("port %d (%v) is in use, want %d", c.Port, err, config.Port)
	}
}

func TestUnreachable(t *testing.T) {
	t.Parallel()
	for url, want := range map[string]string{
		"postgres://u:" + canary + "@127.0.0.1:1/db?sslmode=disable": "connection.refused",
		pgtest.Database(t) + "&dbname=no_such":                       "database.missing",
	} {
		_, err := endpoint(t, url).session(patient(t))
		if code := fault.CodeOf(err); code != want {
			t.Errorf("%v (%s), want %s", err, code, want)
		}
		quiet(t, err, fault.Of(err))
	}
}

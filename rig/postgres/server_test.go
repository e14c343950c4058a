package postgres_test

import (
	"bufio"
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"godwit/rig/postgres"
	"godwit/rig/postgres/pgtest"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5"
)

// TestMain turns the test program into the parent of a server where
// TestEndsWithItsParent asks for it.
func TestMain(m *testing.M) {
	if os.Getenv("RIG_PARENT") != "" {
		beParent()
	}
	pgtest.Main(m)
}

func TestCrashKeepsWhatWasCommitted(t *testing.T) {
	t.Parallel()
	server := pgtest.Server(t, postgres.Options{Name: "crash"})
	url := server.URL("postgres")
	pgtest.Exec(t, url, "create table a (n int)", "insert into a select generate_series(1, 1000)")
	first := server.PID()

	if err := server.Crash(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got := server.PID(); got != 0 {
		t.Errorf("PID after a crash = %d, want 0", got)
	}
	if _, err := pgx.Connect(t.Context(), url); err == nil {
		t.Error("a crashed server takes connections")
	}
	if err := server.Restart(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got := server.PID(); got == 0 || got == first {
		t.Errorf("PID after a restart = %d, before %d", got, first)
	}
	if got := pgtest.Query[int](t, url, "select count(*) from a"); got != 1000 {
		t.Errorf("%d rows after a crash, want 1000", got)
	}
}

func TestSettings(t *testing.T) {
	t.Parallel()
	server := pgtest.Server(t, postgres.Options{
		Durable:  true,
		Password: "it's",
		Settings: map[string]string{"work_mem": "5MB", "application_name": "it's me"},
	})
	url := server.URL("postgres")
	want := map[string]string{
		"fsync": "on", "wal_level": "logical", "work_mem": "5MB", "application_name": "it's me",
		"server_encoding": "UTF8", "max_connections": "200", "server_version": server.Version,
	}
	got := map[string]string{}
	for name := range want {
		got[name] = pgtest.Query[string](t, url, "select split_part(current_setting($1), ' (', 1)", name)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("settings (-want +got):\n%s", diff)
	}
	if _, err := pgx.Connect(t.Context(), strings.Replace(url, "it%27s", "wrong", 1)); err == nil {
		t.Error("a wrong password is let in")
	}
	if got := pgtest.Query[string](t, "host="+server.Socket+" port="+port(url)+" user=godwit password='it\\'s' dbname=postgres", "select current_user"); got != "godwit" {
		t.Errorf("user over the socket = %q", got)
	}
}

func TestStandby(t *testing.T) {
	t.Parallel()
	primary := pgtest.Server(t, postgres.Options{Name: "primary"})
	standby := pgtest.Standby(t, primary)
	url := standby.URL("postgres")
	if !pgtest.Query[bool](t, url, "select pg_is_in_recovery()") {
		t.Fatal("the standby is not in recovery")
	}
	pgtest.Exec(t, primary.URL("postgres"), "create table a (n int)", "insert into a values (7)")
	await(t, url, "select to_regclass('a') is not null")
	if err := primary.Crash(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := standby.Promote(t.Context()); err != nil {
		t.Fatal(err)
	}
	pgtest.Exec(t, url, "insert into a values (8)")
	if err := standby.Promote(t.Context()); err == nil {
		t.Error("promoted twice")
	}
}

func TestStopTwice(t *testing.T) {
	t.Parallel()
	dir, err := os.MkdirTemp("/tmp", "godwit-rig-test-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	if err := os.Chmod(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	server := pgtest.Server(t, postgres.Options{Dir: dir})
	for range 2 {
		if err := server.Stop(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	left, err := filepath.Glob(filepath.Join(dir, "*"))
	if err != nil || len(left) > 0 {
		t.Errorf("left behind: %v, %v", left, err)
	}
	if err := server.Restart(t.Context()); err == nil {
		t.Error("restarted after Stop")
	}
	if err := server.Signal(syscall.SIGHUP); !errors.Is(err, os.ErrProcessDone) {
		t.Errorf("signal after Stop: %v", err)
	}
}

func TestFolderOutOfReach(t *testing.T) {
	t.Parallel()
	if os.Geteuid() != 0 {
		dir := filepath.Join(t.TempDir(), "none")
		if _, err := postgres.Start(t.Context(), postgres.Options{Dir: dir}); err == nil {
			t.Error("started in a folder that does not exist")
		}
		return
	}
	dir := t.TempDir()
	if err := os.Chmod(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	if _, err := postgres.Start(t.Context(), postgres.Options{Dir: dir}); !errors.Is(err, postgres.ErrFolder) {
		t.Errorf("start in root's own folder: %v, want ErrFolder", err)
	}
}

func TestProgramsTooOld(t *testing.T) {
	dir := t.TempDir()
	for _, name := range []string{"initdb", "psql", "pg_basebackup", "postgres"} {
		script := "#!/bin/sh\necho 'postgres (PostgreSQL) 13.4 (Old 13.4-1)'\n"
		if err := os.WriteFile(filepath.Join(dir, name), []byte(script), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	t.Setenv("PGBIN", dir)
	_, err := postgres.Find(t.Context())
	if err == nil || !strings.Contains(err.Error(), "PostgreSQL 13.4") || !strings.Contains(err.Error(), "too old") {
		t.Errorf("find: %v", err)
	}
}

// TestEndsWithItsParent kills a process that has started a server.
func TestEndsWithItsParent(t *testing.T) {
	t.Parallel()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	parent := exec.CommandContext(t.Context(), self)
	parent.Env = append(os.Environ(), "RIG_PARENT=1")
	out, err := parent.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := parent.Start(); err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewScanner(out)
	lines.Scan()
	url := lines.Text()
	lines.Scan()
	folder := lines.Text()
	conn, err := pgx.Connect(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(context.Background())
	if err := parent.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = parent.Wait() // killed
	if _, err := conn.Exec(t.Context(), "select pg_sleep(60)"); err == nil {
		t.Error("the server outlived its parent by a minute")
	}
	gone(t, folder)
}

// beParent starts a server, says where, and waits to be killed.
func beParent() {
	server, err := postgres.Start(context.Background(), postgres.Options{Name: "orphan"})
	if err != nil {
		os.Stderr.WriteString(err.Error())
		os.Exit(1)
	}
	os.Stdout.WriteString(server.URL("postgres") + "\n" + server.Socket + "\n")
	select {}
}

// gone waits until a folder does not exist.
func gone(t *testing.T, folder string) {
	t.Helper()
	look := time.NewTicker(10 * time.Millisecond)
	defer look.Stop()
	for late := time.After(time.Minute); ; {
		if _, err := os.Stat(folder); errors.Is(err, os.ErrNotExist) {
			return
		}
		select {
		case <-look.C:
		case <-late:
			t.Fatalf("%s is still there", folder)
		}
	}
}

// await asks until the answer is yes.
func await(t *testing.T, url, sql string) {
	t.Helper()
	for late := time.Now().Add(time.Minute); !pgtest.Query[bool](t, url, sql); {
		if time.Now().After(late) {
			t.Fatalf("still not true: %s", sql)
		}
	}
}

func port(url string) string {
	_, rest, _ := strings.Cut(url, "127.0.0.1:")
	number, _, _ := strings.Cut(rest, "/")
	return number
}

package main_test

import (
	"bytes"
	"context"
	databases "database/sql"
	"errors"
	"flag"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"godwit/rig/mariadb/mariatest"
	"godwit/rig/postgres/pgtest"

	"github.com/jackc/pgx/v5"
	"github.com/rogpeppe/go-internal/testscript"
)

var update = flag.Bool("update", false, "write what was said into the scripts")

// TestScripts runs testdata/*.txtar: each command, and each error, as a user
// meets it. FROM and TO are fresh databases on two servers; sql URL TEXT runs
// statements, login NAME URL [ATTRIBUTES] sets NAME to the URL of a role that
// owns the database and is no superuser.
func TestScripts(t *testing.T) {
	t.Parallel()
	testscript.Run(t, testscript.Params{
		Dir: "testdata", UpdateScripts: *update,
		Setup: func(e *testscript.Env) error {
			tb, ok := e.T().(testing.TB)
			if !ok {
				return errors.New("the script's T is no testing.TB")
			}
			from, to := pgtest.Pair(tb)
			for name, value := range map[string]string{
				"FROM": from, "TO": to, "NO_COLOR": "1", "TZ": "UTC", "GODWIT_ACTOR": "tester", "PGPASSFILE": filepath.Join(e.WorkDir, "none"),
				"FROM_PORT": port(tb, from), "TO_PORT": port(tb, to), "FROM_DB": database(tb, from), "TO_DB": database(tb, to),
			} {
				e.Setenv(name, value)
			}
			e.Values["test"], e.Values["held"], e.Values["newsys"] = tb, new([]*pgx.Conn), &target{}
			return nil
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"sql": sql, "login": login, "exit": exit, "hold": hold, "release": release, "eventually": poll, "sqlite": lite, "mysql": maria, "newsys": misbehave, "receive": receive,
		},
	})
}

// sql runs statements: sql URL 'text'; ! sql expects an error.
func sql(ts *testscript.TestScript, neg bool, args []string) {
	if len(args) != 2 {
		ts.Fatalf("usage: sql URL TEXT")
	}
	conn, err := pgx.Connect(context.Background(), args[0])
	ts.Check(err)
	defer conn.Close(context.Background())
	results, err := conn.PgConn().Exec(context.Background(), args[1]).ReadAll()
	if (err != nil) != neg {
		ts.Fatalf("sql: %v", err)
	}
	for _, r := range results {
		for _, row := range r.Rows {
			line := string(bytes.Join(row, []byte("|")))
			ts.Logf("%s", line)
			ts.Setenv("SQL", line)
		}
	}
}

// lite runs statements in a file: sqlite FILE TEXT.
func lite(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: sqlite FILE TEXT")
	}
	db, err := databases.Open("sqlite", ts.MkAbs(args[0]))
	ts.Check(err)
	defer db.Close()
	_, err = db.ExecContext(context.Background(), args[1])
	ts.Check(err)
}

// maria runs statements in a new database of MariaDB, whose URL becomes MYSQL:
// mysql TEXT.
func maria(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: mysql TEXT")
	}
	tb := ts.Value("test").(testing.TB)
	db := mariatest.New(tb)
	db.Exec(tb, args[0])
	ts.Setenv("MYSQL", db.URL())
}

// login makes a role: login NAME URL [ATTRIBUTES].
func login(ts *testscript.TestScript, _ bool, args []string) {
	if len(args) < 2 {
		ts.Fatalf("usage: login NAME URL [ATTRIBUTES]")
	}
	tb := ts.Value("test").(testing.TB)
	url := pgtest.Login(tb, args[1], strings.Join(args[2:], " "))
	ts.Setenv(args[0], url)
	ts.Setenv(args[0]+"_ROLE", pgtest.Query[string](tb, url, "select current_user::text"))
}

// exit runs godwit and expects an exit code: exit 2 godwit copy --from ...
func exit(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: exit CODE PROGRAM ARGS...")
	}
	err := ts.Exec(args[1], args[2:]...)
	code := "0"
	var e *exec.ExitError
	switch {
	case errors.As(err, &e):
		code = strings.TrimPrefix(e.ProcessState.String(), "exit status ")
	case err != nil:
		ts.Check(err)
	}
	if code != args[0] {
		ts.Fatalf("exit %s, want %s", code, args[0])
	}
}

// hold opens a transaction on a connection of its own, with a statement in it,
// and keeps it until release or the end: hold URL APPLICATION TEXT.
func hold(ts *testscript.TestScript, _ bool, args []string) {
	if len(args) != 3 {
		ts.Fatalf("usage: hold URL APPLICATION TEXT")
	}
	config, err := pgx.ParseConfig(args[0])
	ts.Check(err)
	config.RuntimeParams["application_name"] = args[1]
	conn, err := pgx.ConnectConfig(context.Background(), config)
	ts.Check(err)
	ts.Defer(func() { conn.Close(context.Background()) })
	_, err = conn.PgConn().Exec(context.Background(), "begin; "+args[2]).ReadAll()
	ts.Check(err)
	*ts.Value("held").(*[]*pgx.Conn) = append(*ts.Value("held").(*[]*pgx.Conn), conn)
}

// release ends what hold began.
func release(ts *testscript.TestScript, _ bool, _ []string) {
	for _, conn := range *ts.Value("held").(*[]*pgx.Conn) {
		ts.Check(conn.Close(context.Background()))
	}
}

// poll runs a program until its output matches: eventually PROGRAM ARGS... -- PATTERN.
func poll(ts *testscript.TestScript, _ bool, args []string) {
	n := len(args)
	if n < 3 || args[n-2] != "--" {
		ts.Fatalf("usage: eventually PROGRAM ARGS... -- PATTERN")
	}
	want := regexp.MustCompile(args[n-1])
	var out []byte
	if !comes(func() bool {
		cmd := exec.Command(args[0], args[1:n-2]...)
		cmd.Dir = ts.MkAbs(".")
		cmd.Env = append(os.Environ(), "TZ=UTC", "NO_COLOR=1")
		out, _ = cmd.CombinedOutput()
		return want.Match(out)
	}) {
		ts.Fatalf("%q is not said in time: %s", args[n-1], out)
	}
}

func port(t testing.TB, url string) string {
	t.Helper()
	config, err := pgx.ParseConfig(url)
	if err != nil {
		t.Fatal(err)
	}
	return strconv.Itoa(int(config.Port))
}

func database(t testing.TB, url string) string {
	t.Helper()
	config, err := pgx.ParseConfig(url)
	if err != nil {
		t.Fatal(err)
	}
	return config.Database
}

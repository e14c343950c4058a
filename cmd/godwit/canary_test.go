package main_test

import (
	"bytes"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"godwit/rig/mailbox"
	"godwit/rig/postgres"
	"godwit/rig/postgres/pgtest"
)

// canary is a password that must be found nowhere but where the test put it.
const canary = "canary-4f9a1c77"

// TestCanary takes a marked password through every command in each of the ways
// it can be given, with success and with failure, and looks for it in all that
// was said, in every file that was left, and in the arguments of every process.
func TestCanary(t *testing.T) {
	t.Parallel()
	server := pgtest.Server(t, postgres.Options{Password: canary})
	for name, way := range ways {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			from, to := pgtest.DatabaseOn(t, server), pgtest.DatabaseOn(t, server)
			pgtest.Exec(t, from, "create schema shop; create table shop.orders (id int primary key); insert into shop.orders values (1), (2)")
			c := &cage{T: t, dir: t.TempDir()}
			way(c, from, to)
			c.looked()
		})
	}
}

// ends is a command with its URLs; inspect looks at one.
func ends(command, from, to string) []string {
	if command == "inspect" {
		return []string{command, "--from", from}
	}
	return []string{command, "--from", from, "--to", to}
}

// ways are those in which a password can be given.
var ways = map[string]func(c *cage, from, to string){
	"typed": func(c *cage, from, to string) {
		c.every(func(command string, flags ...string) []string {
			return append(ends(command, from, to), flags...)
		})
		c.refused(from, to)
	},
	"environment URLs": func(c *cage, from, to string) {
		c.env = []string{"GODWIT_FROM=" + from, "GODWIT_TO=" + to}
		c.every(func(command string, flags ...string) []string { return append([]string{command}, flags...) })
	},
	"environment": func(c *cage, from, to string) {
		c.env = []string{"SECRET=" + canary}
		c.flow(from, to, "{env: SECRET}")
	},
	"file": func(c *cage, from, to string) {
		c.secret("secret", canary+"\n")
		c.flow(from, to, "{file: "+filepath.Join(c.dir, "secret")+"}")
	},
	"command": func(c *cage, from, to string) {
		c.secret("secret", canary+"\n")
		c.flow(from, to, "{command: [cat, "+filepath.Join(c.dir, "secret")+"]}")
	},
	"passfile": func(c *cage, from, to string) {
		c.secret("secret", "*:*:*:*:"+canary+"\n")
		c.env = []string{"PGPASSFILE=" + filepath.Join(c.dir, "secret")}
		c.every(func(command string, flags ...string) []string {
			return append(ends(command, without(from), without(to)), flags...)
		})
	},
}

// cage is a folder in which commands are run and searched.
type cage struct {
	*testing.T
	dir string
	env []string
	own []string // files that hold the password because the test wrote it there
}

func (c *cage) secret(name, text string) {
	c.Helper()
	c.own = append(c.own, name)
	if err := os.WriteFile(filepath.Join(c.dir, name), []byte(text), 0o600); err != nil {
		c.Fatal(err)
	}
}

// every runs all commands for a way that needs no file.
func (c *cage) every(with func(command string, flags ...string) []string) {
	c.Helper()
	c.quiet("doctor", 0, func() []string { return with("doctor", "--all") })
	c.quiet("plan", 0, func() []string { return with("plan", "--json") })
	c.quiet("inspect", 0, func() []string { return with("inspect", "--tables") })
	c.quiet("copy", 0, func() []string { return with("copy", "--json") })
	c.quiet("copy again", 2, func() []string { return with("copy") })
	c.quiet("verify", 0, func() []string { return with("verify") })
	c.after("copy-1")
}

// refused are failures: a wrong password, a host out of reach, a bad URL.
func (c *cage) refused(from, to string) {
	c.Helper()
	wrong := strings.Replace(to, canary, canary+"x", 1)
	nowhere := strings.Replace(to, "127.0.0.1", "127.0.0.2", 1)
	for _, bad := range []string{wrong, nowhere, to + "&nonsense=1", strings.Replace(to, "/", "//", 1), "postgres://godwit:" + canary + "@[bad/x"} {
		for _, flags := range [][]string{{}, {"--json"}} {
			c.quiet("bad", 2, func() []string { return append([]string{"copy", "--from", from, "--to", bad}, flags...) })
			c.quiet("bad", 2, func() []string { return append([]string{"inspect", "--from", bad}, flags...) })
		}
	}
}

// flow runs all commands over a project whose connections have this password.
func (c *cage) flow(from, to, password string) {
	c.Helper()
	const side = "  %s: {postgres: {url: %q, password: %s}}\n"
	text := "connections:\n" + fmt.Sprintf(side, "old", without(from), password) + fmt.Sprintf(side, "new", without(to), password) + c.receivers(password)
	for name, text := range map[string]string{
		"godwit.yaml": text, "flows/move.yaml": "steps:\n  - copy: {from: old, to: new, existing: replace}\n  - verify: {from: old, to: new}\n",
	} {
		path := filepath.Join(c.dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			c.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			c.Fatal(err)
		}
	}
	for _, args := range [][]string{{"doctor", "move"}, {"plan", "move"}, {"inspect", "move", "old"}, {"run", "move"}, {"run", "move", "--json"}} {
		c.quiet(args[0], 0, func() []string { return args })
	}
	c.quiet("alarms test", 1, func() []string { return []string{"alarms", "test"} })
	if _, err := os.Stat(filepath.Join(c.dir, "mail", "ops@example.com.html")); err != nil {
		c.Error(err) // the login went well
	}
	c.after("move-1")
}

// receivers are alarms with secrets: a webhook that says no, and a mail server
// that wants a login.
func (c *cage) receivers(password string) string {
	c.env = append(c.env, "HOOK="+hook(c, filepath.Join(c.dir, "hook"), "404")+"/"+canary)
	server := post(c, filepath.Join(c.dir, "mail"), mailbox.Options{User: "mover", Password: canary})
	return fmt.Sprintf(`alarms:
  - {when: [run.finished], send: {webhook: {env: HOOK}}}
  - {when: [run.finished], send: {mail: [ops@example.com]}, attach: report}
mail: {server: %q, from: migration@example.com, user: mover, password: %s}
`, server, password)
}

// after looks at a run that is there.
func (c *cage) after(run string) {
	c.Helper()
	for _, args := range [][]string{
		{"runs", "--json"}, {"status", run}, {"status", run, "--json"}, {"ledger", "check"},
		{"report", run, "--html", "report.html", "--csv", "csv"}, {"report", run, "--json"},
	} {
		c.quiet(args[0], 0, func() []string { return args })
	}
	c.quiet("resume", 2, func() []string { return []string{"resume", run} })
	c.quiet("cancel", 2, func() []string { return []string{"cancel", run} })
}

// quiet runs a command that must not say the password, nor hand it on in the
// arguments of another process.
func (c *cage) quiet(what string, code int, args func() []string) {
	c.Helper()
	temp := filepath.Join(c.dir, "tmp")
	if err := os.MkdirAll(temp, 0o700); err != nil {
		c.Fatal(err)
	}
	stop, seen := make(chan struct{}), ""
	var watching sync.WaitGroup
	watching.Go(func() {
		tick := time.NewTicker(5 * time.Millisecond) // pg_dump takes ten times that
		defer tick.Stop()
		for {
			select {
			case <-stop:
				return
			case <-tick.C:
				if found := argued(); found != "" {
					seen = found
				}
			}
		}
	})
	got := command(c, c.dir, append(c.env, "TMPDIR="+temp, "HOME="+c.dir), args()...)
	close(stop)
	watching.Wait()
	if seen != "" {
		c.Errorf("%s: in the arguments of %s", what, seen)
	}
	if strings.Contains(got.out+got.err, canary) {
		c.Errorf("%s says it:\n%s%s", what, got.out, got.err)
	}
	if got.code != code {
		c.Errorf("%s: exit %d, want %d:\n%s%s", what, got.code, code, got.out, got.err)
	}
}

// argued finds a process that has the password in its arguments; what was typed
// as godwit's own is the user's doing.
func argued() string {
	lines, _ := filepath.Glob("/proc/[0-9]*/cmdline")
	for _, name := range lines {
		line, err := os.ReadFile(name)
		if err != nil || !bytes.Contains(line, []byte(canary)) {
			continue
		}
		program, _, _ := bytes.Cut(line, []byte{0})
		if filepath.Base(string(program)) != "godwit" {
			return string(bytes.ReplaceAll(line, []byte{0}, []byte{' '}))
		}
	}
	return ""
}

// looked searches every file that was left behind.
func (c *cage) looked() {
	c.Helper()
	files := 0
	err := filepath.WalkDir(c.dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		files++
		for _, own := range c.own {
			if path == filepath.Join(c.dir, own) {
				return nil
			}
		}
		if strings.HasPrefix(path, filepath.Join(c.dir, "tmp")) {
			c.Errorf("%s is left behind", path)
		}
		text, err := os.ReadFile(path)
		if bytes.Contains(text, []byte(canary)) {
			c.Errorf("it stands in %s", path)
		}
		return err
	})
	if err != nil || files < 5 {
		c.Errorf("%d files searched: %v", files, err)
	}
}

// without is a URL without its password.
func without(text string) string {
	u, err := url.Parse(text)
	if err != nil {
		panic(err)
	}
	u.User = url.User(u.User.Username())
	return u.String()
}

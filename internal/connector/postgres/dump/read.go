package dump

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"godwit/internal/fault"
)

// Request says what to read.
type Request struct {
	Programs Programs
	Login    Login
	Snapshot string // an exported snapshot's identifier; empty: as of now
	Label    string // application_name of pg_dump's session
}

// Read has the definitions of a whole database written and returns them in an
// order that works. Rows, sequence values and the content of large objects
// are not among them, nor are subscriptions: they would hold passwords. While
// it runs pg_dump holds ACCESS SHARE locks on all tables. The archive and the
// password lie in a private temporary folder that is gone when Read returns.
func Read(ctx context.Context, r Request) ([]Entry, error) {
	dir, err := os.MkdirTemp("", "godwit-definitions-")
	if err != nil {
		return nil, fmt.Errorf("make a temporary folder: %w", err)
	}
	defer os.RemoveAll(dir)
	a := archive{programs: r.Programs, dir: dir, file: filepath.Join(dir, "archive")}
	if err := a.write(ctx, r); err != nil {
		return nil, err
	}
	return a.entries(ctx)
}

// archive is pg_dump's output and pg_restore's views of it.
type archive struct {
	programs Programs
	dir      string
	file     string
	lists    int // list files written so far
}

func (a *archive) write(ctx context.Context, r Request) error {
	pass, err := r.Login.passfile(a.dir)
	if err != nil {
		return err
	}
	args := []string{
		"--format=custom", "--compress=0", "--section=pre-data", "--section=post-data",
		"--encoding=UTF8", "--no-password", "--no-sync", "--no-subscriptions", "--file=" + a.file,
	}
	if r.Snapshot != "" {
		args = append(args, "--snapshot="+r.Snapshot)
	}
	args = append(args, "--dbname="+r.Login.conninfo())
	_, err = a.run(ctx, "pg_dump", environment(pass, r.Label), args...)
	return err
}

// list is the table of contents as text.
func (a *archive) list(ctx context.Context) (string, error) {
	return a.run(ctx, "pg_restore", environment("", ""), "--list", a.file)
}

// script is a section as verbose SQL text: all of it, or the listed entries.
func (a *archive) script(ctx context.Context, section string, only []listed) (string, error) {
	args := []string{"--verbose", "--file=-", "--section=" + section}
	if only != nil {
		var b strings.Builder
		for _, l := range only {
			fmt.Fprintf(&b, "%d;\n", l.id)
		}
		a.lists++
		name := filepath.Join(a.dir, fmt.Sprint("list", a.lists))
		if err := os.WriteFile(name, []byte(b.String()), 0o600); err != nil {
			return "", fmt.Errorf("write entry list: %w", err)
		}
		args = append(args, "--use-list="+name)
	}
	return a.run(ctx, "pg_restore", environment("", ""), append(args, a.file)...)
}

// run starts a program and returns what it wrote. Cancelled, the program is
// asked to stop, so that pg_dump cancels its statement at the server.
func (a *archive) run(ctx context.Context, program string, env []string, args ...string) (string, error) {
	cmd := exec.CommandContext(ctx, a.programs.path(program), args...)
	var out, said bytes.Buffer
	cmd.Stdout, cmd.Stderr, cmd.Env = &out, &said, env
	cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) }
	cmd.WaitDelay = 5 * time.Second
	err := cmd.Run()
	switch {
	case ctx.Err() != nil:
		return "", fmt.Errorf("%s: %w", program, ctx.Err())
	case err != nil:
		return "", refusal(program, said.String(), err)
	}
	return out.String(), nil
}

// refusal makes an error of what a program said. There are only words to go
// by: the programs tell no SQLSTATE.
func refusal(program, said string, err error) error {
	var exit *exec.ExitError
	if !errors.As(err, &exit) {
		return fault.New(fault.Config, "tools.broken", "start %s: %w", program, err)
	}
	var lines []string
	for line := range strings.Lines(said) {
		line = strings.TrimSpace(line)
		if strings.Contains(line, "error:") || strings.Contains(line, "detail:") || strings.Contains(line, "FATAL:") {
			lines = append(lines, strings.TrimPrefix(strings.TrimPrefix(line, program+": "), "error: "))
		}
	}
	text := strings.Join(lines, "; ")
	if text == "" {
		text = err.Error()
	}
	for _, k := range refusals {
		if strings.Contains(text, k.words) {
			e := fault.New(k.kind, k.code, "%s: %s", program, text)
			if k.hint != "" {
				e = e.Hint("%s", k.hint)
			}
			return e
		}
	}
	return fault.New(fault.Internal, "tools.failed", "%s: %s", program, text)
}

var refusals = []struct {
	words string
	kind  fault.Kind
	code  string
	hint  string
}{
	{"password authentication failed", fault.Denied, "login.refused", ""},
	{"no password supplied", fault.Denied, "login.refused", ""},
	{"no pg_hba.conf entry", fault.Denied, "login.refused", ""},
	{"permission denied", fault.Denied, "right.missing", ""},
	{"server version mismatch", fault.Config, "tools.version", "install the server's version of pg_dump, or set PGBIN"},
	{"invalid snapshot identifier", fault.Unavailable, "snapshot.lost", ""},
	{"could not import the requested snapshot", fault.Unavailable, "snapshot.lost", ""},
	{"out of shared memory", fault.Config, "locks.few", "raise max_locks_per_transaction at the source and restart it"},
	{"connection to server", fault.Unavailable, "server.unreachable", ""},
	{"could not connect", fault.Unavailable, "server.unreachable", ""},
	{"server closed the connection", fault.Unavailable, "server.unreachable", ""},
	{"terminating connection", fault.Unavailable, "server.unreachable", ""},
}

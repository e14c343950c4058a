package main_test

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	godwit "godwit/cmd/godwit"
	"godwit/rig/memory"
)

// TestMain makes this binary play godwit when it is called by that name, and
// puts it under that name into the path of scripts and of command.
func TestMain(m *testing.M) {
	if filepath.Base(os.Args[0]) == "godwit" {
		os.Exit(godwit.Start())
	}
	os.Exit(played(m))
}

func played(m *testing.M) int {
	dir, err := os.MkdirTemp("", "godwit-path-")
	if err != nil {
		panic(err)
	}
	defer os.RemoveAll(dir)
	self, err := os.Executable()
	if err == nil {
		err = os.Symlink(self, filepath.Join(dir, "godwit"))
	}
	if folder := memory.Folder(); err == nil && folder != "" {
		err = os.Setenv("TMPDIR", folder) // ledgers of tests need not survive the machine
	}
	if err == nil {
		err = os.Setenv("PATH", dir+string(filepath.ListSeparator)+os.Getenv("PATH"))
	}
	if err != nil {
		panic(err)
	}
	code := m.Run()
	// In the slow suite each test kills at all points that its own work passes.
	if missing := spared(); code == 0 && whole() && os.Getenv("GODWIT_SLOW") == "" && len(missing) > 0 {
		fmt.Fprintln(os.Stderr, "no test kills at", strings.Join(missing, ", "))
		return 1
	}
	return code
}

// said is what a command wrote and how it ended.
type said struct {
	out, err string
	code     int
}

// command runs godwit in a folder.
func command(t testing.TB, dir string, env []string, args ...string) said {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "godwit", args...)
	var out, errs bytes.Buffer
	cmd.Dir, cmd.Env, cmd.Stdout, cmd.Stderr = dir, slices.Concat(os.Environ(), env), &out, &errs
	err := cmd.Run()
	var e *exec.ExitError
	if err != nil && !errors.As(err, &e) {
		t.Fatal(err)
	}
	return said{out.String(), errs.String(), cmd.ProcessState.ExitCode()}
}

// ends expects an exit code.
func (s said) ends(t testing.TB, code int) said {
	t.Helper()
	if s.code != code {
		t.Fatalf("exit %d, want %d:\n%s%s", s.code, code, s.out, s.err)
	}
	return s
}

// A reader that has seen enough, as head has, is no fault to speak of.
func TestReaderGone(t *testing.T) {
	t.Parallel()
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := r.Close(); err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	cmd := exec.CommandContext(t.Context(), "godwit", "explain", "events")
	var errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = w, &errs
	if err := cmd.Run(); err == nil || errs.Len() > 0 {
		t.Fatalf("%v: %s", err, &errs)
	}
}

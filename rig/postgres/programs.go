package postgres

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// Oldest is the first major version that will do.
const Oldest = 15

// ErrNotInstalled says that no suitable programs of PostgreSQL were found.
var ErrNotInstalled = errors.New("no PostgreSQL server 15 or newer found: install it " +
	"(Debian, Ubuntu: apt-get install postgresql; macOS: brew install postgresql@17) " +
	"or set PGBIN to the folder that holds initdb and postgres")

// Programs is a folder with the programs of one version of PostgreSQL.
type Programs struct {
	Dir     string
	Version string // such as "15.18"
	Major   int
}

// Find looks for programs in PGBIN, where pg_config says, in the folders of
// Debian (newest first) and Homebrew, and in PATH. PGBIN, when set, must hold
// good ones. It fails with ErrNotInstalled, naming what was too old. It starts
// short-lived programs only and may be called often.
func Find(ctx context.Context) (Programs, error) {
	if dir := os.Getenv("PGBIN"); dir != "" {
		p, err := inspect(ctx, dir)
		if err != nil {
			return Programs{}, fmt.Errorf("PGBIN=%s: %w", dir, err)
		}
		return p, nil
	}
	var refused []error
	for _, dir := range candidates(ctx) {
		p, err := inspect(ctx, dir)
		if err == nil {
			return p, nil
		}
		if !errors.Is(err, os.ErrNotExist) {
			refused = append(refused, err)
		}
	}
	return Programs{}, errors.Join(append([]error{ErrNotInstalled}, refused...)...)
}

// Path is the full name of a program such as psql; it need not exist.
func (p Programs) Path(program string) string { return filepath.Join(p.Dir, program) }

// candidates are the folders to look in, best first.
func candidates(ctx context.Context) []string {
	var dirs []string
	if out, err := exec.CommandContext(ctx, "pg_config", "--bindir").Output(); err == nil {
		dirs = append(dirs, strings.TrimSpace(string(out)))
	}
	for _, pattern := range []string{
		"/usr/lib/postgresql/*/bin",
		"/opt/homebrew/opt/postgresql@*/bin",
		"/usr/local/opt/postgresql@*/bin",
		"/usr/pgsql-*/bin",
	} {
		found, _ := filepath.Glob(pattern) // the patterns are well-formed
		slices.SortFunc(found, func(a, b string) int { return majorIn(b) - majorIn(a) })
		dirs = append(dirs, found...)
	}
	if path, err := exec.LookPath("initdb"); err == nil {
		dirs = append(dirs, filepath.Dir(path))
	}
	return dirs
}

var number = regexp.MustCompile(`\d+`)

// majorIn is the last number in a folder's name, the version in all patterns.
func majorIn(dir string) int {
	all := number.FindAllString(dir, -1)
	if len(all) == 0 {
		return 0
	}
	n, _ := strconv.Atoi(all[len(all)-1])
	return n
}

var version = regexp.MustCompile(`\(PostgreSQL\) ((\d+)\S*)`)

// inspect reads the version of the programs in a folder.
func inspect(ctx context.Context, dir string) (Programs, error) {
	for _, program := range []string{"initdb", "postgres", "psql", "pg_basebackup"} {
		if _, err := os.Stat(filepath.Join(dir, program)); err != nil {
			return Programs{}, err
		}
	}
	out, err := exec.CommandContext(ctx, filepath.Join(dir, "postgres"), "--version").Output()
	if err != nil {
		return Programs{}, fmt.Errorf("ask %s for its version: %w", filepath.Join(dir, "postgres"), err)
	}
	found := version.FindStringSubmatch(string(out))
	if found == nil {
		return Programs{}, fmt.Errorf("version of %s: unknown words %q", filepath.Join(dir, "postgres"), out)
	}
	major, _ := strconv.Atoi(found[2])
	if major < Oldest {
		return Programs{}, fmt.Errorf("PostgreSQL %s in %s is too old", found[1], dir)
	}
	return Programs{Dir: dir, Version: found[1], Major: major}, nil
}

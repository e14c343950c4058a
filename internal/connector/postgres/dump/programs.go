package dump

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"godwit/internal/fault"
)

// Programs is a folder that holds pg_dump and pg_restore of one version.
type Programs struct {
	Dir     string
	Version string // "15.18"
	Major   int
}

// Find looks for programs in PGBIN, where pg_config says, in the folders of
// Debian and Homebrew (newest first) and in PATH, and takes the first ones
// that can read a server of the given major version: pg_dump refuses newer
// servers than itself. The error is of kind config, code tools.version, and
// says what was found and how to install what is needed.
func Find(ctx context.Context, major int) (Programs, error) {
	var found []string
	for _, dir := range candidates(ctx) {
		p, ok := inspect(ctx, dir)
		if ok && p.Major >= major {
			return p, nil
		}
		if ok {
			found = append(found, p.Version+" in "+p.Dir)
		}
	}
	e := fault.New(fault.Config, "tools.version",
		"no pg_dump of version %d or newer, which is needed to read the definitions", major)
	for _, f := range found {
		e = e.With("found", "%s", f)
	}
	return Programs{}, e.
		Hint("Debian, Ubuntu: apt-get install postgresql-client-%d; macOS: brew install postgresql@%d", major, major).
		Hint("or set PGBIN to the folder that holds pg_dump and pg_restore")
}

// candidates are the folders to look in, best first.
func candidates(ctx context.Context) []string {
	if dir := os.Getenv("PGBIN"); dir != "" {
		return []string{dir}
	}
	var dirs []string
	if out, err := answer(ctx, "pg_config", "--bindir"); err == nil {
		dirs = append(dirs, strings.TrimSpace(out))
	}
	for _, pattern := range []string{
		"/usr/lib/postgresql/*/bin",
		"/opt/homebrew/opt/postgresql@*/bin",
		"/opt/homebrew/opt/libpq/bin",
		"/usr/local/opt/postgresql@*/bin",
		"/usr/pgsql-*/bin",
	} {
		some, _ := filepath.Glob(pattern) // the patterns are well-formed
		slices.SortFunc(some, func(a, b string) int { return majorIn(b) - majorIn(a) })
		dirs = append(dirs, some...)
	}
	if path, err := exec.LookPath("pg_dump"); err == nil {
		dirs = append(dirs, filepath.Dir(path))
	}
	return dirs
}

var number = regexp.MustCompile(`\d+`)

// majorIn is the last number in a folder's name: its version in all patterns.
func majorIn(dir string) int {
	all := number.FindAllString(dir, -1)
	if len(all) == 0 {
		return 0
	}
	n, _ := strconv.Atoi(all[len(all)-1])
	return n
}

var version = regexp.MustCompile(`\(PostgreSQL\) ((\d+)\S*)`)

// inspect asks the programs of a folder for their version. A folder without
// both of them, or with something else of that name, is not one.
func inspect(ctx context.Context, dir string) (Programs, bool) {
	if _, err := os.Stat(filepath.Join(dir, "pg_restore")); err != nil {
		return Programs{}, false
	}
	out, err := answer(ctx, filepath.Join(dir, "pg_dump"), "--version")
	if err != nil {
		return Programs{}, false
	}
	m := version.FindStringSubmatch(out)
	if m == nil {
		return Programs{}, false
	}
	major, _ := strconv.Atoi(m[2])
	return Programs{Dir: dir, Version: m[1], Major: major}, true
}

// question is what was asked of a program, as its file was then.
type question struct {
	path, arg string
	size      int64
	changed   time.Time
}

// answers are those that this process has had. A copy reads definitions four times, and
// Debian's pg_config alone is five processes.
var answers sync.Map // of question to string

// answer is what a program says to one argument. It is asked again when its file has
// changed, or when it failed.
func answer(ctx context.Context, program, arg string) (string, error) {
	path, err := exec.LookPath(program)
	if err != nil {
		return "", err
	}
	file, err := os.Stat(path)
	if err != nil {
		return "", err
	}
	q := question{path, arg, file.Size(), file.ModTime()}
	if known, ok := answers.Load(q); ok {
		return known.(string), nil
	}
	out, err := exec.CommandContext(ctx, path, arg).Output()
	if err == nil {
		answers.Store(q, string(out))
	}
	return string(out), err
}

func (p Programs) path(program string) string { return filepath.Join(p.Dir, program) }

// Package built builds the project's programs for tests, into bin of its folder.
package built

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"sync"

	"godwit/data"
)

var one sync.Mutex // at a time: the file's name is this process's

// Program is the file that a package of the project was built to, such as
// Program("godwit-points", "./cmd/godwit", "-tags", "points"). It is built from a copy of
// the one before, which go build leaves as it is when nothing has changed: linking is
// most of the time. It is put in place by a rename: another process may be running the
// one before, or building the same.
func Program(name, of string, flags ...string) (string, error) {
	root, err := data.Root()
	if err != nil {
		return "", err
	}
	one.Lock()
	defer one.Unlock()
	path := filepath.Join(root, "bin", name)
	fresh := fmt.Sprintf("%s.%d", path, os.Getpid())
	if before, err := os.ReadFile(path); err == nil {
		_ = os.WriteFile(fresh, before, 0o755) // else it is built anew
	}
	build := exec.Command("go", append(append([]string{"build"}, flags...), "-o", fresh, of)...)
	build.Dir = root
	if said, err := build.CombinedOutput(); err != nil {
		_ = os.Remove(fresh)
		return "", fmt.Errorf("build %s: %w: %s", of, err, said)
	}
	return path, os.Rename(fresh, path)
}

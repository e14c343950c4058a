package postgres

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
)

// ErrFolder says that the account that runs PostgreSQL cannot enter Options.Dir.
var ErrFolder = errors.New("PostgreSQL cannot work in this folder")

// longestSocket is what macOS takes for the path of a Unix socket, less than Linux.
const longestSocket = 103

// makeFolders makes the server's folder and, where that one's name is too long
// for a socket, another in /tmp.
func makeFolders(options Options, owner account) (base, socket string, err error) {
	parent, err := parentFolder(options.Dir, owner)
	if err != nil {
		return "", "", err
	}
	if base, err = makeFolder(parent, options.Name, owner); err != nil {
		return "", "", err
	}
	if len(filepath.Join(base, ".s.PGSQL.65535.lock")) <= longestSocket {
		return base, base, nil
	}
	if socket, err = makeFolder("/tmp", options.Name, owner); err != nil {
		return "", "", errors.Join(err, os.RemoveAll(base))
	}
	return base, socket, nil
}

// makeFolder makes a new folder that belongs to the account.
func makeFolder(parent, name string, owner account) (string, error) {
	dir, err := os.MkdirTemp(parent, "godwit-pg-"+name+"-")
	if err != nil {
		return "", err
	}
	if err := errors.Join(os.Chmod(dir, 0o755), owner.own(dir)); err != nil {
		return "", errors.Join(err, os.Remove(dir))
	}
	return dir, nil
}

// parentFolder is the wanted folder, or the first usable one for temporary files.
func parentFolder(wanted string, owner account) (string, error) {
	if wanted != "" {
		return reachable(wanted, owner)
	}
	dir, err := reachable(os.TempDir(), owner)
	if err != nil {
		dir, err = reachable("/tmp", owner)
	}
	return dir, err
}

// reachable is the folder's full name, if the account may enter it and all above it.
func reachable(dir string, owner account) (string, error) {
	full, err := filepath.Abs(dir)
	if err != nil {
		return "", err
	}
	for at := full; ; at = filepath.Dir(at) {
		ok, err := owner.enters(at)
		if err != nil {
			return "", err
		}
		if !ok {
			return "", fmt.Errorf("%w: account %s may not enter %s", ErrFolder, owner.name, at)
		}
		if at == filepath.Dir(at) {
			return full, nil
		}
	}
}

// tail is the end of a file, empty when it cannot be read.
func tail(file string, size int64) string {
	f, err := os.Open(file)
	if err != nil {
		return ""
	}
	defer f.Close()
	if end, err := f.Seek(0, io.SeekEnd); err == nil {
		_, _ = f.Seek(max(0, end-size), io.SeekStart) // at worst the whole file is read
	}
	text, _ := io.ReadAll(f)
	return string(text)
}

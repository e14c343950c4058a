package source

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"

	"godwit/internal/nearest"
)

// maxFile bounds a file of a project: it becomes part of what a run freezes.
const maxFile = 8 << 20

// Files are those that a flow is made of. Each is read once, so that what is
// decoded later is what was checked and hashed. Not safe for concurrent use:
// who shares them clones them.
type Files struct {
	dir  string
	Sums map[string]string // sha256 in hex by path in the project
	Data map[string][]byte // what was read, by path
	// Roots are the values in the files that values name, for positions.
	Roots map[*Node]*Node
	// Closed files are all that there are: the disk is not asked.
	Closed bool
}

// NewFiles reads below a folder.
func NewFiles(dir string) *Files {
	return &Files{dir: dir, Sums: map[string]string{}, Data: map[string][]byte{}, Roots: map[*Node]*Node{}}
}

// Clone shares what was read, for another goroutine.
func (f *Files) Clone() *Files {
	return &Files{dir: f.dir, Sums: maps.Clone(f.Sums), Data: maps.Clone(f.Data), Roots: map[*Node]*Node{}, Closed: f.Closed}
}

// Read gives a file's content and notes its hash. Path is relative to the
// project, or absolute.
func (f *Files) Read(path string) ([]byte, error) {
	if data, ok := f.Data[path]; ok {
		return data, nil
	}
	if f.Closed {
		return nil, fs.ErrNotExist
	}
	full := path
	if !filepath.IsAbs(path) {
		full = filepath.Join(f.dir, filepath.FromSlash(path))
	}
	switch s, err := os.Stat(full); {
	case err != nil:
		return nil, err
	case !s.Mode().IsRegular():
		return nil, errors.New("it is no file")
	case s.Size() > maxFile:
		return nil, fmt.Errorf("it is larger than %d MiB", maxFile>>20)
	}
	data, err := os.ReadFile(full)
	if err != nil {
		return nil, err
	}
	sum := sha256.Sum256(data)
	f.Data[path], f.Sums[path] = data, hex.EncodeToString(sum[:])
	return data, nil
}

// YAML parses a file. It returns nil when there is none, or nothing can be
// made of it.
func (f *Files) YAML(l *Problems, path string) *Node {
	data, err := f.Read(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		l.Add(Spot{Pos: Pos{File: path}}, "flow.file", "the file cannot be read: "+Cause(err))
		return nil
	}
	return Parse(path, data, l)
}

// Cause is an error of the file system without the path, which is shown
// anyway.
func Cause(err error) string {
	if e := (*fs.PathError)(nil); errors.As(err, &e) {
		err = e.Err
	}
	return err.Error()
}

// Near is the next step for a file that is not there.
func (f *Files) Near(path string) string {
	dir, base := filepath.Split(filepath.FromSlash(path))
	entries, _ := os.ReadDir(filepath.Join(f.dir, dir)) // without the folder there is no hint
	var names []string
	for _, e := range entries {
		names = append(names, e.Name())
	}
	if name := nearest.Name(base, names); name != "" {
		return "did you mean " + filepath.ToSlash(dir) + name + "?"
	}
	return "paths are relative to godwit.yaml"
}

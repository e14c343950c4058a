// Package data finds the public data sets of this folder, which nobody of the
// project wrote: see README.md. Only tests, rig and demo use it.
package data

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
)

// Root is the project's root folder: the first one with a go.mod at or above
// the working directory, which for tests is always inside the project. It fails
// when this program runs somewhere else.
func Root() (string, error) {
	dir, err := os.Getwd()
	if err != nil {
		return "", fmt.Errorf("find the project's root: %w", err)
	}
	for ; ; dir = filepath.Dir(dir) {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			return dir, nil
		}
		if dir == filepath.Dir(dir) {
			return "", errors.New("find the project's root: no go.mod here or above: run this inside the project's folder")
		}
	}
}

// Path is the full name of a file here: Path("pagila/pagila.sql"). It fails
// when there is no such file.
func Path(name string) (string, error) {
	root, err := Root()
	if err != nil {
		return "", err
	}
	path := filepath.Join(root, "data", filepath.FromSlash(name))
	if _, err := os.Stat(path); err != nil {
		return "", fmt.Errorf("data set: %w", err)
	}
	return path, nil
}

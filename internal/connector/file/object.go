package file

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"os"

	"godwit/internal/connector"
	"godwit/internal/fault"
)

var _ connector.ObjectOpener = (*Endpoint)(nil)

// OpenObject is the connector.ObjectOpener's: a file inside of the folder.
func (e *Endpoint) OpenObject(_ context.Context, name string) (io.ReadCloser, error) {
	root, err := os.OpenRoot(e.dir)
	if err != nil {
		return nil, fault.New(fault.Config, "database.missing", "%w", err)
	}
	defer root.Close()
	f, err := root.Open(name)
	var info fs.FileInfo
	if err == nil {
		if info, err = f.Stat(); err == nil && info.IsDir() {
			err = errors.Join(errors.New("it is a folder"), f.Close())
		}
	}
	if err != nil {
		return nil, fault.New(fault.Data, "object.unknown", "open %q of %s: %w", name, e.name, err).
			Hint("see the object's name in the call, and what the connection holds")
	}
	return f, nil
}

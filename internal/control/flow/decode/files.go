package decode

import (
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"

	"godwit/internal/control/flow/source"
)

// open reads a file of the project that a value names, and gives its path as
// it is known by.
func (d *Decoder) Open(n *Node, text, where string) (path string, data []byte, ok bool) {
	path = filepath.ToSlash(filepath.Clean(text))
	switch {
	case d.Files == nil:
		d.Add(n.Spot, "flow.file", where+": a file cannot be named here")
		return "", nil, false
	case !filepath.IsLocal(filepath.FromSlash(path)):
		d.Add(n.Spot, "flow.value", fmt.Sprintf("%s: %s leaves the project", where, source.Quote(text)), "put the file below "+ProjectFile)
		return "", nil, false
	}
	data, err := d.Files.Read(path)
	if d.Later != nil {
		d.Later.Read = append(d.Later.Read, path)
	}
	switch {
	case errors.Is(err, fs.ErrNotExist):
		d.Add(n.Spot, "flow.file", fmt.Sprintf("%s: there is no file %s", where, source.Quote(path)), d.Files.Near(path))
	case err != nil:
		d.Add(n.Spot, "flow.file", fmt.Sprintf("%s: %s cannot be read: %s", where, source.Quote(path), source.Cause(err)))
	}
	return path, data, err == nil
}

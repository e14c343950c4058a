package file

import (
	"context"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"godwit/internal/catalog"
	"godwit/internal/connector"
	"godwit/internal/fault"
	"godwit/internal/nearest"
)

// Endpoint is a folder, safe for concurrent use.
type Endpoint struct {
	connector.OwnPace
	name string
	dir  string
}

var (
	_ connector.Inspector    = (*Endpoint)(nil)
	_ connector.Examiner     = (*Endpoint)(nil)
	_ connector.RecordSource = (*Endpoint)(nil)
	_ connector.Objects      = (*Endpoint)(nil)
)

// Open makes an endpoint. The folder is not looked at before it is used.
func Open(name string, s *Settings) (*Endpoint, error) {
	if s.Dir == "" {
		return nil, fault.New(fault.Config, "settings.invalid", "connection %q: dir is missing", name)
	}
	dir, err := filepath.Abs(s.Dir)
	if err != nil {
		return nil, fault.New(fault.Config, "settings.invalid", "connection %q: %w", name, err)
	}
	return &Endpoint{connector.AnyPace(name), name, dir}, nil
}

// Close is the connector.Endpoint's.
func (*Endpoint) Close() error { return nil }

// HoldsObjects is the connector.Objects'.
func (*Endpoint) HoldsObjects() {}

// Inspect is the connector.Inspector's.
func (e *Endpoint) Inspect(context.Context, catalog.Selection) (*catalog.Database, error) {
	if _, err := os.Stat(e.dir); err != nil {
		return nil, fault.New(fault.Config, "database.missing", "inspect %s: %w", e.name, err)
	}
	return &catalog.Database{System: System, Name: filepath.Base(e.dir), ID: System + " " + e.dir}, nil
}

// Examine is the connector.Examiner's: what can be wrong with files is found when they
// are described.
func (*Endpoint) Examine(context.Context, string, catalog.Facts) ([]connector.Finding, error) {
	return nil, nil
}

// object is one file, as it was when it was found.
type object struct {
	Name   string `json:"file"`
	Size   int64  `json:"size"`
	Time   int64  `json:"time"` // of its last change, ns
	format string
}

// objects are the files of a query, by name in the order of bytes.
func (e *Endpoint) objects(q connector.Query) ([]object, error) {
	if q.Objects == "" {
		return nil, fault.New(fault.Config, "query.invalid", "files are read, not tables or queries").
			Hint("write from: {at: %s, objects: \"*.csv\"}", e.name)
	}
	root, err := os.OpenRoot(e.dir)
	if err != nil {
		return nil, fault.New(fault.Config, "database.missing", "%w", err)
	}
	defer root.Close()
	names, err := fs.Glob(root.FS(), path.Clean(q.Objects))
	if err != nil || !fs.ValidPath(path.Clean(q.Objects)) {
		return nil, fault.New(fault.Config, "query.invalid", "%q is no name or pattern of files inside of the folder", q.Objects)
	}
	slices.Sort(names)
	var list []object
	for _, name := range names {
		info, err := root.Stat(name)
		if err != nil {
			return nil, fault.New(fault.Config, "query.invalid", "%w", err)
		}
		if info.IsDir() {
			continue
		}
		o := object{Name: name, Size: info.Size(), Time: info.ModTime().UnixNano(), format: q.Format}
		if o.format == "" {
			if o.format = formatOf(name); o.format == "" {
				return nil, fault.New(fault.Config, "query.invalid", "what %s holds is not told by its name", name).
					Hint("write format: csv, ndjson or json")
			}
		}
		list = append(list, o)
	}
	if len(list) == 0 {
		return nil, fault.New(fault.Config, "query.invalid", "no file is %s", q.Objects).Hint("%s", e.others(root.FS(), path.Clean(q.Objects)))
	}
	return list, nil
}

// others says what is there instead of a file that is not.
func (e *Endpoint) others(root fs.FS, wanted string) string {
	there, _ := fs.Glob(root, path.Join(path.Dir(wanted), "*"))
	if near := nearest.Name(wanted, there); near != "" {
		return "did you mean " + near + "?"
	}
	if len(there) == 0 {
		return "there is nothing in " + path.Join(e.dir, path.Dir(wanted))
	}
	return "there are in " + path.Join(e.dir, path.Dir(wanted)) + ": " + strings.Join(there[:min(5, len(there))], ", ")
}

// Formats.
const (
	formatCSV    = "csv"
	formatNDJSON = "ndjson"
	formatJSON   = "json"
)

func formatOf(name string) string {
	name = strings.ToLower(name)
	for _, packed := range []string{".gz", ".zst", ".zstd"} {
		name = strings.TrimSuffix(name, packed)
	}
	return map[string]string{".csv": formatCSV, ".ndjson": formatNDJSON, ".jsonl": formatNDJSON, ".json": formatJSON}[path.Ext(name)]
}

// open opens a file if it is still the one that was found.
func (e *Endpoint) open(o object) (io.ReadSeekCloser, error) {
	root, err := os.OpenRoot(e.dir)
	if err != nil {
		return nil, fault.New(fault.Config, "database.missing", "%w", err)
	}
	defer root.Close()
	f, err := root.Open(o.Name)
	if err != nil {
		return nil, fault.New(fault.Config, "right.read", "%w", err)
	}
	if info, err := f.Stat(); err != nil || info.Size() != o.Size || info.ModTime().UnixNano() != o.Time {
		f.Close()
		return nil, changed(o)
	}
	return f, nil
}

func changed(o object) error {
	return fault.New(fault.Data, "source.changed", "%s was changed while it was read", o.Name).
		Hint("keep the files still while they are read, then start again")
}

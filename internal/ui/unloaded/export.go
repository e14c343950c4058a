package unloaded

import (
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"

	"godwit/internal/control/flow"
	"godwit/internal/control/run"
	"godwit/internal/fault"
	"godwit/internal/ui/report"
)

// File is a list that was written.
type File struct {
	Name   string `json:"file"`
	Owner  string `json:"owner"`
	Issues int64  `json:"issues"`
}

// Exported says which lists were written.
type Exported struct {
	Run   string
	Files []File
}

// Draw is Screen's.
func (e Exported) Draw(int) []string {
	if len(e.Files) == 0 {
		return []string{e.Run + " has no open issues: nothing was written."}
	}
	lines := make([]string, 0, len(e.Files))
	for _, f := range e.Files {
		lines = append(lines, f.Name+"   "+strconv.FormatInt(f.Issues, 10))
	}
	return lines
}

// Value is what programs are given.
func (e Exported) Value() any {
	files := e.Files
	if files == nil {
		files = []File{}
	}
	return map[string]any{"run": e.Run, "files": files}
}

// columns of a list: the same in each run, so that its readers can keep notes
// beside them.
var columns = []report.Column{{Name: "key"}, {Name: "entity"}, {Name: "field"}, {Name: "rule"}, {Name: "severity"},
	{Name: "what is wrong"}, {Name: "value"}, {Name: "what to do"}, {Name: "state"}, {Name: "first seen"}, {Name: "last seen"},
	{Name: "run"}, {Name: "number", Numbers: true}, {Name: "link"}}

func cells(i run.Issue, owner flow.Owner) []string {
	number := ""
	if i.Exception != 0 {
		number = strconv.FormatInt(i.Exception, 10)
	}
	return []string{i.Key, i.Entity, i.Field, i.Rule, i.Severity, i.Text, i.Value, i.Hint, i.State,
		i.First.UTC().Format(time.RFC3339), i.Last.UTC().Format(time.RFC3339), i.Run, number, owner.LinkTo(i.Key)}
}

// list is a file that is being written.
type list struct {
	File
	file  *os.File
	sheet *report.Sheet
}

// Export writes issues into a folder, one CSV file per owner, with the links of
// those that the project knows. Next gives them
// by id from behind one on, a page at a time; an empty page is the end.
func Export(dir string, owners map[string]flow.Owner, next func(after int64) ([]run.Issue, error)) (files []File, err error) {
	if err := os.MkdirAll(dir, 0o777); err != nil {
		return nil, fault.Wrap(err, "csv folder")
	}
	lists := map[string]*list{}
	defer func() {
		for _, l := range lists {
			if e := l.close(); err == nil {
				err = e
			}
			files = append(files, l.File)
		}
		slices.SortFunc(files, func(a, b File) int { return strings.Compare(a.Name, b.Name) })
	}()
	for after := int64(0); ; {
		page, err := next(after)
		if err != nil || len(page) == 0 {
			return nil, err
		}
		for _, i := range page {
			after = i.ID
			l := lists[i.Owner]
			if l == nil {
				if l, err = create(dir, i.Owner, lists); err != nil {
					return nil, err
				}
				lists[i.Owner] = l
			}
			if err := l.sheet.Add(cells(i, owners[i.Owner])); err != nil {
				return nil, fault.Wrap(err, "write %s", l.Name)
			}
			l.Issues++
		}
	}
}

func create(dir, owner string, lists map[string]*list) (*list, error) {
	name := fileOf(owner)
	taken := func(n string) bool {
		for _, l := range lists {
			if strings.EqualFold(filepath.Base(l.Name), n+".csv") {
				return true
			}
		}
		return false
	}
	free := name
	for n := 2; taken(free); n++ {
		free = name + "-" + strconv.Itoa(n)
	}
	l := &list{File: File{Name: filepath.Join(dir, free+".csv"), Owner: owner}}
	var err error
	if l.file, err = os.Create(l.Name); err != nil {
		return nil, fault.Wrap(err, "write")
	}
	if l.sheet, err = report.NewSheet(l.file, columns); err != nil {
		l.file.Close()
		return nil, fault.Wrap(err, "write %s", l.Name)
	}
	return l, nil
}

func (l *list) close() error {
	err := l.sheet.Flush()
	if e := l.file.Close(); err == nil {
		err = e
	}
	return fault.Wrap(err, "write %s", l.Name)
}

// fileOf is an owner as the name of a file.
func fileOf(owner string) string {
	name := strings.Map(func(r rune) rune {
		if r == '-' || r == '_' || r == '.' || r == '@' || unicode.IsLetter(r) || unicode.IsDigit(r) {
			return r
		}
		return '_'
	}, owner)
	if name = strings.TrimLeft(name, "."); name == "" {
		return "no-owner"
	}
	return name
}

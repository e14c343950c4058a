package report

import (
	"encoding/csv"
	"io"
	"os"
	"path/filepath"
	"strings"

	"godwit/internal/fault"
)

// CSV writes one file per list into a folder, which is made when it is not
// there: UTF-8 with byte order mark, CRLF, numbers without commas, times in
// UTC. Files of the same names are replaced. It returns their names.
func CSV(dir string, r Report) ([]string, error) {
	if err := os.MkdirAll(dir, 0o777); err != nil {
		return nil, fault.Wrap(err, "csv folder")
	}
	var names []string
	for _, t := range Tables(r) {
		name := filepath.Join(dir, t.ID+".csv")
		if err := csvFile(name, t); err != nil {
			return names, fault.Wrap(err, "write %s", name)
		}
		names = append(names, name)
	}
	return names, nil
}

func csvFile(name string, t Table) error {
	f, err := os.Create(name)
	if err != nil {
		return err
	}
	if err := WriteCSV(f, t); err != nil {
		f.Close()
		return err
	}
	return f.Close()
}

// WriteCSV writes one list; sums are left to the reader.
func WriteCSV(w io.Writer, t Table) error {
	sheet, err := NewSheet(w, t.Columns)
	if err != nil {
		return err
	}
	row := make([]string, len(t.Columns))
	for _, r := range t.Rows {
		for i, c := range r {
			row[i] = c.Value()
		}
		if err := sheet.Add(row); err != nil {
			return err
		}
	}
	return sheet.Flush()
}

// Sheet writes one list row by row, in the form that CSV describes.
type Sheet struct {
	out     *csv.Writer
	columns []Column
	row     []string
}

// NewSheet writes the names of the columns.
func NewSheet(w io.Writer, columns []Column) (*Sheet, error) {
	if _, err := io.WriteString(w, "\ufeff"); err != nil {
		return nil, err
	}
	s := &Sheet{csv.NewWriter(w), columns, make([]string, len(columns))}
	s.out.UseCRLF = true
	for i, c := range columns {
		s.row[i] = c.Name
	}
	return s, s.out.Write(s.row)
}

// Add writes a row. What a spreadsheet would compute is kept from it.
func (s *Sheet) Add(values []string) error {
	for i, v := range values {
		if s.row[i] = v; !s.columns[i].Numbers {
			s.row[i] = guarded(v)
		}
	}
	return s.out.Write(s.row)
}

// Flush ends the writing.
func (s *Sheet) Flush() error {
	s.out.Flush()
	return s.out.Error()
}

// guarded puts an apostrophe before what a spreadsheet would compute
// (https://owasp.org/www-community/attacks/CSV_Injection).
func guarded(s string) string {
	if s != "" && strings.ContainsRune("=+-@\t\r\n\uff1d\uff0b\uff0d\uff20", []rune(s)[0]) {
		return "'" + s
	}
	return s
}

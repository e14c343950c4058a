package hand

import (
	"encoding/csv"
	"errors"
	"io"
	"slices"
	"strings"

	"godwit/internal/fault"
)

var columns = []string{"key", "field", "value"}

// CSV reads edits out of a file with the columns key, field and value; keys are
// written as godwit dead list shows them. Faults: patch.csv, with the line.
func CSV(text io.Reader) ([]Edit, error) {
	r := csv.NewReader(text)
	r.FieldsPerRecord = -1
	head, err := r.Read()
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, fault.New(fault.Config, "patch.csv", "the file is no CSV: %w", err)
	}
	if len(head) > 0 {
		head[0] = strings.TrimPrefix(head[0], "\uFEFF")
	}
	if !slices.Equal(head, columns) {
		return nil, fault.New(fault.Config, "patch.csv", "line 1: the columns are key, field and value, not %q", strings.Join(head, ","))
	}
	var list []Edit
	for {
		row, err := r.Read()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, fault.New(fault.Config, "patch.csv", "the file is no CSV: %w", err)
		}
		line, _ := r.FieldPos(0)
		if len(row) != len(columns) {
			return nil, fault.New(fault.Config, "patch.csv", "line %d has %d columns, not key, field and value", line, len(row))
		}
		list = append(list, Edit{Line: line, Key: row[0], Field: row[1], Value: row[2]})
	}
	if len(list) == 0 {
		return nil, fault.New(fault.Config, "patch.csv", "the file names no field to change")
	}
	return list, nil
}

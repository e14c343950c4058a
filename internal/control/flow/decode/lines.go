package decode

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"

	"godwit/internal/control/flow/source"
	"godwit/internal/record"
)

// Lines reads the file of a for_each: each line is an item of texts, of which the one
// under key tells it from all others.
func (d *Decoder) Lines(n *Node, file, key string) (columns []string, rows []json.RawMessage) {
	path, data, ok := d.Open(n, file, "file in for_each")
	if !ok {
		return nil, nil
	}
	f, ok := source.Text(path, data, "flow.file", d.Problems)
	if !ok {
		return nil, nil
	}
	r := csv.NewReader(bytes.NewReader(data))
	columns, err := r.Read()
	at := slices.Index(columns, key)
	switch {
	case err == io.EOF:
		d.Add(f.Spot(1, 0, 1), "flow.file", "the file is empty", "its first line names the columns, among them "+key)
		return nil, nil
	case err != nil:
		source.BadLine(f, err, d.Problems)
		return nil, nil
	case at < 0:
		d.Add(f.Spot(1, 0, len(data)), "flow.file", fmt.Sprintf("the first line names no column %s, which tells the items apart", source.Quote(key)),
			"write key: COLUMN in for_each; columns: "+strings.Join(columns, ", "))
		return nil, nil
	}
	rows = []json.RawMessage{}
	first := map[string]int{} // line of a key
	for {
		line, err := r.Read()
		if err == io.EOF {
			return columns, rows
		}
		if err != nil {
			source.BadLine(f, err, d.Problems)
			return nil, nil
		}
		row, err := d.line(f, r, columns, line, at, first)
		if err != nil {
			d.Add(f.Spot(1, 0, 1), "flow.file", "a line cannot be an item: "+err.Error())
			return nil, nil
		}
		rows = append(rows, row)
	}
}

// line makes an item of a line, whose key must be there, and no other line's. First
// are the lines of the keys so far.
func (d *Decoder) line(f *source.File, r *csv.Reader, columns, line []string, at int, first map[string]int) (json.RawMessage, error) {
	key := line[at]
	number, column := r.FieldPos(at)
	switch before, twice := first[key]; {
	case key == "":
		d.Add(f.Spot(number, column-1, 1), "flow.value", "there is no "+columns[at]+" in this line, and it tells the items apart",
			"write one, or name another column: key: COLUMN in for_each")
	case twice:
		d.Add(f.Spot(number, column-1, len(key)), "flow.value", fmt.Sprintf("%s %s is in line %d already, and it tells the items apart", columns[at], source.Quote(key), before),
			"take one of the lines out, or name another column: key: COLUMN in for_each")
	default:
		first[key] = number
	}
	item := record.Object{}
	for i, name := range columns {
		item[name] = line[i]
	}
	return record.EncodeJSON(item)
}

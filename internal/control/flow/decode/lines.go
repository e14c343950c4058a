package decode

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"fmt"
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
	all, err := csv.NewReader(bytes.NewReader(data)).ReadAll()
	switch {
	case err != nil:
		d.Add(f.Spot(1, 0, 1), "flow.file", "not CSV: "+err.Error(), "every line has as many columns as the first")
		return nil, nil
	case len(all) == 0:
		d.Add(f.Spot(1, 0, 1), "flow.file", "the file is empty", "its first line names the columns, among them "+key)
		return nil, nil
	case !slices.Contains(all[0], key):
		d.Add(f.Spot(1, 0, len(data)), "flow.file", fmt.Sprintf("the first line names no column %s, which tells the items apart", source.Quote(key)),
			"write key: COLUMN in for_each; columns: "+strings.Join(all[0], ", "))
		return nil, nil
	}
	rows = make([]json.RawMessage, 0, len(all)-1)
	for _, line := range all[1:] {
		item := record.Object{}
		for i, name := range all[0] {
			item[name] = line[i]
		}
		row, err := record.EncodeJSON(item)
		if err != nil {
			d.Add(f.Spot(1, 0, 1), "flow.file", "a line cannot be an item: "+err.Error())
			return nil, nil
		}
		rows = append(rows, row)
	}
	return all[0], rows
}

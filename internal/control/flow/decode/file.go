package decode

import (
	"fmt"
	"reflect"
	"slices"
	"strings"

	"godwit/internal/control/flow/source"
)

// file decodes the file that a value names into the key's struct. What is
// wrong in it is shown there.
func (d *Decoder) file(n *Node, v reflect.Value, k Key, l *Level) {
	where := fmt.Sprintf("%s in %s", k.Name, l.Name)
	if n.Shape != source.Scalar {
		d.Add(n.Spot, "flow.type", fmt.Sprintf("%s is the path of a file, not %s", where, Described(n)), "write "+k.Name+": PATH, relative to "+ProjectFile)
		return
	}
	text, ok := d.text(n, Key{Kind: Path}, where)
	if !ok {
		return
	}
	path, data, ok := d.Open(n, text, where)
	if !ok {
		return
	}
	if slices.Contains(d.within, path) {
		d.Add(n.Spot, "flow.file", fmt.Sprintf("%s: %s is the file that this stands in", where, path), "a file cannot hold itself")
		return
	}
	root := source.Parse(path, data, d.Problems)
	if root == nil {
		return
	}
	inner := *d
	inner.within = append(slices.Clone(d.within), path)
	if k.Bare {
		inner.Scope = nil
	}
	v.Set(reflect.New(k.Of))
	inner.Group(root, v.Elem(), &Level{Name: path, Keys: k.Keys(), Planned: Planned[k.Base()]}, root.Spot)
	d.Files.Roots[n] = root
}

// Statement reads the file of a sql that ends in .sql. Its text is sent as it
// stands there; ${...} is refused, since it would not be filled in.
func (d *Decoder) Statement(n *Node, where string) (string, bool) {
	path, data, ok := d.Open(n, n.Text, where)
	if !ok {
		return "", false
	}
	f, ok := source.Text(path, data, "flow.file", d.Problems)
	if !ok {
		return "", false
	}
	text := string(data)
	if strings.TrimSpace(text) == "" {
		d.Add(f.Spot(1, 0, 1), "flow.file", "the file holds no statement")
		return "", false
	}
	for number, line := range slices.Collect(strings.Lines(text)) {
		i := strings.Index(line, "${")
		if i < 0 || i > 0 && line[i-1] == '$' { // $${...}$$ is a text of PostgreSQL
			continue
		}
		d.Add(f.Spot(number+1, i, 2), "flow.expr", "values are not pasted into sql", "bind it: with: {name: expression}, and :name here")
		return "", false
	}
	d.Later.mentioned(SQL, text)
	d.asked = append(d.asked, asked{where, text, func(part string, at int) source.Spot {
		before := text[:at]
		return f.Spot(strings.Count(before, "\n")+1, at-strings.LastIndex(before, "\n")-1, len(part))
	}})
	return text, true
}

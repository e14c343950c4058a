package mapping

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"slices"
	"strings"

	"godwit/internal/catalog"
)

// meaning counts the changes of what maps mean: another value is another
// version of every map.
const meaning = 1

// version hashes a map without what is only said to people, its lookups, what
// it is given, and the types it writes.
func version(m *Map, in Input) string {
	plain := *m
	plain.At, plain.Lookups = "", map[string]Lookup{}
	for name, l := range m.Lookups {
		plain.Lookups[name] = Lookup{Values: l.Values, Sum: l.Sum}
	}
	plain.Fields = silent(m.Fields)
	plain.Rows = slices.Clone(m.Rows)
	for i := range plain.Rows {
		plain.Rows[i].At, plain.Rows[i].Fields = "", silent(plain.Rows[i].Fields)
	}
	plain.Stubs = slices.Clone(m.Stubs)
	for i := range plain.Stubs {
		plain.Stubs[i].At, plain.Stubs[i].Fields = "", silent(plain.Stubs[i].Fields)
	}
	plain.Rules = slices.Clone(m.Rules)
	for i := range plain.Rules {
		plain.Rules[i].At, plain.Rules[i].Hint = "", ""
	}
	type column struct {
		Name string
		Type catalog.Type
	}
	type table struct {
		Name    string
		Columns []column
	}
	var tables []table
	for _, t := range in.Tables {
		out := table{Name: t.Name.String()}
		for _, c := range t.Columns {
			out.Columns = append(out.Columns, column{c.Name, c.Type})
		}
		tables = append(tables, out)
	}
	text, err := json.Marshal(struct {
		Meaning int
		Map     Map
		Tables  []table
		Into    []string
		Key     []string
		Version string
		Env     map[string]any
	}{meaning, plain, tables, in.Into, in.Key, in.Version, given(m, in.Env)})
	if err != nil {
		panic("encode a map: " + err.Error())
	}
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:])
}

// silent copies fields without positions and without what only matters to
// people.
func silent(fields []Field) []Field {
	out := slices.Clone(fields)
	for i := range out {
		out[i].At, out[i].Printable, out[i].Fields = "", false, silent(out[i].Fields)
	}
	return out
}

// given are the inputs and vars, as far as an expression names them.
func given(m *Map, env map[string]any) map[string]any {
	text, err := json.Marshal(m)
	if err != nil {
		panic("encode a map: " + err.Error())
	}
	used := map[string]any{}
	for scope, v := range env {
		values, ok := v.(map[string]any)
		if !ok {
			continue
		}
		for name, value := range values {
			if strings.Contains(string(text), scope) && strings.Contains(string(text), name) {
				used[scope+"."+name] = value
			}
		}
	}
	return used
}

package flow_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"godwit/internal/control/flow"
)

// TestForms reads steps of a verb that has two forms: the keys below it say
// which one is meant, and a key of the other one is told as that.
func TestForms(t *testing.T) {
	t.Parallel()
	for step, want := range map[string]string{
		"{from: old, to: new}": "verify",
		"{from: {at: old}, to: new, include: ['a.*'], workers: 2}":                                                                            "verify",
		"{from: {at: old, table: a.b}, to: {at: new, table: a.b}}":                                                                            "parity",
		"{from: {at: old, query: 'select 1 as id'}, process: processes/p.yaml}":                                                               "parity",
		"{from: {at: old, table: a.b}, key: id, map: maps/m.yaml, to: {at: new, table: a.b, mode: merge}, sample: 5%, where: {a.b: 'x = 1'}}": "parity",
		"{from: old, to: new, sample: 5%}":                                                                                                    "from needs a table, a query, objects or a request",
		"{from: old, to: new, include: ['a.*'], process: processes/p.yaml}":                                                                   "process does not go with the other keys of this verify",
		"{from: {at: old, table: a.b}, process: processes/p.yaml, exclude: ['a.*']}":                                                          "exclude does not go with the other keys of this verify",
		"{from: old, to: new, inklude: ['a.*']}":                                                                                              `unknown key "inklude" in verify`,
		"{from: {at: old, table: a.b}, process: processes/p.yaml, repair: true}":                                                              "repair is for what was given to an API by calls",
		"{from: {at: old, table: a.b}, process: processes/p.yaml, where: {c.d: 'true'}}":                                                      "records of this process do not go into c.d, but into a.b",
		"{from: {at: old, table: a.b}, process: processes/p.yaml, sample: 0%}":                                                                "sample is a share of more than 0 %",
	} {
		dir := t.TempDir()
		for name, text := range map[string]string{
			"godwit.yaml":      "connections:\n  old: {postgres: {host: a}}\n  new: {postgres: {host: b}}\n",
			"processes/p.yaml": "key: id\nmap: maps/m.yaml\nto: {at: new, table: a.b}\n",
			"maps/m.yaml":      "fields: {id: {from: id}}\n",
			"flows/f.yaml":     "steps:\n  - verify: " + step + "\n  - verify: " + step + "\n",
		} {
			path := filepath.Join(dir, name)
			if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		p, _ := flow.Load(dir, built())
		f, wrong := p.Flow("f")
		var b *flow.Bound
		if len(wrong) == 0 {
			b, wrong = f.Bind(nil, "")
		}
		if len(wrong) > 0 {
			if !strings.Contains(wrong.Error(), want) {
				t.Errorf("%s: %v, want %q", step, wrong, want)
			}
			continue
		}
		if b.Steps[0].Verb != want || b.Steps[0].ID != "verify" || b.Steps[1].ID != "verify-2" {
			t.Errorf("%s: %s is the verb %s, want %s; the second is %s", step, b.Steps[0].ID, b.Steps[0].Verb, want, b.Steps[1].ID)
		}
	}
}

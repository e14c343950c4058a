package flow_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"godwit/internal/connector"
	"godwit/internal/connector/postgres"
	"godwit/internal/control/flow"
	"godwit/internal/unit"
	"godwit/internal/work/bulk"
	"godwit/internal/work/verify"

	"github.com/google/go-cmp/cmp"
)

const (
	schemaFile = "../../../docs/flow.schema.json"
	pageFile   = "../../../docs/language.md"
)

// built is the language as users have it.
func built() flow.Language {
	return flow.Language{
		Verbs:   []unit.Verb{bulk.Verb(), verify.Verb()},
		Systems: []connector.Connector{postgres.Connector()},
	}
}

// fresh compares a file of docs with what it is made from; -update writes it.
func fresh(t *testing.T, path, want string) {
	t.Helper()
	if flag.Lookup("update").Value.String() == "true" {
		if err := os.WriteFile(path, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(want, string(got)); d != "" {
		t.Errorf("%s is stale: go test ./internal/control/flow -update (-want +got):\n%s", path, d)
	}
}

func TestSchemaIsFresh(t *testing.T) {
	schema := flow.Schema(built())
	if !json.Valid(schema) {
		t.Fatal("the schema is no JSON")
	}
	fresh(t, schemaFile, string(schema))
}

var block = regexp.MustCompile(`(?s)(<!-- table: ([a-z ]+) -->\n).*?(<!-- end -->)`)

func TestPageIsFresh(t *testing.T) {
	page, err := os.ReadFile(pageFile)
	if err != nil {
		t.Fatal(err)
	}
	want := block.ReplaceAllFunc(page, func(b []byte) []byte {
		m := block.FindSubmatch(b)
		return bytes.Join([][]byte{m[1], []byte(table(t, string(m[2]))), m[3]}, nil)
	})
	for _, v := range built().Verbs {
		if !bytes.Contains(page, []byte("<!-- table: verb "+v.Name+" -->")) {
			t.Errorf("verb %s has no table", v.Name)
		}
	}
	fresh(t, pageFile, string(want))
}

// table makes the table of a name in the page.
func table(t *testing.T, name string) string {
	t.Helper()
	core := map[string]any{"project": flow.ProjectKeys, "environment": flow.EnvironmentKeys, "flow": flow.FlowKeys,
		"input": flow.InputKeys, "step": flow.Attributes, "secret": flow.SecretKeys, "retry": flow.Retry{}, "window": flow.Window{}}
	if spec, ok := core[name]; ok {
		return rows(flow.Keys(spec), "")
	}
	what, of, _ := strings.Cut(name, " ")
	switch what {
	case "verb":
		i := slices.IndexFunc(built().Verbs, func(v unit.Verb) bool { return v.Name == of })
		if i >= 0 {
			return rows(flow.Keys(built().Verbs[i].Spec()), "")
		}
	case "system":
		i := slices.IndexFunc(built().Systems, func(c connector.Connector) bool { return c.System == of })
		if i >= 0 {
			return rows(flow.Keys(built().Systems[i].Settings()), "")
		}
	case "planned":
		return plannedRows()
	}
	t.Errorf("the page wants a table of %q", name)
	return ""
}

func rows(keys []flow.Key, above string) string {
	var b strings.Builder
	if above == "" {
		b.WriteString("| key | value | default | |\n|---|---|---|---|\n")
	}
	for _, k := range keys {
		kind := string(k.Kind)
		if k.Kind == "raw" {
			kind = "any"
		}
		if k.Enum != nil {
			kind = "`" + strings.Join(k.Enum, "`, `") + "`"
		}
		if k.List {
			kind = "list of " + kind
		}
		if k.Map {
			kind = "NAME: " + kind
		}
		def := k.Default
		if k.Required {
			def = "must be given"
		}
		fmt.Fprintf(&b, "| `%s` | %s | %s | %s |\n", above+k.Name, kind, def, k.Help)
		if k.Kind == flow.Group && above == "" && k.Name != "retry" && k.Name != "window" {
			b.WriteString(rows(k.Keys(), k.Name+"."))
		}
	}
	return b.String()
}

func plannedRows() string {
	built := builtKeys()
	var b strings.Builder
	b.WriteString("| in | refused today |\n|---|---|\n")
	for _, level := range []string{"project", "system", "postgres", "limit", "secret", "flow", "step", "verb", "copy", "verify", "place"} {
		var left []string
		for _, name := range flow.Planned[level] {
			if !built[level+" "+name] {
				left = append(left, "`"+name+"`")
			}
		}
		if len(left) > 0 {
			fmt.Fprintf(&b, "| %s | %s |\n", level, strings.Join(left, ", "))
		}
	}
	return b.String()
}

// builtKeys are the planned ones that have come meanwhile.
func builtKeys() map[string]bool {
	out := map[string]bool{}
	var add func(level string, keys []flow.Key)
	add = func(level string, keys []flow.Key) {
		for _, k := range keys {
			if name := level + " " + k.Name; !out[name] {
				out[name] = true
				add(k.Name, k.Keys())
			}
		}
	}
	for _, v := range built().Verbs {
		out["verb "+v.Name] = true
		add(v.Name, flow.Keys(v.Spec()))
	}
	for _, s := range built().Systems {
		add(s.System, flow.Keys(s.Settings()))
	}
	return out
}

var fence = regexp.MustCompile("(?s)```yaml\n# ([^\n]+)\n(.*?)```")

// TestPageBinds reads the page's own project and binds its flows.
func TestPageBinds(t *testing.T) {
	page, err := os.ReadFile(pageFile)
	if err != nil {
		t.Fatal(err)
	}
	dir, flows := t.TempDir(), 0
	for _, m := range fence.FindAllSubmatch(page, -1) {
		path := filepath.Join(dir, string(m[1]))
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, m[2], 0o644); err != nil {
			t.Fatal(err)
		}
	}
	p, ds := flow.Load(dir, built())
	if err := ds.Err(); err != nil {
		t.Fatal(err)
	}
	for _, name := range p.Flows {
		flows++
		f, ds := p.Flow(name)
		if err := ds.Err(); err != nil {
			t.Error(err)
			continue
		}
		for env := range p.Environments {
			if _, ds := f.Bind(nil, env); len(ds) > 0 {
				t.Error(ds)
			}
		}
	}
	if flows == 0 {
		t.Error("the page shows no flow")
	}
}

package flow_test

import (
	"bytes"
	gocmp "cmp"
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
	"godwit/internal/connector/file"
	"godwit/internal/connector/httpapi"
	"godwit/internal/connector/mysql"
	"godwit/internal/connector/postgres"
	"godwit/internal/connector/sqlite"
	"godwit/internal/control/flow"
	"godwit/internal/control/flow/alarm"
	"godwit/internal/control/flow/source"
	"godwit/internal/unit"
	"godwit/internal/unit/calls"
	"godwit/internal/work/action"
	"godwit/internal/work/bulk"
	"godwit/internal/work/pipeline"
	"godwit/internal/work/pipeline/cases"
	"godwit/internal/work/pipeline/mapping"
	"godwit/internal/work/pipeline/overlay"
	"godwit/internal/work/requests"
	"godwit/internal/work/settings"
	"godwit/internal/work/statement"
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
		Verbs:   []unit.Verb{bulk.Verb(), verify.Verb(), pipeline.VerifyVerb(), pipeline.Verb(), statement.Verb(), settings.Verb(), requests.Verb(), action.Verb(), flow.CallVerb(), flow.WaitVerb(), flow.ApproveVerb()},
		Systems: []connector.Connector{postgres.Connector(), mysql.Connector(), sqlite.Connector(), file.Connector(), httpapi.Connector()},
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

var block = regexp.MustCompile(`(?s)(<!-- table: ([a-z_ ]+) -->\n).*?(<!-- end -->)`)

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
	core := map[string]any{"project": flow.ProjectKeys, "environment": flow.EnvironmentKeys, "owner": flow.OwnerKeys, "issues": flow.IssueKeys, "alarm": flow.AlarmKeys, "send": alarm.Send{}, "mail": alarm.MailKeys{}, "flow": flow.FlowKeys,
		"input": flow.InputKeys, "step": flow.Attributes, "secret": flow.SecretKeys, "for_each": flow.EachKeys, "retry": flow.Retry{}, "window": flow.Window{},
		"process": pipeline.Process{}, "overlay": overlay.Overlay{}, "case": cases.Case{}, "map": mapping.Map{}, "map field": mapping.Field{}, "map rows": mapping.Rows{}, "map rule": mapping.Rule{}, "map stub": mapping.Stub{}, "call": calls.Call{}}
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
		def := k.Default
		if k.Required {
			def = "must be given"
		}
		fmt.Fprintf(&b, "| `%s` | %s | %s | %s |\n", above+k.Name, kindText(k), def, k.Help)
		inner := k.Kind == flow.Group && !k.List || k.Kind == flow.Place && len(k.Keys()) > 0
		if inner && above == "" && k.Name != "retry" && k.Name != "window" && k.Name != "for_each" {
			b.WriteString(rows(k.Keys(), k.Name+"."))
		}
	}
	return b.String()
}

// kindText is a key's kind as the page writes it.
func kindText(k flow.Key) string {
	kind := string(k.Kind)
	switch {
	case k.Kind == "raw":
		kind = "any"
	case k.Kind == flow.CSV || k.Kind == flow.File:
		kind = k.Kind.Word()
	case k.Enum != nil:
		kind = "`" + strings.Join(k.Enum, "`, `") + "`"
	}
	switch {
	case k.One:
		kind += ", or list of " + kind
	case k.Named:
		kind = "NAME: " + kind
	case k.List:
		kind = "list of " + kind
	}
	if k.Map {
		kind = "NAME: " + kind
	}
	return kind
}

func plannedRows() string {
	built := builtKeys()
	var b strings.Builder
	b.WriteString("| in | refused today |\n|---|---|\n")
	for _, level := range []string{"project", "system", "postgres", "http", "pages", "limit", "secret", "flow", "step", "verb", "copy", "sql", "load", "process", "from", "to", "dead", "fields", "lookups", "verify", "place"} {
		var left []string
		for _, name := range flow.Planned[level] {
			if !built[level+" "+name] {
				left = append(left, "`"+name+"`")
			}
		}
		if len(left) > 0 {
			name := map[string]string{"place": "places of copy and verify", "from": "from of load", "to": "to of load", "lookups": "lookups of a map", "fields": "fields of a map", "pages": "pages of http"}[level]
			fmt.Fprintf(&b, "| %s | %s |\n", gocmp.Or(name, level), strings.Join(left, ", "))
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
		add(v.Called(), flow.Keys(v.Spec()))
	}
	for _, s := range built().Systems {
		add(s.System, flow.Keys(s.Settings()))
	}
	return out
}

var fence = regexp.MustCompile("(?s)```(?:yaml|sql|csv)\n(?:#|--) ([^\n]+)\n(.*?)```")

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

var (
	convertTable = regexp.MustCompile(`(?s)<!-- convert -->\n(.*?)<!-- end -->`)
	firstCell    = regexp.MustCompile("(?m)^\\| `([^`]+)` \\|")
)

// TestPageConverts reads every step that the page shows as a field's convert.
func TestPageConverts(t *testing.T) {
	page, err := os.ReadFile(pageFile)
	if err != nil {
		t.Fatal(err)
	}
	shown := map[string]bool{}
	fields := "fields:\n"
	for i, m := range firstCell.FindAllSubmatch(convertTable.Find(page), -1) {
		fields += fmt.Sprintf("  f%d: {from: a, convert: %s}\n", i, m[1])
		shown[regexp.MustCompile(`[a-z_]+`).FindString(string(m[1]))] = true
	}
	n := source.Parse("map.yaml", []byte(fields), &source.Problems{})
	var m mapping.Map
	if ds := flow.Decode(n, &m); len(ds) > 0 {
		t.Error(ds)
	}
	for i, f := range m.Fields {
		if len(f.Convert) != 1 {
			t.Errorf("step %d of the page is %v", i+1, f.Convert)
		}
	}
	for _, name := range strings.Fields("trim collapse upper lower nfc digits strip_nul blank_to_null number epoch hash bool date split join replace pad") {
		if !shown[name] {
			t.Errorf("the page does not show %s", name)
		}
	}
}

// TestSchemaRefs looks up every $ref, the recursive ones too.
func TestSchemaRefs(t *testing.T) {
	var schema map[string]any
	if err := json.Unmarshal(flow.Schema(built()), &schema); err != nil {
		t.Fatal(err)
	}
	defs := schema["$defs"].(map[string]any)
	used := map[string]bool{}
	var walk func(v any)
	walk = func(v any) {
		switch v := v.(type) {
		case []any:
			for _, e := range v {
				walk(e)
			}
		case map[string]any:
			if ref, ok := v["$ref"].(string); ok {
				used[ref] = true
			}
			for _, e := range v {
				walk(e)
			}
		}
	}
	walk(schema)
	for ref := range used {
		if defs[strings.TrimPrefix(ref, "#/$defs/")] == nil {
			t.Errorf("%s leads nowhere", ref)
		}
	}
	if !used["#/$defs/field"] || defs["map"] == nil || defs["process"] == nil {
		t.Errorf("refs %v: a field holds fields; maps and processes are files of their own", used)
	}
}

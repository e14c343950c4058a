package flow

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"godwit/internal/connector"
	"godwit/internal/control/flow/decode"
	"godwit/internal/record"
	"godwit/internal/unit"
	"godwit/internal/work/pipeline"
	"godwit/internal/work/pipeline/mapping"

	"github.com/google/go-cmp/cmp"
)

// records is the language with the spec of load.
func records() Language {
	lang := language()
	lang.Verbs = append(lang.Verbs, unit.Verb{Name: "load", Help: "loads records", Spec: func() any { return &pipeline.Load{} }, Check: checkLoad})
	return lang
}

// checkLoad finds something wrong wherever a test puts a bad name.
func checkLoad(spec any) []unit.Problem {
	s := spec.(*pipeline.Load)
	if s.File != nil && s.File.To.Table == "wrong" {
		return []unit.Problem{{Path: "process.to.table", Code: "load.table", Text: "there is no table wrong"}}
	}
	return nil
}

const rolloutProject = `
environments:
  test: {vars: {schema: staging, tenant: 7}}
connections:
  registry: {postgres: {host: a}}
  target: {postgres: {host: b}}
`

// rollout is the project of the language's rollout, as far as it is built.
var rollout = map[string]string{
	"godwit.yaml": rolloutProject,
	"flows/main.yaml": `
inputs: {client: {type: text, default: north}}
steps:
  - load:
      from: {at: registry, query: queries/assignments.sql, with: {tenant: inputs.client, wave: "1 + 1"}}
      process: "processes/assignment.yaml"
  - load:
      from: {at: registry, table: "${env.schema}.planboards", where: "slot_id > 3"}
      workers: 3
      key: slot_id
      map: maps/planboard.yaml
      to: {at: target, table: planboard.slot, mode: merge, key: [external_id], gone: mark}
  - load: {from: {at: registry, table: public.notes}, to: target}
`,
	"queries/assignments.sql": "select * -- all of them, '#' too\nfrom assignments where tenant = :tenant and x = $${y}$$\n",
	"processes/assignment.yaml": `
entity: "assignment_${inputs.client}"
key: [assignment_id, client]
version: updated_at
map: maps/assignment.yaml
to: {at: target, table: fiber.assignment, mode: merge, key: external_id}
dead: {stop_at: 20%}
`,
	"maps/assignment.yaml": `owner: doc.region
nulls: omit
filter: {closed_before_2019: 'doc.closed_at != nil and doc.closed_at < date("2019-01-01")', "13": doc.x}
lookups:
  status: lookups/status.csv
  zone:
    file: lookups/./zone.csv
fields:
  externalId: {from: assignment_id, type: text, required: true, printable: true}
  title: {from: [title, short_title], convert: [trim, collapse, nfc], required: true, max: 200}
  kind: {const: FTTH}
  nothing: {const: null}
  status: {from: status_code, lookup: status, else: reject, printable: true}
  plannedFrom: {from: date_from, convert: {date: "2006-01-02 15:04:05", zone: Europe/Amsterdam}, default: null}
  costs: {from: costs, type: "decimal(12,2)", min: -0.50, max: 12345678901234567890, in: [1, 2.50, "3", true, null]}
  urgent: {from: urgent, convert: {bool: [[J, "1"], [N, "0"]]}, default: false}
  address.postcode:
    from: zip
    convert: [{replace: [" ", ""]}, upper]
    match: '^[1-9][0-9]{3}[A-Z]{2}$'
    severity: warn
  labels: {from: labels, convert: [{split: ","}, trim], missing: omit}
  price: {const: "$${HOME}"}
  contacts:
    each: contacts
    sort: n
    fields:
      name: {from: name, required: true}
      main: {expr: "index == 0"}
rows:
  - into: fiber.assignment_author
    each: authors
    key: [title_id, pos]
    when: item.id != nil
    fields: {title_id: {expr: parent.id}, pos: {expr: index}}
rules:
  dates_ordered:
    check: "record.plannedTo == nil or record.plannedTo >= record.plannedFrom"
    field: plannedTo
    hint: The end lies before the start
  one_per_slot: {unique: [workstationId, plannedFrom], severity: warn}
  one_name: {same: name, within: work_id, owner: doc.owner}
`,
	"maps/planboard.yaml": "fields: {b: {from: b}, a: {from: a.b}}\n",
	"lookups/status.csv":  "value,note,key\r\nopen,\"a, b\",1\nclosed,,2\nclosed,,2\n",
	"lookups/zone.csv":    "key,value\nA,B\n",
}

func at(place string) string { return "maps/assignment.yaml:" + place }

func lit(v any) *mapping.Literal { return &mapping.Literal{Value: v} }

// field has the defaults that the decoder sets.
func field(f mapping.Field, name, place string) mapping.Field {
	f.Name, f.At, f.Missing = name, place, max(f.Missing, "as_null")
	if f.Severity == "" {
		f.Severity = "error"
	}
	return f
}

func wantMap() *mapping.Map {
	date := mapping.Converts{{Name: "date", Args: []string{"2006-01-02 15:04:05", "Europe/Amsterdam"}}}
	return &mapping.Map{
		Owner: "doc.region", Nulls: "omit", At: at("1:1"),
		Filter: map[string]string{"closed_before_2019": `doc.closed_at != nil and doc.closed_at < date("2019-01-01")`, "13": "doc.x"},
		Lookups: map[string]mapping.Lookup{
			"status": {File: "lookups/status.csv", Key: "key", Value: "value", At: at("5:11"), Values: [][]string{{"value", "note", "key"}, {"open", "a, b", "1"}, {"closed", "", "2"}, {"closed", "", "2"}}},
			"zone":   {File: "lookups/zone.csv", Key: "key", Value: "value", At: at("7:5"), Values: [][]string{{"key", "value"}, {"A", "B"}}},
		},
		Fields: []mapping.Field{
			field(mapping.Field{From: []string{"assignment_id"}, Type: "text", Required: true, Printable: true}, "externalId", at("9:15")),
			field(mapping.Field{From: []string{"title", "short_title"}, Convert: mapping.Converts{{Name: "trim"}, {Name: "collapse"}, {Name: "nfc"}}, Required: true, Max: lit(int64(200))}, "title", at("10:10")),
			field(mapping.Field{Const: lit("FTTH")}, "kind", at("11:9")),
			field(mapping.Field{Const: lit(nil)}, "nothing", at("12:12")),
			field(mapping.Field{From: []string{"status_code"}, Found: mapping.Found{Lookup: "status", Else: lit("reject")}, Printable: true}, "status", at("13:11")),
			field(mapping.Field{From: []string{"date_from"}, Convert: date, Default: lit(nil)}, "plannedFrom", at("14:16")),
			field(mapping.Field{From: []string{"costs"}, Type: "decimal(12,2)", Min: lit(record.Decimal("-0.50")), Max: lit(record.Decimal("12345678901234567890")),
				In: []mapping.Literal{{Value: int64(1)}, {Value: record.Decimal("2.50")}, {Value: "3"}, {Value: true}, {}}}, "costs", at("15:10")),
			field(mapping.Field{From: []string{"urgent"}, Convert: mapping.Converts{{Name: "bool", Sets: [][]string{{"J", "1"}, {"N", "0"}}}}, Default: lit(false)}, "urgent", at("16:11")),
			field(mapping.Field{From: []string{"zip"}, Convert: mapping.Converts{{Name: "replace", Args: []string{" ", ""}}, {Name: "upper"}}, Match: "^[1-9][0-9]{3}[A-Z]{2}$", Severity: "warn"}, "address.postcode", at("18:5")),
			field(mapping.Field{From: []string{"labels"}, Convert: mapping.Converts{{Name: "split", Args: []string{","}}, {Name: "trim"}}, Missing: "omit"}, "labels", at("22:11")),
			field(mapping.Field{Const: lit("${HOME}")}, "price", at("23:10")),
			field(mapping.Field{List: mapping.List{Each: "contacts", Sort: "n"}, Fields: []mapping.Field{
				field(mapping.Field{From: []string{"name"}, Required: true}, "name", at("28:13")),
				field(mapping.Field{Expr: "index == 0"}, "main", at("29:13")),
			}}, "contacts", at("25:5")),
		},
		Rows: []mapping.Rows{{Into: "fiber.assignment_author", Each: "authors", Key: []string{"title_id", "pos"}, When: "item.id != nil", At: at("31:5"),
			Fields: []mapping.Field{field(mapping.Field{Expr: "parent.id"}, "title_id", at("35:24")), field(mapping.Field{Expr: "index"}, "pos", at("35:48"))}}},
		Rules: []mapping.Rule{
			{Name: "dates_ordered", Check: "record.plannedTo == nil or record.plannedTo >= record.plannedFrom", Field: "plannedTo", Hint: "The end lies before the start", Severity: "error", At: at("38:5")},
			{Name: "one_per_slot", Unique: []string{"workstationId", "plannedFrom"}, Severity: "warn", At: at("41:17")},
			{Name: "one_name", Same: "name", Within: "work_id", Owner: "doc.owner", Severity: "error", At: at("42:13")},
		},
	}
}

func openWith(t *testing.T, files map[string]string, lang Language) *Flow {
	t.Helper()
	p, ds := Load(write(t, files), lang)
	if err := ds.Err(); err != nil {
		t.Fatal(err)
	}
	f, ds := p.Flow("main")
	if err := ds.Err(); err != nil {
		t.Fatal(err)
	}
	return f
}

func TestLoad(t *testing.T) {
	t.Parallel()
	f := openWith(t, rollout, records())
	b := bind(t, f, nil, "")
	planboard := &mapping.Map{Nulls: "keep", At: "maps/planboard.yaml:1:1", Fields: []mapping.Field{
		field(mapping.Field{From: []string{"b"}}, "b", "maps/planboard.yaml:1:13"), field(mapping.Field{From: []string{"a.b"}}, "a", "maps/planboard.yaml:1:27")}}
	nowhere := pipeline.Process{To: pipeline.Target{Mode: "append", Gone: "keep"}, Dead: pipeline.Dead{Group: "block", Attempts: 10}}
	want := []any{
		&pipeline.Load{
			From: pipeline.Source{At: "registry", Query: rollout["queries/assignments.sql"], With: map[string]string{"tenant": "inputs.client", "wave": "1 + 1"},
				Args: []byte(`{"tenant":"north","wave":2}`)},
			File: &pipeline.Process{Entity: "assignment_north", Key: []string{"assignment_id", "client"}, Version: "updated_at", Map: wantMap(),
				To:   pipeline.Target{At: "target", Table: "fiber.assignment", Mode: "merge", Key: []string{"external_id"}, Gone: "keep"},
				Dead: pipeline.Dead{Group: "block", Attempts: 10, StopAt: 0.2}, Place: "processes/assignment.yaml:2:1"},
			Process: nowhere,
		},
		&pipeline.Load{
			From: pipeline.Source{At: "registry", Table: "staging.planboards", Where: "slot_id > 3"}, Workers: 3,
			Process: pipeline.Process{Key: []string{"slot_id"}, Map: planboard, Place: "flows/main.yaml:8:7",
				To: pipeline.Target{At: "target", Table: "planboard.slot", Mode: "merge", Key: []string{"external_id"}, Gone: "mark"}, Dead: pipeline.Dead{Group: "block", Attempts: 10}},
		},
		&pipeline.Load{
			From:    pipeline.Source{At: "registry", Table: "public.notes"},
			Process: pipeline.Process{To: pipeline.Target{At: "target", Mode: "append", Gone: "keep"}, Dead: pipeline.Dead{Group: "block", Attempts: 10}, Place: "flows/main.yaml:13:11"},
		},
	}
	for i, s := range b.Steps {
		want[i].(*pipeline.Load).Scope = []byte(`{"env":{"name":"test","rehearsal":false,"schema":"staging","tenant":7},"inputs":{"client":"north"}}`)
		if d := cmp.Diff(want[i], s.Spec); d != "" {
			t.Errorf("step %d (-want +got):\n%s", i+1, d)
		}
	}
	var paths []string
	for path := range rollout {
		paths = append(paths, path)
	}
	slices.Sort(paths)
	if d := cmp.Diff(paths, decode.SortedKeys(b.Files)); d != "" {
		t.Errorf("files (-want +got):\n%s", d)
	}
	if d := cmp.Diff(b.Files, f.Files); d != "" {
		t.Errorf("files of the flow (-bound +flow):\n%s", d)
	}
	if d := cmp.Diff([]string{"registry", "target"}, decode.SortedKeys(b.Connections)); d != "" {
		t.Errorf("connections (-want +got):\n%s", d)
	}
}

func TestThawLoad(t *testing.T) {
	t.Parallel()
	b := bind(t, openWith(t, rollout, records()), map[string]string{"client": "x"}, "")
	frozen, err := json.Marshal(b)
	if err != nil {
		t.Fatal(err)
	}
	thawed, err := Thaw(frozen, records())
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(b.Steps, thawed.Steps); d != "" {
		t.Errorf("steps (-bound +thawed):\n%s", d)
	}
	if d := cmp.Diff(b.Files, thawed.Files); d != "" {
		t.Errorf("files (-bound +thawed):\n%s", d)
	}
}

// TestFilesAreReadOnce changes files behind a flow: what is bound is what was
// checked. A path that depends on an input is read when it is bound.
func TestFilesAreReadOnce(t *testing.T) {
	t.Parallel()
	files := map[string]string{"godwit.yaml": rolloutProject,
		"flows/main.yaml": `
inputs: {which: {type: text}}
steps:
  - load: {from: {at: registry, query: a.sql}, process: "p/${inputs.which}.yaml"}
`, "a.sql": "select 1", "p/one.yaml": "to: target\n", "p/two.yaml": "to: {at: target, table: wrong}\n"}
	f := openWith(t, files, records())
	if d := cmp.Diff([]string{"a.sql", "flows/main.yaml", "godwit.yaml"}, decode.SortedKeys(f.Files)); d != "" {
		t.Errorf("files before it is bound (-want +got):\n%s", d)
	}
	dir := f.project.Dir
	if err := os.WriteFile(filepath.Join(dir, "a.sql"), []byte("select 2"), 0o644); err != nil {
		t.Fatal(err)
	}
	b := bind(t, f, map[string]string{"which": "one"}, "")
	if got := b.Steps[0].Spec.(*pipeline.Load).From.Query; got != "select 1" {
		t.Errorf("query %q was not there when the flow was checked", got)
	}
	if b.Files["p/one.yaml"] == "" || f.Files["p/one.yaml"] != "" || b.Files["a.sql"] != f.Files["a.sql"] {
		t.Errorf("files %v, of the flow %v", b.Files, f.Files)
	}
	_, ds := f.Bind(map[string]string{"which": "two"}, "")
	if len(ds) != 1 || ds[0].Pos.String() != "p/two.yaml:1:25" {
		t.Errorf("the verb's problem in the process: %v", ds)
	}
	_, ds = f.Bind(map[string]string{"which": "../x"}, "")
	if len(ds) != 1 || !strings.Contains(ds[0].Text, `there is no file "x.yaml"`) {
		t.Errorf("a path of an input: %v", ds)
	}
}

func TestFilesNeedAProject(t *testing.T) {
	t.Parallel()
	for key, text := range map[string]string{"process": "a.yaml", "map": "b.yaml"} {
		ds := Fill(&pipeline.Load{}, map[string][]string{"from": {"x"}, key: {text}})
		if len(ds) != 1 || ds[0].Code != "flow.file" {
			t.Errorf("%s: %v", key, ds)
		}
	}
}

// looped is a struct whose file may name the next one.
type looped struct {
	Name string  `flow:"name"`
	Next *looped `flow:"next,file"`
}

func TestFilesNameFiles(t *testing.T) {
	t.Parallel()
	lang := language()
	lang.Verbs = []unit.Verb{{Name: "loop", Spec: func() any { return &looped{} }}}
	lang.Systems = []connector.Connector{}
	files := map[string]string{"godwit.yaml": "environments: {a: {}}\n", "flows/main.yaml": "steps: [{loop: {next: a.yaml}}]\n",
		"a.yaml": "{name: a, next: b.yaml}\n", "b.yaml": "name: \"b-${env.name}\"\n"}
	got := bind(t, openWith(t, files, lang), nil, "").Steps[0].Spec
	if d := cmp.Diff(&looped{Next: &looped{Name: "a", Next: &looped{Name: "b-a"}}}, got); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
	files["b.yaml"] = "next: ./a.yaml\n"
	p, ds := Load(write(t, files), lang)
	if err := ds.Err(); err != nil {
		t.Fatal(err)
	}
	_, ds = p.Flow("main")
	if len(ds) != 1 || ds[0].String() != "b.yaml:1:7: next in b.yaml: a.yaml is the file that this stands in [flow.file]" {
		t.Errorf("a circle: %v", ds)
	}
}

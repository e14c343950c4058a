package flow

import (
	"encoding/json"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"godwit/internal/control/flow/window"
	"godwit/internal/secret"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

// The warehouse of docs/language.md, as far as it is built.
const warehouseProject = `
environments:
  weekly: {rehearsal: true, vars: {target: scratch.eu.example, port: 5433, ca: null}}
  prod: {protected: true, vars: {target: dwh.eu.example, port: null, ca: certs/rds.pem}}
connections:
  old:
    postgres:
      host: old.internal
      database: dwh
      user: mover
      password: {file: run/old}
      limit: {connections: 14, rate: 600/m, bandwidth: 1.5MiB}
  new:
    postgres:
      host: "${env.target}"
      port: "${env.port}"
      password: {command: [vault, read, "dwh/${env.name}"]}
      tls: {ca: "${env.ca}"}
  unused:
    postgres: {host: elsewhere}
`

const warehouseFlow = `
help: Copy the warehouse and prove it.
inputs:
  workers: {type: int, default: 5, choices: [3, 5, 8], help: Tables at the same time}
  tables: {type: list, default: ["*.*"], help: Patterns}
  wait: {type: duration, default: 1h30m}
  since: {type: date, default: 2026-01-31}
  rest: {type: bool, default: false}
  long: {type: duration, default: 24h}
steps:
  - window: {opens: Fri 20:00, for: "${inputs.long}", zone: Europe/Berlin}
    retry: {for: "${inputs.wait}", attempts: 3}
    copy:
      from: old
      to: {at: new}
      include: "${inputs.tables}"
      exclude: ["tmp.*", '"odd.name".*', "${env.name}.log"]
      existing: "${env.rehearsal ? 'replace' : 'fail'}"
      workers: "${inputs.workers * 2}"
      where:
        sales.orders: |
          id > 3 -- a comment
          and name <> '#'
        sales.lines: "day >= '2026-01-31'"
      roles: {etl: "mover-${inputs.since}-${inputs.workers}-${inputs.wait}", "13": "$${HOME} }{"}
      delete_extra: 2.5%
  - id: proof
    on_error: continue
    timeout: 90m
    verify: {from: old, to: new, repair: "${inputs.rest or inputs.workers > 4}", sample: 5%}
  - verify: {from: old, to: new, repair: true}
`

func open(t *testing.T, files map[string]string) *Flow {
	t.Helper()
	_, f, ds := Open(filepath.Join(write(t, files), "flows", "main.yaml"), language())
	if err := ds.Err(); err != nil {
		t.Fatal(err)
	}
	return f
}

func bind(t *testing.T, f *Flow, inputs map[string]string, env string) *Bound {
	t.Helper()
	b, ds := f.Bind(inputs, env)
	if err := ds.Err(); err != nil {
		t.Fatal(err)
	}
	return b
}

func TestBind(t *testing.T) {
	t.Parallel()
	f := open(t, map[string]string{"godwit.yaml": warehouseProject, "flows/main.yaml": warehouseFlow})
	b := bind(t, f, map[string]string{"workers": "3", "tables": "sales.*,hr.*"}, "weekly")

	wantInputs := map[string]string{"workers": "3", "tables": `["sales.*","hr.*"]`, "wait": "1h30m", "since": "2026-01-31", "rest": "false", "long": "24h"}
	if d := cmp.Diff(wantInputs, b.Inputs); d != "" {
		t.Errorf("inputs (-want +got):\n%s", d)
	}
	first := Retry{For: 30 * time.Minute, Wait: time.Second, Factor: 2, MaxWait: time.Minute, Only: []string{"unavailable", "throttled", "conflict"}}
	first.For, first.Attempts = 90*time.Minute, 3
	sample := 0.05
	want := []Step{
		{ID: "copy", Verb: "copy", OnError: "fail", Retry: &first,
			Window: &Window{Opens: window.Opening{Day: time.Friday, Hour: 20}, For: 24 * time.Hour, Zone: "Europe/Berlin"},
			Spec: &copySpec{From: "old", To: "new", Include: []string{"sales.*", "hr.*"},
				Exclude: []string{"tmp.*", `"odd.name".*`, "weekly.log"}, Existing: "replace", Workers: 6, BadRows: "stop",
				Where:       map[string]string{"sales.orders": "id > 3 -- a comment\nand name <> '#'\n", "sales.lines": "day >= '2026-01-31'"},
				Roles:       map[string]string{"etl": "mover-2026-01-31-3-1h30m", "13": "${HOME} }{"},
				DeleteExtra: 0.025, SnapshotLost: "reconcile"}},
		{ID: "proof", Verb: "verify", OnError: "continue", Timeout: 90 * time.Minute,
			Spec: &verifySpec{From: "old", To: "new", Sample: &sample}},
		{ID: "verify", Verb: "verify", OnError: "fail", Spec: &verifySpec{From: "old", To: "new", Repair: true}},
	}
	if d := cmp.Diff(want, b.Steps, cmpopts.IgnoreFields(Step{}, "Pos")); d != "" {
		t.Errorf("steps (-want +got):\n%s", d)
	}
	if got, want := b.Steps[1].Pos.String(), "flows/main.yaml:27:5"; got != want {
		t.Errorf("second step at %s, want %s", got, want)
	}
	connections(t, f, b)
}

func connections(t *testing.T, f *Flow, b *Bound) {
	t.Helper()
	old := settings{Host: "old.internal", Port: 5432, Database: "dwh", User: "mover",
		Password: secret.Source{File: filepath.Join(f.project.Dir, "run", "old")}}
	old.TLS.Verify = "full"
	old.Limit.Connections, old.Limit.Rate, old.Limit.Bandwidth = 14, 10, 3<<19
	target := settings{Host: "scratch.eu.example", Port: 5433, Password: secret.Source{Command: []string{"vault", "read", "dwh/weekly"}}}
	target.TLS.Verify = "full"
	want := map[string]BoundConnection{"old": {"postgres", &old}, "new": {"postgres", &target}}
	same := cmp.Comparer(func(a, b secret.String) bool { return a == b })
	if d := cmp.Diff(want, b.Connections, same); d != "" {
		t.Errorf("connections (-want +got):\n%s", d)
	}
}

func TestNullVarTakesTheKeyAway(t *testing.T) {
	t.Parallel()
	f := open(t, map[string]string{"godwit.yaml": warehouseProject, "flows/main.yaml": warehouseFlow})
	b := bind(t, f, nil, "prod")
	s := b.Connections["new"].Settings.(*settings)
	if s.Port != 5432 || s.TLS.CA != filepath.Join(f.project.Dir, "certs/rds.pem") {
		t.Errorf("port %d, ca %s: a null var gives the default, a var is used", s.Port, s.TLS.CA)
	}
	if !b.Protected || b.Rehearsal || b.Env != "prod" {
		t.Errorf("environment %+v", b)
	}
}

func TestThawGivesTheSame(t *testing.T) {
	t.Parallel()
	f := open(t, map[string]string{"godwit.yaml": warehouseProject, "flows/main.yaml": warehouseFlow})
	b := bind(t, f, nil, "prod")
	b.Connections["old"].Settings.(*settings).Password.Value = secret.New("CANARY")
	frozen, err := json.Marshal(b)
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(string(frozen), "CANARY") {
		t.Error("a secret is frozen")
	}
	thawed, err := Thaw(frozen, language())
	if err != nil {
		t.Fatal(err)
	}
	again, err := json.Marshal(thawed)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(string(frozen), string(again)); d != "" {
		t.Errorf("frozen again (-first +second):\n%s", d)
	}
	// The texts of the inputs bind to the same.
	if d := cmp.Diff(b.Inputs, bind(t, f, b.Inputs, b.Env).Inputs); d != "" {
		t.Errorf("inputs (-first +second):\n%s", d)
	}
	if _, err := Thaw(frozen, Language{}); err == nil {
		t.Error("a language without the verb thaws it")
	}
}

func TestFlowFromBelowAndByName(t *testing.T) {
	dir := write(t, map[string]string{"godwit.yaml": twoConnections, "flows/main.yaml": "steps:\n  - copy: {from: old, to: new}\n",
		"flows/other.yaml": "steps: []\n", "queries/x.sql": ""})
	t.Chdir(filepath.Join(dir, "queries"))
	p, f, ds := Open("main", language())
	if err := ds.Err(); err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(p.Flows, []string{"main", "other"}) || f.Name != "main" || len(f.Files) != 2 || f.Files["flows/main.yaml"] == "" {
		t.Errorf("project %+v, flow %+v", p.Flows, f)
	}
	_, f, ds = Open("mian", language())
	if f != nil || len(ds) != 1 || ds[0].Code != "flow.missing" || !strings.HasPrefix(ds[0].Next[0], "did you mean main?") {
		t.Errorf("flow %v, diagnostics %v", f, ds)
	}
}

func TestWithoutProject(t *testing.T) {
	t.Parallel()
	dir := write(t, map[string]string{"flows/main.yaml": `
inputs: {host: {default: h}}
connections:
  a: {postgres: {host: "${inputs.host}"}}
  b: {postgres: {host: "b-${inputs.host}"}}
steps:
  - copy: {from: a, to: b}
`})
	p, ds := Load(dir, language())
	if err := ds.Err(); err != nil {
		t.Fatal(err)
	}
	f, ds := p.Flow("main")
	if err := ds.Err(); err != nil {
		t.Fatal(err)
	}
	b := bind(t, f, map[string]string{"host": "x"}, "")
	if got := b.Connections["b"].Settings.(*settings).Host; got != "b-x" {
		t.Errorf("host %s", got)
	}
	if b.Env != "" {
		t.Errorf("environment %q", b.Env)
	}
}

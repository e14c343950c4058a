package main_test

import (
	"cmp"
	"context"
	"fmt"
	"net/url"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"godwit/internal/ledger"
	"godwit/internal/ledger/kin"
	"godwit/rig/mariadb/mariatest"
	"godwit/rig/newsys"
	"godwit/rig/postgres/pgtest"
)

// projects is a flow that moves each project of a registry by the flow that the
// registry names for it, from a database of its own, into one API.
const projects = `inputs:
  wave: {type: int, default: 1}
steps:
  - id: move
    retry: {attempts: 2, wait: 50ms}
    for_each: {at: registry, query: queries/projects.sql, as: p, parallel: 4}
    flow: {name: "${p.flow}", inputs: {host: "${p.host}", port: "${p.port}", database: "${p.db}", client: "${p.client}"}}
`

// ofProject is the flow of one project whose database is of a system.
const ofProject = `inputs: {host: {type: text}, port: {type: int}, database: {type: text}, client: {type: text}}
connections:
  customer:
    %s:
      host: "${inputs.host}"
      port: "${inputs.port}"
      database: "${inputs.database}"
      user: %s
      password: {file: "secrets/${inputs.client}"}
steps:
  - load: {from: {at: customer, query: "select id, project, seq, title from item order by id"}, process: processes/assignment.yaml}
`

// rollout is a set of projects on their way into an API.
type rollout struct {
	*move
	system *newsys.System
	n      int // records of each
	north  *url.URL
}

// newProjects has n assignments in each of two PostgreSQL databases and one of
// MariaDB.
func newProjects(t testing.TB, o newsys.Options, n int) *rollout {
	t.Helper()
	s := newSystem(t, 0, o)
	registry, _ := pgtest.Pair(t)
	m := &rollout{move: newMove(t, registry, ""), system: s, n: n}
	dir := filepath.Dir(m.ledger)
	m.env = []string{"GODWIT_RECORDS=500", "GODWIT_SETTLE=20", "TOKEN=" + token, "NO_COLOR=1"}
	write(t, dir, "godwit.yaml", fmt.Sprintf("connections:\n  registry: {postgres: {url: %q}}\n  target:\n    http:\n      url: %q\n      auth: {bearer: {env: TOKEN}}\n"+
		"      timeout: 1s\n      limit: {rate: 1000/s, concurrency: 8}\n      error: body?.error?.message\n", registry, s.URL()))
	write(t, dir, "flows/rollout.yaml", projects)
	write(t, dir, "queries/projects.sql", "select * from project where wave = :inputs.wave order by id")
	process := strings.Replace(created, "at: api", "at: target", 1)
	write(t, dir, "processes/assignment.yaml", strings.Replace(process, "map: maps/assignment.yaml\n", "map: maps/assignment.yaml\noverlay: \"overlays/${inputs.client}.yaml\"\n", 1))
	write(t, dir, "maps/assignment.yaml", "fields:\n  externalId: {from: id, type: text, required: true}\n  projectId: {from: project, required: true}\n"+
		"  seq: {from: seq}\n  title: {from: title, required: true}\n  notes: {const: 0}\n")
	pgtest.Exec(t, registry, "create table project (id text primary key, wave int default 1, flow text, host text, port int, db text, client text)")
	for _, id := range []string{"north", "south"} {
		own := pgtest.Database(t)
		at, err := url.Parse(own)
		if err != nil {
			t.Fatal(err)
		}
		m.north = cmp.Or(m.north, at)
		m.register(t, id, "project", at)
		pgtest.Exec(t, own, assignments(id, n)...)
	}
	east := mariatest.New(t)
	at, err := url.Parse(east.URL())
	if err != nil {
		t.Fatal(err)
	}
	m.register(t, "east", "maria", at)
	east.Exec(t, assignments("east", n)...)
	write(t, dir, "flows/project.yaml", fmt.Sprintf(ofProject, "postgres", m.north.User.Username()))
	write(t, dir, "flows/maria.yaml", fmt.Sprintf(ofProject, "mysql", at.User.Username()))
	return m
}

// assignments are statements that make n assignments of a project.
func assignments(project string, n int) []string {
	rows := make([]string, n)
	for i := range n {
		rows[i] = fmt.Sprintf("('%s%04d', '%s-%d', %d, 'Assignment %d')", project, i, project, i%5, i+1, i)
	}
	return []string{"create table item (id varchar(20) primary key, project varchar(20), seq int, title varchar(200))",
		"insert into item values " + strings.Join(rows, ", ")}
}

// register adds a project whose client has a secret and an overlay of its own.
func (m *rollout) register(t testing.TB, id, flow string, at *url.URL) {
	t.Helper()
	password, _ := at.User.Password()
	write(t, filepath.Dir(m.ledger), "secrets/"+id, password+"\n")
	write(t, filepath.Dir(m.ledger), "overlays/"+id+".yaml", fmt.Sprintf("fields: {kind: {const: %s}}\n", id))
	pgtest.Exec(t, m.from, fmt.Sprintf("insert into project (id, flow, host, port, db, client) values ('%[1]s', '%s', '%s', %s, '%s', '%[1]s')",
		id, flow, at.Hostname(), at.Port(), strings.Trim(at.Path, "/")))
}

func (m *rollout) goes(t testing.TB, env []string, args ...string) *process {
	t.Helper()
	return m.start(t, env, append(args, "--ledger", m.ledger, "--yes", "--progress", "none")...)
}

// arrived proves that the API has all records of these projects once, each by its
// client's overlay, and those of no other.
func (m *rollout) arrived(t testing.TB, projects ...string) {
	t.Helper()
	got := map[string]int{}
	for _, a := range m.system.Assignments() {
		got[fmt.Sprintf("%v %v", a["externalId"], a["kind"])]++
	}
	wrong := 0
	for _, p := range projects {
		for i := range m.n {
			key := fmt.Sprintf("%s%04d %s", p, i, p)
			if got[key] != 1 {
				if wrong++; wrong < 5 {
					t.Errorf("%s is there %d times", key, got[key])
				}
			}
			delete(got, key)
		}
	}
	if len(got) > 0 {
		t.Errorf("%d are there that nobody has: %.300v", len(got), got)
	}
	if v := m.system.Verdict(); len(v.Duplicates)+len(v.Disorder)+len(v.Unfinished) > 0 {
		t.Errorf("verdict: %.10q %.10q %.10q", v.Duplicates, v.Disorder, v.Unfinished)
	}
	m.checked(t)
}

// TestProjects moves projects by flows that data chooses. One of a flow that is not
// there, one whose database is missing and one whose server is away fail alone and
// by name; gone on with, the run does what is left of them; a new one sends nothing
// again.
func TestProjects(t *testing.T) {
	t.Parallel()
	m := newProjects(t, newsys.Options{}, 60)
	own := pgtest.Database(t)
	void, err := url.Parse(own)
	if err != nil {
		t.Fatal(err)
	}
	name := strings.Trim(void.Path, "/")
	pgtest.Exec(t, m.from, "drop database "+name)
	away := *m.north
	away.Host = "127.0.0.1:1"
	m.register(t, "west", "nosuch", m.north)
	m.register(t, "void", "project", void)
	m.register(t, "away", "project", &away)
	p := m.goes(t, nil, "run", "rollout").ends(t, 1)
	p.says(t, "step move[west], flows/rollout.yaml:4:5: there is no flow \"nosuch\"", "move[void]: flow project:", "does not exist [database.missing]",
		"move[away]: flow project:", "step move[west] failed", "step move[north] done", "--new")
	m.arrived(t, "north", "south", "east")
	// The roll-up has a line for each, the sum over all, and who has no run.
	p.says(t, "move[west] - failed: flow.missing", "total 3 runs 180 180")
	p = m.start(t, nil, "status", "rollout-1", "--ledger", m.ledger).ends(t, 0)
	p.says(t, "move[void] - failed: database.missing", "move[east] maria-1 done", "total 3 runs 180 180")
	m.start(t, nil, "runs", "--ledger", m.ledger).ends(t, 0).says(t, "rollout-1 move[north]")
	m.start(t, nil, "report", "rollout-1", "--json", "--ledger", m.ledger).ends(t, 0).says(t, `"step": "move[away]"`, `"state": "failed"`)
	m.system.Forget()
	pgtest.Exec(t, m.from, "create database "+name)
	pgtest.Exec(t, own, assignments("void", m.n)...)
	m.goes(t, nil, "resume", "rollout-1").ends(t, 1)
	if v := m.system.Verdict(); v.Writes != m.n {
		t.Errorf("%d writes for one project of %d records", v.Writes, m.n)
	}
	m.arrived(t, "north", "south", "east", "void")

	m.system.Forget()
	pgtest.Exec(t, m.from, "delete from project where id in ('west', 'away')")
	m.goes(t, nil, "run", "rollout", "--new").ends(t, 0).says(t, "unchanged")
	if v := m.system.Verdict(); v.Writes != 0 {
		t.Errorf("%d writes of what is there", v.Writes)
	}
}

// TestProjectsRedrive has records of two of three projects that a rule keeps out, and
// some that the API refuses, with those behind them in their groups. All are found,
// counted and processed again by the name of the run that called all.
func TestProjectsRedrive(t *testing.T) {
	t.Parallel()
	m := newProjects(t, newsys.Options{}, 60)
	mend := m.system.Break(newsys.Fault{Method: "POST", Path: "/assignments", Skip: 10, Count: 3, Do: newsys.Says(422, "application/json", `{"error": {"message": "closed"}}`)})
	for _, db := range pgtest.Column[string](t, m.from, "select db from project where flow = 'project'") {
		own := *m.north
		own.Path = "/" + db
		pgtest.Exec(t, own.String(), "update item set title = null where seq = 60") // the last of its group
	}
	p := m.goes(t, nil, "run", "rollout").ends(t, 3)
	p.says(t, "finished with records left", "total 3 runs 180", "godwit redrive rollout-1 --dry-run")
	look := func(args ...string) *process {
		return m.start(t, nil, append(args, "--ledger", m.ledger)...).ends(t, 0)
	}
	look("dead", "stats", "rollout-1").says(t, "required", "closed")
	look("dead", "list", "rollout-1", "--rule", "required").says(t, "project-1", "project-2", "2 of 2 records")
	look("dead", "list", "rollout-1", "--outcome", "dead").says(t, "3 of 3 records")
	look("issues", "list", "rollout-1").says(t, "required")
	look("status", "rollout-1").says(t, "finished with records left")

	mend()
	write(t, filepath.Dir(m.ledger), "maps/assignment.yaml", strings.Replace(read(t, filepath.Dir(m.ledger), "maps/assignment.yaml"), "{from: title, required: true}", "{from: title, default: none, required: true}", 1))
	m.start(t, nil, "redrive", "rollout-1", "--progress", "none", "--ledger", m.ledger).ends(t, 0).says(t, "redrive-1", "redrive-2")
	m.arrived(t, "north", "south", "east")
	look("dead", "list", "rollout-1").says(t, "no open dead letters")
	m.system.Forget()
	m.goes(t, nil, "run", "rollout").ends(t, 0)
	if v := m.system.Verdict(); v.Writes != 0 {
		t.Errorf("%d writes of what was redriven", v.Writes)
	}
}

// TestProjectsAway has nothing wrong but a server that is away: the run is stopped,
// not lost, and goes on when it is back.
func TestProjectsAway(t *testing.T) {
	t.Parallel()
	m := newProjects(t, newsys.Options{}, 20)
	pgtest.Exec(t, m.from, "insert into project (id, flow, host, port, db, client) select 'west', flow, host, 1, db, 'west' from project where id = 'north'")
	write(t, filepath.Dir(m.ledger), "secrets/west", "x\n")
	write(t, filepath.Dir(m.ledger), "overlays/west.yaml", "fields: {kind: {const: west}}\n")
	m.goes(t, nil, "run", "rollout").ends(t, 5).says(t, "move[west]", "godwit resume rollout-1")
	m.arrived(t, "north", "south", "east")
}

// TestProjectsKilled kills at points of the parent and of the runs that it calls:
// each project arrives once.
func TestProjectsKilled(t *testing.T) {
	t.Parallel()
	m := newProjects(t, newsys.Options{Unseen: 50 * time.Millisecond, Seed: 7}, 60)
	m.system.Break(newsys.Fault{Method: "POST", Share: 0.05, Do: newsys.CutAfter()})
	for _, point := range []string{"flow.started:1", "call.intended:5", "call.intended:5", "call.answered:30", "call.answered:30", "flow.ended:1"} {
		if code := m.goes(t, []string{"GODWIT_KILL_AT=" + point}, "run", "rollout").exit(t); code != -1 {
			t.Errorf("not killed at %s: exit %d", point, code)
		}
	}
	m.goes(t, nil, "run", "rollout").ends(t, 0)
	m.arrived(t, "north", "south", "east")
	m.look(t, func(ctx context.Context, v *ledger.View, run ledger.Run) {
		if n := len(runsOf(ctx, t, v, run)); n != 3 {
			t.Errorf("%d runs for three projects", n)
		}
	})
}

// runsOf are the runs that the parent of one, or it itself, has started.
func runsOf(ctx context.Context, t testing.TB, v *ledger.View, run ledger.Run) []kin.Child {
	t.Helper()
	if run.Parent != 0 {
		run.ID = run.Parent
	}
	all, err := kin.Children(ctx, v.Reader(), run.ID)
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// TestProjectsAlike has two databases that number alike: of each key the record that
// came first is there, and the other one is a dead letter in this run and in the next,
// until the sources' names tell them apart.
func TestProjectsAlike(t *testing.T) {
	t.Parallel()
	m := newProjects(t, newsys.Options{}, 20)
	pgtest.Exec(t, m.from, "delete from project where flow = 'maria'")
	dbs := pgtest.Column[string](t, m.from, "select db from project order by id")
	south := *m.north
	south.Path = "/" + dbs[1]
	pgtest.Exec(t, south.String(), "update item set id = replace(id, 'south', 'north')")
	for _, run := range []string{"rollout-1", "rollout-2"} {
		m.goes(t, nil, "run", "rollout").ends(t, 3).says(t, "finished with records left")
		m.start(t, nil, "dead", "list", run, "--ledger", m.ledger).ends(t, 0).says(t, "20 of 20 records", "another item of the loop")
		if all := m.system.Assignments(); len(all) != 20 {
			t.Fatalf("%d objects", len(all))
		}
	}
	write(t, filepath.Dir(m.ledger), "flows/project.yaml", strings.Replace(fmt.Sprintf(ofProject, "postgres", m.north.User.Username()), "select id,", "select project || id as id,", 1))
	m.goes(t, nil, "run", "rollout").ends(t, 0)
}

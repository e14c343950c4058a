package main_test

import (
	databases "database/sql"
	"fmt"
	"testing"

	"godwit/rig/postgres/pgtest"
)

// TestIssuesAcceptedAtOnce: what is said about a run and those that it has called is one
// transaction of the ledger: when it comes to nothing for one of them, nothing is said.
func TestIssuesAcceptedAtOnce(t *testing.T) {
	t.Parallel()
	m := newMove(t, pgtest.Database(t), pgtest.Database(t))
	pgtest.Exec(t, m.from, "create table item (id int primary key, p text, name text)", "insert into item values (1, 'p1', null), (2, 'p2', null)")
	pgtest.Exec(t, m.to, "create table item (id int primary key, name text)")
	m.project(t, map[string]string{
		"flows/all.yaml":     "steps:\n  - for_each: {items: '[\"p1\", \"p2\"]', as: p, key: p}\n    flow: {name: project, inputs: {p: \"${p}\"}}\n",
		"flows/project.yaml": "inputs: {p: {type: text}}\nsteps:\n  - load: {from: {at: old, query: \"select id, name from item where p = :inputs.p\"}, key: id, entity: item, map: maps/item.yaml, to: {at: new, table: public.item}}\n",
		"maps/item.yaml":     "fields:\n  id: {from: id}\n  name: {from: name, required: true}\n",
	})
	m.runs(t, "all").ends(t, 3)
	db, err := databases.Open("sqlite", m.ledger)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	counts := func() (n string) {
		t.Helper()
		var accepted, actions int
		if err := db.QueryRow("select (select count(*) from accepted), (select count(*) from action)").Scan(&accepted, &actions); err != nil {
			t.Fatal(err)
		}
		return fmt.Sprint(accepted, " accepted, ", actions, " actions")
	}
	trigger := func(statement string) {
		t.Helper()
		if _, err := db.Exec(statement); err != nil {
			t.Fatal(err)
		}
	}
	says := func(verb string, code int, want string) {
		t.Helper()
		p := m.start(t, nil, "issues", verb, "all-1", "--rule", "required", "--reason", "as they are", "--ledger", m.ledger).ends(t, code)
		if got := counts(); got != want {
			t.Errorf("%s: %s, want %s\n%s", verb, got, want, p.said.String())
		}
	}
	trigger("create trigger refuse before insert on action when new.run = (select max(id) from run) begin select raise(abort, 'not this one'); end")
	says("accept", 1, "0 accepted, 0 actions")
	trigger("drop trigger refuse")
	says("accept", 0, "2 accepted, 2 actions")
	trigger("create trigger refuse before insert on action when new.run = (select max(id) from run) begin select raise(abort, 'not this one'); end")
	says("unaccept", 1, "2 accepted, 2 actions")
	trigger("drop trigger refuse")
	says("unaccept", 0, "0 accepted, 4 actions")
}

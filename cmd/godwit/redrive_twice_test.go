package main_test

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"path/filepath"
	"testing"

	"godwit/rig/newsys"
	"godwit/rig/postgres/pgtest"
)

// TestCallsRedriveTwice: of a key that comes twice in one run, in two groups, the one that
// comes last in the source stays, whichever of them was left out, for which reason, and is
// redriven alone or last.
func TestCallsRedriveTwice(t *testing.T) {
	t.Parallel()
	s := newSystem(t, 0, newsys.Options{})
	// 1: refused, then delivered. 2: rejected, then delivered. 3: refused twice. 4: delivered,
	// then refused. 5: refused, then rejected.
	m := filed(t, s, created, "1,P,refused\n2,P,\n3,Q,refused\n4,Q,first\n5,R,refused\n"+"1,A,last\n2,B,last\n3,C,last refused\n4,D,last refused\n5,E,\n")
	m.edit(t, "maps/assignment.yaml", "title: {from: title}", "title: {expr: 'doc.title == \"\" ? nil : doc.title', required: true}")
	m.edit(t, "processes/assignment.yaml", "group: project\n", "group: project\ndead: {group: skip}\n")
	mend := s.Break(newsys.Fault{Do: func(w http.ResponseWriter, r *http.Request, next http.Handler) {
		body, _ := io.ReadAll(r.Body)
		r.Body = io.NopCloser(bytes.NewReader(body))
		if bytes.Contains(body, []byte("refused")) {
			newsys.Says(409, "application/json", `{"error":{"message":"no"}}`)(w, r, next)
			return
		}
		next.ServeHTTP(w, r)
	}})
	m.load(t).ends(t, 3)
	mend()
	m.edit(t, "maps/assignment.yaml", "required: true", "default: last rejected")
	for _, key := range []string{"1", "2", "4"} {
		m.redriven(t, nil, "--key", key).ends(t, 0)
	}
	m.redriven(t, nil).ends(t, 0)
	got := map[string]string{}
	for _, a := range s.Assignments() {
		got[fmt.Sprint(a["externalId"])] = fmt.Sprint(a["title"])
	}
	for key, want := range map[string]string{"1": "last", "2": "last", "3": "last refused", "4": "last refused", "5": "last rejected"} {
		if got[key] != want {
			t.Errorf("%s is %q, want %q", key, got[key], want)
		}
	}
	m.start(t, nil, "dead", "list", "orders-1", "--ledger", m.ledger).ends(t, 0).says(t, "no open dead letters")
	m.checked(t)
}

// TestRedriveTwice is the same into a table that is merged, over chunks and within one, also
// when the load is killed before it had prepared what it had noted of them.
func TestRedriveTwice(t *testing.T) {
	t.Parallel()
	for name, kill := range map[string]string{"one chunk": "", "two chunks": "", "killed": "GODWIT_KILL_AT=load.kept:2"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m := newMove(t, "", pgtest.Database(t))
			dir := filepath.Dir(m.ledger)
			write(t, dir, "godwit.yaml", fmt.Sprintf("connections:\n  in: {file: {dir: %s}}\n  new: {postgres: {url: %q}}\n", dir, m.to))
			// 1: rejected, then loaded. 2: rejected twice. 3: loaded, then rejected. 4: rejected, loaded, rejected.
			others := ""
			for i := 100; i < 1600 && name != "one chunk"; i++ {
				others += fmt.Sprintf("%d,other\n", i)
			}
			write(t, dir, "all.csv", "id,title\n1,\n2,\n3,first\n4,\n4,between\n"+others+"1,last\n2,\n3,\n4,\n")
			write(t, dir, "maps/item.yaml", "fields:\n  id: {from: id}\n  title: {expr: 'doc.title == \"\" ? nil : doc.title', required: true}\n")
			write(t, dir, "flows/orders.yaml", "steps:\n  - load:\n      from: {at: in, objects: all.csv}\n      key: id\n      map: maps/item.yaml\n      to: {at: new, table: public.item, mode: merge}\n")
			pgtest.Exec(t, m.to, "create table item (id text primary key, title text not null)")
			m.env = []string{"GODWIT_RECORDS=500"}
			if kill != "" {
				m.load(t, kill).ends(t, -1)
			}
			m.load(t).ends(t, 3)
			m.edit(t, "maps/item.yaml", "required: true", "default: mended")
			m.start(t, nil, "redrive", "orders-1", "--ledger", m.ledger, "--progress", "none", "--key", "1").ends(t, 0).says(t, "superseded 1")
			m.start(t, nil, "redrive", "orders-1", "--ledger", m.ledger, "--progress", "none").ends(t, 0).says(t, "superseded 2")
			for id, want := range map[int]string{1: "last", 2: "mended", 3: "mended", 4: "mended"} {
				if got := pgtest.Query[string](t, m.to, fmt.Sprintf("select title from item where id = '%d'", id)); got != want {
					t.Errorf("%d is %q, want %q", id, got, want)
				}
			}
			m.checked(t)
		})
	}
}

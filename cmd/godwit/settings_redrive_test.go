package main_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"path/filepath"
	"sync"
	"testing"

	"godwit/rig/newsys"
	"godwit/rig/postgres/pgtest"
)

// heard are the senders of mail that a system had while objects were created in it,
// "" where it would have sent mail.
type heard struct {
	mu  sync.Mutex
	all map[string]int
}

// listen notes them from now on.
func listen(s *newsys.System) *heard {
	h := &heard{all: map[string]int{}}
	s.Break(newsys.Fault{Method: "POST", Do: func(w http.ResponseWriter, r *http.Request, next http.Handler) {
		ask, _ := http.NewRequestWithContext(r.Context(), http.MethodGet, s.URL()+"/settings/mail", nil)
		ask.Header.Set("Authorization", "Bearer "+token)
		var mail struct {
			Sending bool
			From    string
		}
		if a, err := http.DefaultClient.Do(ask); err == nil {
			_ = json.NewDecoder(a.Body).Decode(&mail)
			a.Body.Close()
		}
		if mail.Sending {
			mail.From = ""
		}
		h.mu.Lock()
		h.all[mail.From]++
		h.mu.Unlock()
		next.ServeHTTP(w, r)
	}})
	return h
}

// only proves that so many objects were created, all with one sender, and forgets.
func (h *heard) only(t testing.TB, from string, n int) {
	t.Helper()
	h.mu.Lock()
	defer h.mu.Unlock()
	if len(h.all) != 1 || h.all[from] != n {
		t.Errorf("created while mail was sent by %v, want %d by %q", h.all, n, from)
	}
	h.all = map[string]int{}
}

// loudly is a project whose flow orders makes calls while an API sends no mail, and
// whose flow outer has each of some shops do that with a sender of its own.
func loudly(t testing.TB, s *newsys.System) *move {
	t.Helper()
	m := newCalls(t, s, 40, created)
	dir := filepath.Dir(m.ledger)
	const load = "load: {from: {at: old, table: public.item}, process: processes/assignment.yaml}"
	const change = "at: api, change: [{name: mail, read: GET /settings/mail, write: PUT /settings/mail, set: {sending: false, from: %q}}]"
	write(t, dir, "flows/orders.yaml", "steps:\n  - id: quiet\n    settings:\n      {"+fmt.Sprintf(change, "nobody")+", steps: [{id: load, "+load+"}]}\n")
	write(t, dir, "flows/shop.yaml", "inputs: {shop: {type: text}}\nsteps:\n  - {id: load, "+load+"}\n")
	write(t, dir, "flows/outer.yaml", "steps:\n  - id: each\n    for_each: {items: '[\"north\"]', as: shop}\n    settings:\n      {"+
		fmt.Sprintf(change, "${shop}")+", steps: [{id: call, flow: {name: shop, inputs: {shop: \"${shop}\"}}}]}\n")
	pgtest.Exec(t, m.from, "update item set title = null where seq <= 6", "update item set project = id")
	return m
}

func (m *move) redrives(t testing.TB, run, id string, env ...string) *process {
	t.Helper()
	return m.start(t, env, "redrive", run, "--id", id, "--ledger", m.ledger, "--progress", "none")
}

// TestSettingsRedrive: a redrive changes the settings that stand around its step, and
// puts them back wherever it is killed, and also beside a run that wants them changed.
func TestSettingsRedrive(t *testing.T) {
	t.Parallel()
	s := newSystem(t, 0, newsys.Options{})
	m := loudly(t, s)
	h := listen(s)
	m.runs(t, "orders").ends(t, 3)
	h.only(t, "nobody", 34)
	m.start(t, nil, "dead", "patch", "orders-1", "--rule", "required", "--set", "title=Mended", "--ledger", m.ledger).ends(t, 0)
	m.start(t, nil, "redrive", "orders-1", "--dry-run", "--ledger", m.ledger).ends(t, 0).says(t, "changes mail of api", "put back behind the steps")
	quiet := func() {
		t.Helper()
		if v := s.Verdict(); len(v.Changed) > 0 {
			t.Errorf("settings that are not as they were: %v", v.Changed)
		}
		m.checked(t)
	}
	m.redrives(t, "orders-1", "1").ends(t, 0).says(t, "setting mail of api is put back")
	h.only(t, "nobody", 1)
	quiet()
	for i, point := range []string{"settings.saved:1", "settings.changed:1", "settings.closing:1", "settings.restored:1"} {
		id := fmt.Sprint(i + 2)
		m.redrives(t, "orders-1", id, "GODWIT_KILL_AT="+point).ends(t, -1)
		m.redrives(t, "orders-1", id).ends(t, 0)
		h.only(t, "nobody", 1)
		if quiet(); t.Failed() {
			t.Fatalf("killed at %s", point)
		}
	}
	// Another run wants it changed, and is killed.
	pgtest.Exec(t, m.from, "update item set title = 'Another' where seq = 20")
	m.runs(t, "orders", "GODWIT_KILL_AT=settings.changed:1").ends(t, -1)
	m.redrives(t, "orders-1", "6").ends(t, 3).says(t, "is changed already, by orders-2", "godwit resume orders-2")
	h.only(t, "nobody", 1)
	if v := s.Verdict(); len(v.Changed) != 1 {
		t.Errorf("changed: %v", v.Changed)
	}
	m.start(t, nil, "cancel", "orders-2", "--ledger", m.ledger).ends(t, 0)
	quiet()
}

// TestSettingsRedriveCalled: so do those that stand around the call of a step's flow,
// with the values that they had.
func TestSettingsRedriveCalled(t *testing.T) {
	t.Parallel()
	s := newSystem(t, 0, newsys.Options{})
	m := loudly(t, s)
	h := listen(s)
	m.runs(t, "outer").ends(t, 3)
	h.only(t, "north", 34)
	m.start(t, nil, "dead", "patch", "outer-1", "3", "--set", "title=Mended", "--ledger", m.ledger).ends(t, 0).says(t, "1 record of outer-1 put right", "godwit redrive outer-1 --id 3")
	m.start(t, nil, "dead", "dismiss", "outer-1", "2", "--reason", "sold", "--ledger", m.ledger).ends(t, 0)
	m.start(t, nil, "dead", "reopen", "outer-1", "2", "--ledger", m.ledger).ends(t, 0)
	m.redrives(t, "outer-1", "3").ends(t, 0).says(t, "setting mail of api is put back")
	h.only(t, "north", 1)
	m.start(t, nil, "dead", "patch", "outer-1", "--rule", "required", "--set", "title=Mended", "--ledger", m.ledger).ends(t, 0)
	m.start(t, nil, "redrive", "shop-1", "--ledger", m.ledger, "--progress", "none").ends(t, 0)
	h.only(t, "north", 5)
	if v := s.Verdict(); len(v.Changed) > 0 {
		t.Errorf("settings that are not as they were: %v", v.Changed)
	}
	m.checked(t)
}

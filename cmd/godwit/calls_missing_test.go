package main_test

import (
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"godwit/rig/newsys"
	"godwit/rig/postgres/pgtest"
)

// TestCallsMissing: objects are gone that were delivered, and one is back by another id,
// as from a backup. The dead letters say which record that is, by what it was known and
// who left it so; what they name as the next step makes nothing twice.
func TestCallsMissing(t *testing.T) {
	t.Parallel()
	s := newSystem(t, 0, newsys.Options{})
	m := newCalls(t, s, 20, strings.Replace(created+readBack, "group: project\n", "", 1))
	for name, more := range map[string]string{"prove": "", "mend": ", repair: true"} {
		write(t, filepath.Dir(m.ledger), "flows/"+name+".yaml", "steps:\n  - verify: {from: {at: old, table: public.item}, process: processes/assignment.yaml"+more+"}\n")
	}
	m.load(t).ends(t, 0)
	gone, back := idOf(t, s, "000007"), idOf(t, s, "000011")
	for _, id := range []string{gone, back} {
		byHand(t, s, "DELETE", "/assignments/"+id, "")
	}
	byHand(t, s, "POST", "/assignments", `{"externalId": "000011", "projectId": "P", "title": "from the backup"}`)
	pgtest.Exec(t, m.from, "update item set title = title || '!' where seq in (7, 11, 13)")
	m.load(t).ends(t, 3)
	for key, id := range map[string]string{"000007": gone, "000011": back} {
		want, found := fmt.Sprintf("assignment '%s' was known there by create.id '%s', as run orders-1 left it: it was deleted there, or the system was restored; verify with repair: true, then redrive", key, id), false
		for _, e := range m.letters(t) {
			found = found || e.Key == key && e.Refusal.Code == "call.missing" && strings.Contains(e.Refusal.Text, want)
		}
		if !found {
			t.Errorf("no dead letter says %q: %+v", want, m.letters(t))
		}
	}
	m.runs(t, "mend").ends(t, 4)
	m.start(t, nil, "redrive", "orders-2", "--ledger", m.ledger).ends(t, 0)
	if list, said := m.proves(t, "prove", 0); len(list) > 0 {
		t.Errorf("%q\n%s", list, said)
	}
	if v := s.Verdict(); len(v.Duplicates) > 0 {
		t.Errorf("twice: %q", v.Duplicates)
	}
	m.unchanged(t, s)
	m.checked(t)
}

package httpapi

import (
	"testing"

	"godwit/internal/catalog"
	"godwit/rig/newsys"
)

// TestPool: endpoints of one connection use each other's connections, one that is
// open still does when the others are closed, and the last one ends them.
func TestPool(t *testing.T) {
	t.Parallel()
	s := system(t, 1, newsys.Options{})
	look := func(e *Endpoint) {
		t.Helper()
		if _, err := e.Inspect(t.Context(), catalog.Selection{}); err != nil {
			t.Fatal(err)
		}
	}
	var all []*Endpoint
	for range 5 {
		e := endpoint(t, settings(t, s))
		look(e)
		all = append(all, e)
	}
	for _, e := range all[1:] {
		e.Close()
		e.Close()
	}
	look(all[0])
	if n := s.Verdict().Connections; n != 1 {
		t.Errorf("5 endpoints opened %d connections", n)
	}
	all[0].Close()
	look(endpoint(t, settings(t, s)))
	if n := s.Verdict().Connections; n != 2 {
		t.Errorf("%d connections, want another one once all were closed", n)
	}
}

// TestZone: an address of IPv6 with a zone is one, too.
func TestZone(t *testing.T) {
	t.Parallel()
	e, err := Open("target", &Settings{URL: "http://[fe80::1%25lo]:9/"})
	if err != nil {
		t.Fatal(err)
	}
	e.Close()
}

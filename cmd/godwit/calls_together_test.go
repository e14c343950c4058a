package main_test

import (
	"path/filepath"
	"testing"
	"time"

	"godwit/rig/newsys"
)

// TestCallsTogether delivers the same records to the same place from several sides at
// the same time: none is there twice, and everybody's accounts close.
func TestCallsTogether(t *testing.T) {
	t.Parallel()
	load := "load: {from: {at: old, table: public.item}, process: processes/assignment.yaml}"
	for name, c := range map[string]struct {
		first, second string // flows; without a second one it is one run
		kill          bool
	}{
		"runs":   {first: "steps: [" + load + "]", second: "steps: [" + load + "]"},
		"killed": {first: "steps: [" + load + "]", second: "steps: [" + load + "]", kill: true},
		"steps":  {first: "steps: [{parallel: [{" + load + "}, {id: again, " + load + "}]}]"},
		"items":  {first: `steps: [{for_each: {items: "[1,2,3]", as: i, key: "", parallel: 3}, ` + load + "}]"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if name == "killed" || name == "items" {
				slow(t)
			}
			s := newSystem(t, 0, newsys.Options{Unseen: 100 * time.Millisecond, Latency: [2]time.Duration{0, 20 * time.Millisecond}, Seed: 17})
			s.Break(newsys.Fault{Method: "POST", Share: 0.05, Do: newsys.CutAfter()})
			m := newCalls(t, s, 800, created)
			dir := filepath.Dir(m.ledger)
			write(t, dir, "flows/first.yaml", c.first)
			write(t, dir, "flows/second.yaml", c.second)
			p := m.runs(t, "first")
			var q *process
			if c.second != "" {
				eventually(t, "the first is at work", func() bool { return len(s.Assignments()) > 20 })
				q = m.runs(t, "second")
			}
			if c.kill {
				eventually(t, "both are at work", func() bool { return len(s.Assignments()) > 150 })
				kill(p, 0)
				p.ends(t, -1)
				q.ends(t, 0)
				p = m.runs(t, "first")
			} else if q != nil {
				q.ends(t, 0)
			}
			p.ends(t, 0)
			m.delivered(t, s)
		})
	}
}

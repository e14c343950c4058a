package sight_test

import (
	"path/filepath"
	"strings"
	"testing"
	"time"

	"godwit/internal/control/run/sight"
	"godwit/internal/fault"
	"godwit/internal/ledger"
	"godwit/internal/unit"
)

// house is a ledger with a run and one that it has started, both owned.
type house struct {
	*testing.T
	ledger       *ledger.Ledger
	run, child   ledger.Run
	above, below *ledger.Session
	after        int64
}

func newHouse(t *testing.T) *house {
	t.Helper()
	l, err := ledger.Open(t.Context(), filepath.Join(t.TempDir(), "ledger.db"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	h := &house{T: t, ledger: l}
	h.run, h.above = h.start(ledger.NewRun{Flow: "all"})
	h.child, h.below = h.start(ledger.NewRun{Flow: "project", Parent: h.run.ID, ParentNode: "flow/flow/x/1"})
	h.start(ledger.NewRun{Flow: "stranger"})
	return h
}

func (h *house) start(n ledger.NewRun) (ledger.Run, *ledger.Session) {
	h.Helper()
	run, err := h.ledger.Start(h.Context(), n)
	h.must(err)
	s, err := h.ledger.Own(h.Context(), run, "me", time.Minute)
	h.must(err)
	return run, s
}

func (h *house) must(err error) {
	h.Helper()
	if err != nil {
		h.Fatal(err)
	}
}

// look expects the kinds of events that are new, each with its run.
func (h *house) look(want ...string) sight.Seen {
	h.Helper()
	s, err := sight.Look(h.Context(), h.ledger.View(), h.run, h.after, []string{"issues"})
	h.must(err)
	h.after = s.Last
	var got []string
	for _, e := range s.Events {
		got = append(got, e.Run+" "+e.Kind)
	}
	if strings.Join(got, ", ") != strings.Join(want, ", ") {
		h.Errorf("new: %q, want %q", got, want)
	}
	return s
}

// TestNews: each event of a run and of those below it is told once, in order,
// whoever wrote it.
func TestNews(t *testing.T) {
	h := newHouse(t)
	h.look()
	h.must(h.below.Note(t.Context(), unit.Event{Kind: unit.VerifyTable, Unit: "verify/table/a/1", Body: unit.Body(map[string]string{"entity": "a", "result": "differs"})}))
	h.must(h.above.Note(t.Context(), unit.Event{Kind: unit.WaitBegan}, unit.Event{Kind: unit.SnapshotLost}))
	written, err := h.ledger.Tell(t.Context(), h.run, unit.Event{Kind: unit.AlarmTold, Body: unit.Body(unit.Alarm{ID: "1"})})
	h.must(err)
	h.look("project-1 verify.table", "all-1 snapshot.lost", "all-1 alarm")
	h.look()
	if h.after != written[0].Seq {
		t.Errorf("looked up to %d, the last one is %d", h.after, written[0].Seq)
	}
	_, err = h.ledger.Tell(t.Context(), h.run, unit.Event{Kind: unit.RunPaused})
	if fault.CodeOf(err) != "journal.order" {
		t.Errorf("a folded kind was told: %v", err)
	}
}

// TestMovement: what counts moves the run, what only comes and goes does not.
func TestMovement(t *testing.T) {
	h := newHouse(t)
	under := func(s *ledger.Session, p ...unit.Progress) {
		t.Helper()
		h.must(s.Renew(t.Context(), time.Minute, p))
	}
	under(h.below, unit.Progress{Unit: "copy/data/a/1", Rows: 10})
	first := h.look()
	lock := unit.Wait{Gate: "lock", Holder: "pid 7"}
	under(h.below, unit.Progress{Unit: "copy/data/a/1", Rows: 10, Waits: []unit.Wait{lock}}, unit.Progress{Unit: "copy/data/b/1", Waits: []unit.Wait{{Gate: "server", Text: "disks"}}})
	h.must(h.below.Note(t.Context(), unit.Event{Kind: unit.WaitBegan}))
	held := h.look()
	if first.Moved != held.Moved || first.Hindered != "" {
		t.Errorf("it moved from %q to %q", first.Moved, held.Moved)
	}
	if held.Hindered != "copy/data/a/1 waits for a lock, held by pid 7" || held.Slow != "copy/data/b/1: disks" {
		t.Errorf("in the way: %q, %q", held.Hindered, held.Slow)
	}
	under(h.below, unit.Progress{Unit: "copy/data/a/1", Rows: 11})
	if moved := h.look(); moved.Moved == held.Moved || moved.Hindered != "" {
		t.Errorf("it did not move: %q", moved.Moved)
	}
}

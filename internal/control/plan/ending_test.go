package plan

import (
	"testing"
	"time"

	"godwit/internal/fault"
	"godwit/internal/unit"
)

// undoable is a step whose only unit can be taken back.
func undoable(id string) Node {
	n := verb(id, "x/1")
	n.Units[0].Undo = &unit.Undo{Back: u(id + "/undo/1"), Keep: u(id + "/marks/1")}
	return n
}

func list(id string, steps ...Node) Node { return Node{ID: id, Kind: Steps, Steps: steps} }

func resumed(crashed bool) unit.Event {
	return unit.Event{Kind: unit.RunResumed, Body: unit.Body(unit.Resumed{Crashed: crashed})}
}

// TestUndo: what takes back runs when its list fails or is cancelled, the last
// first, each once, and only for what may have an effect.
func TestUndo(t *testing.T) {
	t.Parallel()
	abc := flow(undoable("a"), undoable("b"), verb("c", "x/1"))
	for name, c := range map[string]struct {
		g       *Graph
		life    func(*drive)
		outcome string
		exit    int
	}{
		"kept for good when all is well": {abc, func(d *drive) {
			d.done("a/x/1", "b/x/1", "c/x/1")
			d.running("b/marks/1")
			d.done("b/marks/1", "a/marks/1")
		}, OutcomeDone, 0},
		"undone when a later step fails": {abc, func(d *drive) {
			d.done("a/x/1", "b/x/1")
			d.fail("c/x/1", fault.Data, "data")
			d.running("b/undo/1")
			d.done("b/undo/1")
			d.running("a/undo/1")
			d.done("a/undo/1")
			d.node("a", "")
		}, OutcomeFailed, 1},
		"what never began is not undone": {abc, func(d *drive) {
			d.fail("a/x/1", fault.Data, "data") // it is in doubt: its executor knows
			d.running("a/undo/1")
			d.done("a/undo/1")
		}, OutcomeFailed, 1},
		"an undo that fails stops no other": {abc, func(d *drive) {
			d.done("a/x/1", "b/x/1")
			d.fail("c/x/1", fault.Data, "verify.differs") // 4 by itself
			d.fail("b/undo/1", fault.Data, "data")
			d.done("a/undo/1")
		}, OutcomeFailed, 1},
		"an undo is tried again": {abc, func(d *drive) {
			d.done("a/x/1")
			d.fail("b/x/1", fault.Data, "data")
			d.fail("b/undo/1", fault.Unavailable, "away")
			d.running()
			d.wait(time.Second)
			d.done("b/undo/1", "a/undo/1")
		}, OutcomeFailed, 1},
		"cancelled": {abc, func(d *drive) {
			d.done("a/x/1")
			d.say(unit.Event{Kind: unit.RunCancelled})
			d.running("b/undo/1")
			d.done("b/undo/1", "a/undo/1")
		}, OutcomeCancelled, 1},
		"cancelled while it is undone": {abc, func(d *drive) {
			d.done("a/x/1", "b/x/1")
			d.fail("c/x/1", fault.Data, "data")
			d.say(unit.Event{Kind: unit.RunCancelled})
			d.running("b/undo/1")
			d.done("b/undo/1", "a/undo/1")
		}, OutcomeCancelled, 1},
		"cancelled too late": {abc, func(d *drive) {
			d.done("a/x/1", "b/x/1", "c/x/1", "b/marks/1")
			d.say(unit.Event{Kind: unit.RunCancelled})
			d.done("a/marks/1")
		}, OutcomeDone, 0},
		"a crash in the middle: what is left is undone, nothing twice, nothing begun": {abc, func(d *drive) {
			d.done("a/x/1", "b/x/1")
			d.fail("c/x/1", fault.Data, "data")
			d.done("b/undo/1")
			d.say(resumed(true))
			d.running("a/undo/1")
			d.done("a/undo/1")
		}, OutcomeFailed, 1},
		"a crash while it is kept": {abc, func(d *drive) {
			d.done("a/x/1", "b/x/1", "c/x/1", "b/marks/1")
			d.say(resumed(true))
			d.running("a/marks/1")
			d.done("a/marks/1")
		}, OutcomeDone, 0},
		"lost at its target while it is kept": {abc, func(d *drive) {
			d.done("a/x/1", "b/x/1", "c/x/1", "b/marks/1")
			d.say(unit.Event{Kind: unit.UnitUndone, Unit: "c/x/1"})
			d.running("a/marks/1", "c/x/1")
			d.done("a/marks/1", "c/x/1")
		}, OutcomeDone, 0},
		"resumed: what was undone is done again, what was not stays": {abc, func(d *drive) {
			d.done("a/x/1", "b/x/1")
			d.fail("c/x/1", fault.Data, "data")
			d.done("b/undo/1")
			d.fail("a/undo/1", fault.Data, "data")
			d.over(OutcomeFailed, 1)
			d.say(resumed(false))
			d.running("b/x/1")
			d.done("b/x/1")
			d.fail("c/x/1", fault.Data, "data")
			d.done("b/undo/1", "a/undo/1")
			d.over(OutcomeFailed, 1)
			d.say(resumed(false))
			d.done("a/x/1", "b/x/1", "c/x/1", "b/marks/1", "a/marks/1")
		}, OutcomeDone, 0},
		"on_error: continue is no failure of the list": {flow(undoable("a"), func() Node {
			n := undoable("b")
			n.OnError = Continue
			return n
		}(), verb("c", "x/1")), func(d *drive) {
			d.done("a/x/1")
			d.fail("b/x/1", fault.Data, "data")
			d.done("c/x/1")
		}, OutcomeFailed, 1},
		"a skipped step leaves nothing": {flow(func() Node {
			n := undoable("a")
			n.If = "no"
			return n
		}(), verb("b", "x/1")), func(d *drive) {
			d.fail("b/x/1", fault.Data, "data")
		}, OutcomeFailed, 1},
	} {
		t.Run(name, func(t *testing.T) {
			d := begin(t, c.g, func(string, Scope) (any, error) { return false, nil })
			c.life(d)
			d.over(c.outcome, c.exit)
		})
	}
}

// TestUndoInside: a list undoes what is inside it, also in lists that were done;
// a list of its own that fails is undone by itself.
func TestUndoInside(t *testing.T) {
	t.Parallel()
	t.Run("done lists", func(t *testing.T) {
		d := begin(t, flow(undoable("a"), list("in", undoable("b"), undoable("c")), verb("d", "x/1")), nil)
		d.done("a/x/1", "b/x/1", "c/x/1")
		d.fail("d/x/1", fault.Data, "data")
		d.done("c/undo/1", "b/undo/1", "a/undo/1")
		d.over(OutcomeFailed, 1)
		d.say(resumed(false))
		d.done("a/x/1", "b/x/1", "c/x/1", "d/x/1", "c/marks/1", "b/marks/1", "a/marks/1")
		d.over(OutcomeDone, 0)
	})
	t.Run("a failed list that the flow goes on after", func(t *testing.T) {
		in := list("in", undoable("b"), verb("c", "x/1"))
		in.OnError, in.Finally = Continue, []Node{verb("f", "x/1")}
		d := begin(t, flow(undoable("a"), in, verb("d", "x/1")), nil)
		d.done("a/x/1", "b/x/1")
		d.fail("c/x/1", fault.Data, "data")
		d.running("b/undo/1")
		d.done("b/undo/1")
		d.running("f/x/1") // the end of the list is behind that
		d.done("f/x/1", "d/x/1")
		d.over(OutcomeFailed, 1) // a is neither undone nor kept: the run can be gone on with
		d.say(resumed(false))
		d.done("b/x/1", "c/x/1", "f/x/1", "b/marks/1", "a/marks/1")
		d.over(OutcomeDone, 0)
	})
	t.Run("what its own list could not undo is not tried by the one around", func(t *testing.T) {
		d := begin(t, flow(undoable("a"), list("in", undoable("b"), verb("c", "x/1"))), nil)
		d.done("a/x/1", "b/x/1")
		d.fail("c/x/1", fault.Data, "data")
		d.fail("b/undo/1", fault.Data, "data")
		d.running("a/undo/1")
		d.done("a/undo/1")
		d.over(OutcomeFailed, 1)
	})
	t.Run("at the same time, by the order of their starts", func(t *testing.T) {
		d := begin(t, flow(Node{ID: "p", Kind: Parallel, Steps: []Node{list("one", undoable("a"), undoable("b")), undoable("c"), verb("d", "x/1")}}), nil)
		d.running("a/x/1", "c/x/1", "d/x/1")
		d.done("c/x/1", "a/x/1", "b/x/1")
		d.fail("d/x/1", fault.Data, "data")
		d.done("b/undo/1", "c/undo/1", "a/undo/1")
		d.over(OutcomeFailed, 1)
	})
	t.Run("behind a timeout and in a closed window", func(t *testing.T) {
		in := list("in", undoable("a"), verb("b", "x/1"))
		in.Timeout, in.Window = time.Minute, &Window{Opens: "11:00", For: time.Hour + 30*time.Second, Zone: "UTC"}
		d := begin(t, flow(in), nil)
		d.done("a/x/1")
		d.wait(time.Minute)
		d.running("a/undo/1")
		d.done("a/undo/1")
		d.over(OutcomeFailed, 1)
	})
	t.Run("a pause holds it", func(t *testing.T) {
		d := begin(t, flow(undoable("a"), undoable("b"), verb("c", "x/1")), nil)
		d.done("a/x/1", "b/x/1")
		d.fail("c/x/1", fault.Data, "data")
		d.say(unit.Event{Kind: unit.RunPaused})
		d.running("b/undo/1")
		d.done("b/undo/1")
		d.running()
		d.say(resumed(false))
		d.done("a/undo/1")
		d.over(OutcomeFailed, 1)
	})
	t.Run("before settings are put back", func(t *testing.T) {
		for _, cancel := range []bool{false, true} {
			g := flow(Node{ID: "s", Kind: Settings, Guard: &Guard{Open: u("s/open/1"), Close: u("s/close/1")}, Steps: []Node{undoable("a"), verb("b", "x/1")}})
			d := begin(t, g, nil)
			d.done("s/open/1", "a/x/1")
			if cancel {
				d.say(unit.Event{Kind: unit.RunCancelled})
			} else {
				d.fail("b/x/1", fault.Data, "data")
			}
			d.running("a/undo/1")
			d.done("a/undo/1")
			d.running("s/close/1")
			d.done("s/close/1")
		}
	})
}

// TestUndoItems: an item is a branch; one that ended well is undone by the list
// around its loop, so it is not forgotten.
func TestUndoItems(t *testing.T) {
	t.Parallel()
	items := func(string, Scope) (any, error) { return []string{"1", "2", "3"}, nil }
	each := &Each{Items: "x", As: "n", Parallel: 2, Tolerate: 1}
	t.Run("of a verb", func(t *testing.T) {
		n := undoable("a")
		n.Each = each
		d := begin(t, flow(n, verb("b", "x/1")), items)
		d.done("a[2]/x/1", "a[1]/x/1")
		d.fail("a[3]/x/1", fault.Data, "data") // tolerated: its list goes on
		d.fail("b/x/1", fault.Data, "data")
		d.done("a[3]/undo/1", "a[2]/undo/1", "a[1]/undo/1")
		d.over(OutcomeFailed, 1)
		d.say(resumed(false))
		d.running("a[1]/x/1", "a[2]/x/1")
		d.done("a[1]/x/1", "a[2]/x/1", "a[3]/x/1", "b/x/1", "a[3]/marks/1", "a[2]/marks/1", "a[1]/marks/1")
		d.over(OutcomeDone, 0)
	})
	t.Run("of a list", func(t *testing.T) {
		n := list("in", undoable("a"), verb("b", "x/1"))
		n.Each = each
		d := begin(t, flow(n), items)
		d.done("a[1]/x/1", "a[2]/x/1", "b[2]/x/1")
		d.fail("b[1]/x/1", fault.Data, "data")
		d.running("a[3]/x/1", "a[1]/undo/1") // its own, at once
		d.done("a[1]/undo/1", "a[3]/x/1", "b[3]/x/1")
		d.done("a[3]/marks/1", "a[2]/marks/1")
		d.over(OutcomeDone, 3)
	})
	t.Run("of a list, and it could not be undone", func(t *testing.T) {
		n := list("in", undoable("a"), verb("b", "x/1"))
		n.Each = &Each{Items: "x", As: "n", Tolerate: 1}
		d := begin(t, flow(n), items)
		d.done("a[1]/x/1")
		d.fail("b[1]/x/1", fault.Data, "data")
		d.fail("a[1]/undo/1", fault.Data, "data")
		d.done("a[2]/x/1", "b[2]/x/1", "a[3]/x/1", "b[3]/x/1")
		d.over(OutcomeFailed, 1)
	})
}

// TestUndoKillsOwners: a unit that takes back is given up like any other.
func TestUndoKillsOwners(t *testing.T) {
	t.Parallel()
	d := begin(t, flow(undoable("a"), undoable("b"), verb("c", "x/1")), nil)
	d.done("a/x/1", "b/x/1")
	d.fail("c/x/1", fault.Data, "data")
	for range mostCrashes {
		d.running("b/undo/1")
		d.say(resumed(true))
	}
	d.running("a/undo/1")
	d.done("a/undo/1")
	d.over(OutcomeFailed, 1)
}

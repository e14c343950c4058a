package pool

import (
	"encoding/json"
	"slices"
	"time"

	"godwit/internal/control/plan/graph"
	"godwit/internal/fault"
	"godwit/internal/unit"
)

// State is where a unit stands.
type State uint8

// The states of a unit. Blocked: a tag of its After is not done. Waiting: it
// is tried again later.
const (
	Blocked State = iota
	Ready
	Running
	Waiting
	Done
	Failed
	states
)

func (s State) String() string {
	return [...]string{"blocked", "ready", "running", "waiting", "done", "failed"}[s]
}

// Work is a unit and what happened to it.
type Work struct {
	Unit    *unit.Unit
	Pool    *Pool
	Past    *Past // nil while nothing went wrong
	Began   int64 // of the running attempt, ms
	Attempt int32 // the last one started
	State   State
	Begun   bool  // some attempt was started since the step was made fresh
	Touched bool  // some attempt was started since what it does was last taken back or kept
	Order   int64 // of the last start among all of the run
	Of      *Work // the one that it takes back or keeps; nil = it belongs to the step from the start

	lane    *lane
	index   int32 // order of expansion
	missing int32 // tags of After that are not done
	away    bool  // it waits for a system to come back
	queued  bool  // it stands in its lane's queue
	open    bool  // done, and it left records that were not loaded
}

// Behind reports whether a tag of its After is not done.
func (w *Work) Behind() bool { return w.missing > 0 }

// Past is what an unfinished unit has gone through.
type Past struct {
	From    json.RawMessage // where it yielded
	Fault   *fault.Fault    // of the last try
	Since   int64           // first failure without progress, ms; 0 = none
	Due     int64           // of the next try, ms
	Crashes int32           // owners that died with it, in a row
	times   int32           // tries that ended with a fault
	broken  int32           // those that were internal
}

// Must reports whether the unit runs after cancel, too.
func (w *Work) Must() bool { return w.Unit.MustRun || w.Pool.Must }

// Over reports whether the unit is done or failed.
func (w *Work) Over() bool { return w.State == Done || w.State == Failed }

// Waited is from when on the attempt that runs has waited for what became its fault, which
// has been so since then: others may have met it before this one began. Zero stays zero.
func (w *Work) Waited(since time.Time) time.Time {
	if since.IsZero() {
		return since
	}
	return time.UnixMilli(max(since.UnixMilli(), w.Began)).UTC()
}

// Tries is the past as the rules for another try want to know it, when the attempt that
// runs ends with a fault that it has waited for since then, see Waited.
func (w *Work) Tries(waited time.Time) graph.Tries {
	t := graph.Tries{Unit: w.Unit.ID, Attempt: int(w.Attempt), Since: waited}
	if p := w.Past; p != nil && p.Since != 0 {
		t.Before, t.Broken, t.Since = int(p.times), int(p.broken), time.UnixMilli(p.Since).UTC()
	}
	return t
}

func (w *Work) past() *Past {
	if w.Past == nil {
		w.Past = &Past{}
	}
	return w.Past
}

// turn moves a unit to a state.
func (p *Pool) turn(w *Work, s State) {
	p.watch(w, s)
	p.n[w.State]--
	p.n[s]++
	w.State = s
	if w.away && s != Waiting {
		w.away = false
		p.wait(w, -1)
	}
}

// Offer makes a unit that is not running ready, or blocked if tags are missing.
func (p *Pool) Offer(w *Work) {
	if w.missing > 0 {
		p.turn(w, Blocked)
		return
	}
	p.turn(w, Ready)
	if !w.queued {
		w.queued = true
		w.lane.ready.push(entry{at: int64(w.index), w: w})
	}
}

// Start begins an attempt.
func (p *Pool) Start(w *Work, attempt int, at time.Time) {
	w.lane.take(1)
	w.Attempt = int32(attempt)
	w.Begun, p.Begun = true, true
	w.Began = at.UnixMilli()
	p.turn(w, Running)
}

// Stop gives back the limits of a running attempt; what became of it follows
// at once by Finish, Fail, Delay, Yield or Orphan.
func (p *Pool) Stop(w *Work) {
	w.lane.take(-1)
	w.Began = 0
}

// Finish makes a unit done; open when it left records that were not loaded.
func (p *Pool) Finish(w *Work, facts json.RawMessage, open bool) {
	w.Past = nil
	p.turn(w, Done)
	if w.open = open; open {
		p.open++
	}
	if len(p.units) == 1 || w.Unit.Gives {
		p.Facts = facts
	}
	for _, name := range w.Unit.Tags {
		p.lower(p.tag(name))
	}
}

// Fail makes a unit failed.
func (p *Pool) Fail(w *Work, f *fault.Fault) {
	w.past().Fault = f
	p.turn(w, Failed)
}

// Yield makes a unit ready to go on from a position: that is progress.
func (p *Pool) Yield(w *Work, from json.RawMessage) {
	w.Past = nil
	if from != nil {
		w.Past = &Past{From: from}
	}
	p.Offer(w)
}

// called is the kind of a unit that runs another flow: as a run of its own, whose
// units are counted there.
const called = "flow"

// Orphan makes a unit ready whose owner is gone. One that has progressed meanwhile
// does not keep killing its owners, nor is it the one that only waits for others.
func (p *Pool) Orphan(w *Work, crashed, progressed bool) {
	switch {
	case progressed, w.Unit.Kind == called:
		w.past().Crashes = 0
	case crashed:
		w.past().Crashes++
		p.Shaky = append(p.Shaky, w)
	}
	p.Offer(w)
}

// Delay lets a unit wait for its next try. Without a fault it was only asked
// too early.
func (p *Pool) Delay(w *Work, due time.Time, f *fault.Fault, at time.Time) {
	h := w.past()
	h.Due = due.UnixMilli()
	h.Crashes = 0
	if f != nil {
		h.Fault = f
		h.times++
		if h.Since == 0 {
			if h.Since = at.UnixMilli(); !f.Since.IsZero() { // it was waited for before
				h.Since = f.Since.UnixMilli()
			}
		}
		if f.Kind == fault.Internal {
			h.broken++
		}
	}
	if w.missing > 0 { // what it needs was undone while it ran
		p.Offer(w)
		return
	}
	p.turn(w, Waiting)
	if f != nil && (f.Kind == fault.Unavailable || f.Kind == fault.Throttled) {
		w.away = true
		p.wait(w, 1)
	}
	p.delayed.push(entry{at: h.Due, w: w})
}

// Undo makes a done unit one that has still to be done.
func (p *Pool) Undo(w *Work) {
	if w.open {
		w.open = false
		p.open--
	}
	for _, name := range w.Unit.Tags {
		p.raise(p.tag(name))
	}
	w.Begun = false
	p.Offer(w)
}

// Renew gives a unit that is not running a fresh start: no tries, no crashes,
// not done.
func (p *Pool) Renew(w *Work) {
	if w.Past != nil {
		w.Past = &Past{From: w.Past.From}
	}
	switch w.State {
	case Done:
		p.Undo(w)
	case Running:
	default:
		w.Begun = false
		p.Offer(w)
	}
}

// Owes reports whether a unit that had to run failed.
func (p *Pool) Owes() bool {
	return slices.ContainsFunc(p.Owed, func(w *Work) bool { return w.State == Failed })
}

// Package stalls watches the units under way: which show no progress, what both
// ends say that they wait for, when a wait is over. It holds nothing up: an end
// that cannot be asked is silent. Start at Watch.
package stalls

import (
	"context"
	"slices"
	"sort"
	"sync"
	"time"

	"godwit/internal/unit"
)

// silent is how long a unit may show no progress before it is asked why.
const silent = 5 * time.Second

// Drive is the run that is watched.
type Drive interface {
	// Active are the units under way, as they stand.
	Active() []unit.Progress
	// Waits puts what a unit waits for beside its progress; nil is nothing.
	Waits(id string, waits []unit.Wait)
	// Ask collects what both ends' servers say about a unit's sessions.
	Ask(ctx context.Context, id string) []unit.Wait
	// Note writes an event of a unit and tells it; Keep only writes it.
	Note(ctx context.Context, e unit.Event)
	Keep(ctx context.Context, e unit.Event)
	// Tell tells an event that is written by another way.
	Tell(e unit.Event)
}

// Watch watches one run. Look and Over are one goroutine's; Ends is safe for
// concurrent use with both.
type Watch struct {
	drive  Drive
	seen   map[string]moved
	untold sync.Map // unit.Wait by unit, of waits whose end was not told yet
}

// New makes a watch that has seen nothing yet.
func New(d Drive) *Watch { return &Watch{drive: d, seen: map[string]moved{}} }

// moved is a unit's last sign of life.
type moved struct {
	done, rows, bytes int64
	at                time.Time
	waiting           string // the gate; "" = it goes on
}

func (m moved) over() unit.Wait { return unit.Wait{Gate: m.waiting, Text: "goes on", Since: m.at} }

// Look asks why units stand still, and tells when a wait begins and when it is over.
func (w *Watch) Look(ctx context.Context) {
	now := time.Now()
	units := w.drive.Active()
	sort.Slice(units, func(i, j int) bool { return units[i].Unit < units[j].Unit })
	active := map[string]bool{}
	for _, p := range units {
		active[p.Unit] = true
		w.look(ctx, p, now)
	}
	for id, m := range w.seen {
		if !active[id] {
			w.over(ctx, id, m)
			delete(w.seen, id)
		}
	}
}

func (w *Watch) look(ctx context.Context, p unit.Progress, now time.Time) {
	m, ok := w.seen[p.Unit]
	if !ok || m.done != p.Done || m.rows != p.Rows || m.bytes != p.Bytes {
		w.over(ctx, p.Unit, m)
		w.seen[p.Unit] = moved{p.Done, p.Rows, p.Bytes, now, ""}
		return
	}
	if now.Sub(m.at) < silent {
		return
	}
	waits := w.drive.Ask(ctx, p.Unit)
	w.drive.Waits(p.Unit, waits)
	at := slices.IndexFunc(waits, stands)
	switch {
	case at >= 0 && m.waiting == "":
		m.waiting = waits[at].Gate
		w.untold.Store(p.Unit, m.over())
		w.drive.Note(ctx, unit.Event{Kind: unit.WaitBegan, Unit: p.Unit, Body: unit.Body(waits[at])})
	case at < 0 && m.waiting != "":
		w.over(ctx, p.Unit, m)
		m.waiting = ""
	}
	w.seen[p.Unit] = m
}

// stands tells what is worth a line from a side that is only slower than the
// other.
func stands(w unit.Wait) bool { return w.Gate != "reading" && w.Gate != "writing" }

// Over ends all that is still told as waiting.
func (w *Watch) Over(ctx context.Context) {
	for id, m := range w.seen {
		w.over(ctx, id, m)
	}
}

// over ends a wait that was told.
func (w *Watch) over(ctx context.Context, id string, m moved) {
	w.drive.Waits(id, nil)
	if m.waiting == "" {
		return
	}
	e := unit.Event{Kind: unit.WaitOver, Unit: id, Body: unit.Body(m.over())}
	if _, untold := w.untold.LoadAndDelete(id); untold {
		w.drive.Note(ctx, e)
		return
	}
	w.drive.Keep(ctx, e) // told with the unit's end
}

// Ends tells that a unit waits no more before it is told that it ended.
func (w *Watch) Ends(e unit.Event) {
	switch e.Kind {
	case unit.UnitDone, unit.UnitRetry, unit.UnitFailed, unit.UnitYielded:
	default:
		return
	}
	if over, waited := w.untold.LoadAndDelete(e.Unit); waited {
		w.drive.Tell(unit.Event{At: e.At, Kind: unit.WaitOver, Unit: e.Unit, Body: unit.Body(over)})
	}
}

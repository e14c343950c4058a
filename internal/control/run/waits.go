package run

import (
	"context"
	"slices"
	"sort"
	"time"

	"godwit/internal/control/doctor"
	"godwit/internal/control/run/held"
	"godwit/internal/unit"
)

// silent is how long a unit may show no progress before it is asked why.
const (
	silent  = 5 * time.Second
	lookFor = 2 * time.Second
)

// waits asks both ends why units stand still, and tells when a wait begins and
// when it is over. It holds nothing up: an end that cannot be asked is silent.
func (d *drive) waits(ctx context.Context, quiet <-chan struct{}) {
	t := time.NewTicker(lookFor)
	defer t.Stop()
	seen, told := map[string]moved{}, &held.Spells{}
	for {
		select {
		case <-quiet:
			d.allOver(ctx, seen, told)
			return
		case <-ctx.Done():
			d.allOver(ctx, seen, told)
			return
		case <-t.C:
			d.askHeld(ctx, told)
			d.askWaits(ctx, seen)
		}
	}
}

// allOver ends what is still told as waiting when the drive ends; it is written
// although everything else is cut.
func (d *drive) allOver(ctx context.Context, seen map[string]moved, told *held.Spells) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
	defer cancel()
	for id, m := range seen {
		d.waitOver(ctx, id, m)
	}
	d.askHeld(ctx, told)
}

// moved is a unit's last sign of life.
type moved struct {
	done, rows, bytes int64
	at                time.Time
	waiting           string // the gate; "" = it goes on
}

func (d *drive) askWaits(ctx context.Context, seen map[string]moved) {
	now := time.Now()
	units := d.board.All()
	sort.Slice(units, func(i, j int) bool { return units[i].Unit < units[j].Unit })
	active := map[string]bool{}
	for _, p := range units {
		active[p.Unit] = true
		m, ok := seen[p.Unit]
		if !ok || m.done != p.Done || m.rows != p.Rows || m.bytes != p.Bytes {
			d.waitOver(ctx, p.Unit, m)
			seen[p.Unit] = moved{p.Done, p.Rows, p.Bytes, now, ""}
			continue
		}
		if now.Sub(m.at) < silent {
			continue
		}
		waits := d.ask(ctx, p.Unit)
		d.board.Wait(p.Unit, waits)
		at := slices.IndexFunc(waits, stands)
		switch {
		case at >= 0 && m.waiting == "":
			m.waiting = waits[at].Gate
			d.waiting.Store(p.Unit, m.over())
			d.note(ctx, unit.WaitBegan, p.Unit, waits[at])
		case at < 0 && m.waiting != "":
			d.waitOver(ctx, p.Unit, m)
			m.waiting = ""
		}
		seen[p.Unit] = m
	}
	for id, m := range seen {
		if !active[id] {
			d.waitOver(ctx, id, m)
			delete(seen, id)
		}
	}
}

// stands tells what is worth a line from a side that is only slower than the
// other.
func stands(w unit.Wait) bool { return w.Gate != "reading" && w.Gate != "writing" }

func (m moved) over() unit.Wait { return unit.Wait{Gate: m.waiting, Text: "goes on", Since: m.at} }

// waitOver ends a wait that was told.
func (d *drive) waitOver(ctx context.Context, id string, m moved) {
	d.board.Wait(id, nil)
	if m.waiting == "" {
		return
	}
	if _, untold := d.waiting.LoadAndDelete(id); untold {
		d.note(ctx, unit.WaitOver, id, m.over())
		return
	}
	_ = d.own.Note(ctx, unit.Event{Kind: unit.WaitOver, Unit: id, Body: unit.Body(m.over())}) // told with the unit's end
}

// endsWait tells that a unit waits no more before it is told that it ended.
func (d *drive) endsWait(e unit.Event) {
	switch e.Kind {
	case unit.UnitDone, unit.UnitRetry, unit.UnitFailed, unit.UnitYielded:
	default:
		return
	}
	if over, waited := d.waiting.LoadAndDelete(e.Unit); waited {
		d.tell.Event(unit.Event{At: e.At, Kind: unit.WaitOver, Unit: e.Unit, Body: unit.Body(over)})
	}
}

func (d *drive) note(ctx context.Context, kind, id string, w unit.Wait) {
	d.write(ctx, unit.Event{Kind: kind, Unit: id, Body: unit.Body(w)})
}

// write notes an event and tells it. One that cannot be written is lost with
// the ledger, which ends the drive anyway.
func (d *drive) write(ctx context.Context, e unit.Event) {
	e.At = time.Now().UTC().Truncate(time.Millisecond)
	if d.own.Note(ctx, e) == nil {
		d.event(e)
	}
}

// ask collects what both ends' servers say about a unit's sessions.
func (d *drive) ask(ctx context.Context, id string) []unit.Wait {
	ctx, cancel := context.WithTimeout(ctx, 3*time.Second)
	defer cancel()
	all := d.open.Waits(d.run.Name() + " " + id)
	for _, name := range d.open.names() {
		found, err := doctor.WaitsAt(ctx, d.open, name, d.run.Name()+" "+id)
		if err != nil {
			continue
		}
		for _, w := range found {
			if w.Gate != "working" {
				all = append(all, w)
			}
		}
	}
	return all
}

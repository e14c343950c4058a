package run

import (
	"context"
	"time"

	"godwit/internal/control/doctor"
	"godwit/internal/control/run/waiting"
	"godwit/internal/unit"
)

// lookFor is how often it is looked what waits.
const lookFor = 2 * time.Second

// waits tells why units and steps stand still, until the drive ends.
func (d *drive) waits(ctx context.Context, quiet <-chan struct{}) {
	t := time.NewTicker(lookFor)
	defer t.Stop()
	told := &waiting.Spells{}
	for {
		select {
		case <-quiet:
			d.allOver(ctx, told)
			return
		case <-ctx.Done():
			d.allOver(ctx, told)
			return
		case <-t.C:
			d.askHeld(ctx, told)
			d.stalls.Look(ctx)
		}
	}
}

// allOver ends what is still told as waiting when the drive ends; it is written
// although everything else is cut.
func (d *drive) allOver(ctx context.Context, told *waiting.Spells) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
	defer cancel()
	d.stalls.Over(ctx)
	d.askHeld(ctx, told)
}

// write notes an event and tells it. One that cannot be written is lost with
// the ledger, which ends the drive anyway.
func (d *drive) write(ctx context.Context, e unit.Event) {
	e.At = time.Now().UTC().Truncate(time.Millisecond)
	if d.own.Note(ctx, e) == nil {
		d.event(e)
	}
}

// watched is a drive as package stalls sees it.
type watched struct{ *drive }

func (d watched) Active() []unit.Progress                { return d.board.All() }
func (d watched) Waits(id string, waits []unit.Wait)     { d.board.Wait(id, waits) }
func (d watched) Note(ctx context.Context, e unit.Event) { d.write(ctx, e) }
func (d watched) Keep(ctx context.Context, e unit.Event) { _ = d.own.Note(ctx, e) } // as write
func (d watched) Tell(e unit.Event)                      { d.tell.Event(e) }

// Ask is the stalls.Drive's.
func (d watched) Ask(ctx context.Context, id string) []unit.Wait {
	ctx, cancel := context.WithTimeout(ctx, 3*time.Second)
	defer cancel()
	all := d.open.Waits(d.run.Name() + " " + id)
	for _, name := range d.open.Names() {
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

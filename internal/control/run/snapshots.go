package run

import (
	"context"
	"strconv"
	"strings"

	"godwit/internal/connector"
	"godwit/internal/control/run/chronicle"
	"godwit/internal/control/run/pinned"
	"godwit/internal/ledger"
	"godwit/internal/unit"
)

// All steps of a run read a connection at the same point in time, so that a
// verification proves what the copy before it read. That holds until a step has
// written there: whoever reads behind it must see what it wrote. So a snapshot
// is named for the run and for how many steps had written to its connection
// when the step that reads it began; the names are kept with what the step found.

// snapshots are the names that a step's units read at.
func (d *drive) snapshots(ctx context.Context, step string) (map[string]string, error) {
	if names, ok := d.named.Load(step); ok {
		return names.(map[string]string), nil
	}
	looks, err := d.runs.Ledger.View().Units(ctx, d.run.ID, ledger.Filter{Step: step, Kind: "inspect", State: ledger.Done}, 1)
	if err != nil || len(looks) == 0 {
		return nil, err
	}
	found, _ := chronicle.Facts[chronicle.Found](looks[0])
	d.named.Store(step, found.Snapshots)
	return found.Snapshots, nil
}

// names reports whether a snapshot's name is one of this run's steps'.
func (d *drive) names(snapshot string) bool {
	rest, ok := strings.CutPrefix(snapshot, d.run.UID)
	return ok && (rest == "" || rest[0] == '+' || rest[0] == pinned.At[0])
}

// snapshots names those that a step which begins now reads its connections at, and
// gives up older ones that nobody reads any more.
func (i *inspector) snapshots(ctx context.Context, step string, l unit.Lease, connections ...string) (map[string]string, error) {
	view := i.runs.Ledger.View()
	looks, err := view.Units(ctx, i.run, ledger.Filter{Kind: "inspect", State: ledger.Done}, 0)
	if err != nil {
		return nil, err
	}
	counts, err := view.Counts(ctx, i.run)
	if err != nil {
		return nil, err
	}
	under := map[string]bool{} // steps under way
	for _, c := range counts {
		if c.State != ledger.Done && c.State != ledger.Failed {
			under[c.Step] = true
		}
	}
	// What a called flow wrote is known to its own run: it may be anywhere.
	called, err := view.Units(ctx, i.run, ledger.Filter{Kind: "flow", State: ledger.Done}, 0)
	if err != nil {
		return nil, err
	}
	wrote := map[string]int{}
	for _, u := range looks {
		if found, ok := chronicle.Facts[chronicle.Found](u); ok && found.Writes != "" && !under[u.Step] {
			wrote[found.Writes]++
		}
	}
	held, err := i.pinned.Opened(ctx, looks)
	if err != nil {
		return nil, err
	}
	names, pins := map[string]string{}, i.pinned.Pins.Of(step)
	for _, c := range connections {
		if pins[c] != "" {
			names[c] = l.Run + pinned.At + pins[c]
			continue
		}
		names[c] = l.Run
		if n := wrote[c] + len(called); n > 0 {
			names[c] += "+" + strconv.Itoa(n)
		}
		for _, u := range looks {
			found, _ := chronicle.Facts[chronicle.Found](u)
			if old := found.Snapshots[c]; old != "" && old != names[c] && u.Step != step && !under[u.Step] && !held[old] {
				giveUp(ctx, i.open, c, old)
			}
		}
	}
	return names, nil
}

// giveUpWritten gives up the snapshots of what this run writes to: units that
// wrote there are to be done again, and who reads behind them, a proof for one,
// must not see what was there before.
func (d *drive) giveUpWritten(ctx context.Context) error {
	looks, err := d.runs.Ledger.View().Units(ctx, d.run.ID, ledger.Filter{Kind: "inspect", State: ledger.Done}, 0)
	if err != nil {
		return err
	}
	written := map[string]bool{}
	for _, u := range looks {
		found, _ := chronicle.Facts[chronicle.Found](u)
		written[found.Writes] = true
	}
	for _, u := range looks {
		found, _ := chronicle.Facts[chronicle.Found](u)
		for c, name := range found.Snapshots {
			if written[c] && !strings.Contains(name, pinned.At) {
				giveUp(ctx, d.open, c, name)
			}
		}
	}
	return nil
}

func giveUp(ctx context.Context, open connector.Opener, name, snapshot string) {
	if s, err := connector.Capable[connector.Snapshots](ctx, open, name, "be read at a snapshot"); err == nil {
		s.CloseSnapshot(snapshot)
	}
}

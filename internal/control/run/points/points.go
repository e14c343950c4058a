// Package points holds what is read inside a step to points in time (snapshot:).
// Start at Points.
package points

import (
	"context"
	"strings"

	"godwit/internal/connector"
	"godwit/internal/control/run/chronicle"
	"godwit/internal/control/run/late"
	"godwit/internal/fault"
	"godwit/internal/ledger"
	"godwit/internal/unit"
)

// Pin stands between a run and the node whose insides read at a snapshot.
const Pin = "@"

// Points are the points in time that steps hold their insides to (snapshot:).
// One that is lost cannot be had again: what was read at it and what is still to
// be read would not be of one, so the run stops.
type Points struct {
	Pins   late.Pins
	Ledger *ledger.Ledger
	Run    ledger.Run
	Open   connector.Opener
}

// Hold opens the snapshots that a step's connections are held to, and gives their
// IDs. What was read inside the same node before must have been read at them.
func (p Points) Hold(ctx context.Context, step string, l unit.Lease) (map[string]string, error) {
	at := map[string]string{}
	for c, node := range p.Pins.Of(step) {
		if l.Snapshots[c] == "" {
			continue // it does not read there
		}
		s, err := connector.Capable[connector.Snapshots](ctx, p.Open, c, "be read at one point in time")
		if err != nil {
			return nil, err
		}
		snap, err := s.OpenSnapshot(ctx, l.Snapshots[c])
		if err != nil {
			return nil, err
		}
		at[c] = snap.ID()
		read, err := p.read(ctx)
		if err != nil {
			return nil, err
		}
		if was := read[l.Snapshots[c]]; was != "" && was != at[c] {
			return nil, p.gone(c, node)
		}
	}
	return at, nil
}

// read gives the IDs that names stood for when steps read at them.
func (p Points) read(ctx context.Context) (map[string]string, error) {
	looks, err := p.Ledger.View().Units(ctx, p.Run.ID, ledger.Filter{Kind: "inspect", State: ledger.Done}, 0)
	if err != nil {
		return nil, err
	}
	read := map[string]string{}
	for _, u := range looks {
		found, _ := chronicle.Facts[chronicle.Found](u)
		for c, id := range found.Points {
			read[found.Snapshots[c]] = id
		}
	}
	return read, nil
}

// Opened are the names whose nodes are not over: somebody inside may still read.
func (p Points) Opened(ctx context.Context, looks []ledger.Unit) (map[string]bool, error) {
	if len(p.Pins) == 0 {
		return nil, nil
	}
	over, err := chronicle.Over(ctx, p.Ledger.View(), p.Run.ID)
	open := map[string]bool{}
	for _, u := range looks {
		found, _ := chronicle.Facts[chronicle.Found](u)
		for c := range found.Points {
			name := found.Snapshots[c]
			_, node, _ := strings.Cut(name, Pin)
			open[name] = !over[node]
		}
	}
	return open, err
}

// Lost stops a run that is gone on with when somebody inside a node may still
// read, and the point in time is another one.
func (p Points) Lost(ctx context.Context, now func(step, from string) (string, error)) error {
	looks, err := p.Ledger.View().Units(ctx, p.Run.ID, ledger.Filter{Kind: "inspect", State: ledger.Done}, 0)
	if err != nil || len(p.Pins) == 0 {
		return err
	}
	open, err := p.Opened(ctx, looks)
	if err != nil {
		return err
	}
	for _, u := range looks {
		found, _ := chronicle.Facts[chronicle.Found](u)
		for c, was := range found.Points {
			if !open[found.Snapshots[c]] {
				continue
			}
			id, err := now(u.Step, c)
			if err != nil {
				return err
			}
			if id != was {
				return p.gone(c, p.Pins.Of(u.Step)[c])
			}
		}
	}
	return nil
}

func (p Points) gone(connection, node string) error {
	return fault.New(fault.Config, "snapshot.lost", "the point in time of %s that step %s holds its insides to is gone, and some of it was read", connection, node).
		Hint("godwit cancel %s, then the same command with --new reads all of it at another one", p.Run.Name())
}

// Package pinned holds what is read inside a step to the snapshots that the step
// names (snapshot:). Start at Snapshots.
package pinned

import (
	"context"
	"strings"

	"godwit/internal/connector"
	"godwit/internal/control/run/chronicle"
	"godwit/internal/control/run/order"
	"godwit/internal/fault"
	"godwit/internal/ledger"
	"godwit/internal/unit"
)

// At stands between a run and the node whose insides read at a snapshot.
const At = "@"

// Snapshots are those that steps hold their insides to (snapshot:). One that is
// lost cannot be had again: what was read at it and what is still to be read would
// not be of one point in time, so the run stops.
type Snapshots struct {
	Pins   order.Pins
	Ledger *ledger.Ledger
	Run    ledger.Run
	Open   connector.Opener
}

// Hold opens the snapshots that a step's connections are held to, and gives their
// IDs. What was read inside the same node before must have been read at them.
func (s Snapshots) Hold(ctx context.Context, step string, l unit.Lease) (map[string]string, error) {
	at := map[string]string{}
	for c, node := range s.Pins.Of(step) {
		if l.Snapshots[c] == "" {
			continue // it does not read there
		}
		source, err := connector.Capable[connector.Snapshots](ctx, s.Open, c, "be read at one point in time")
		if err != nil {
			return nil, err
		}
		snap, err := source.OpenSnapshot(ctx, l.Snapshots[c])
		if err != nil {
			return nil, err
		}
		at[c] = snap.ID()
		read, err := s.read(ctx)
		if err != nil {
			return nil, err
		}
		if was := read[l.Snapshots[c]]; was != "" && was != at[c] {
			return nil, s.gone(c, node)
		}
	}
	return at, nil
}

// read gives the IDs that names stood for when steps read at them.
func (s Snapshots) read(ctx context.Context) (map[string]string, error) {
	looks, err := s.Ledger.View().Units(ctx, s.Run.ID, ledger.Filter{Kind: "inspect", State: ledger.Done}, 0)
	if err != nil {
		return nil, err
	}
	read := map[string]string{}
	for _, u := range looks {
		found, _ := chronicle.Facts[chronicle.Found](u)
		for c, id := range found.Pinned {
			read[found.Snapshots[c]] = id
		}
	}
	return read, nil
}

// Opened are the names whose nodes are not over: somebody inside may still read.
func (s Snapshots) Opened(ctx context.Context, looks []ledger.Unit) (map[string]bool, error) {
	if len(s.Pins) == 0 {
		return nil, nil
	}
	over, err := chronicle.Over(ctx, s.Ledger.View(), s.Run.ID)
	open := map[string]bool{}
	for _, u := range looks {
		found, _ := chronicle.Facts[chronicle.Found](u)
		for c := range found.Pinned {
			name := found.Snapshots[c]
			_, node, _ := strings.Cut(name, At)
			open[name] = !over[node]
		}
	}
	return open, err
}

// Lost stops a run that is gone on with when somebody inside a node may still
// read, and the point in time is another one.
func (s Snapshots) Lost(ctx context.Context, now func(step, from string) (string, error)) error {
	looks, err := s.Ledger.View().Units(ctx, s.Run.ID, ledger.Filter{Kind: "inspect", State: ledger.Done}, 0)
	if err != nil || len(s.Pins) == 0 {
		return err
	}
	open, err := s.Opened(ctx, looks)
	if err != nil {
		return err
	}
	for _, u := range looks {
		found, _ := chronicle.Facts[chronicle.Found](u)
		for c, was := range found.Pinned {
			if !open[found.Snapshots[c]] {
				continue
			}
			id, err := now(u.Step, c)
			if err != nil {
				return err
			}
			if id != was {
				return s.gone(c, s.Pins.Of(u.Step)[c])
			}
		}
	}
	return nil
}

func (s Snapshots) gone(connection, node string) error {
	return fault.New(fault.Config, "snapshot.lost", "the point in time of %s that step %s holds its insides to is gone, and some of it was read", connection, node).
		Hint("godwit cancel %s, then the same command with --new reads all of it at another one", s.Run.Name())
}

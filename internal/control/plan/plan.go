// Package plan decides what a run does next. A Graph is what the flow says,
// frozen; a Machine is a Graph and everything that happened so far, a fold
// over the run's journal. It is pure: no clock, no network, no ledger; the same
// events give the same state and the same proposals, on every machine and in
// every engine. It knows nodes and units, never what a verb does. Start
// reading at Machine.Apply (what happened) and Machine.Next (what follows).
package plan

import (
	"time"

	"godwit/internal/control/plan/graph"
	"godwit/internal/control/plan/tally"
	"godwit/internal/unit"
)

// What a flow says stands in package graph; these are its names here.
type (
	Graph  = graph.Graph
	Node   = graph.Node
	Each   = graph.Each
	Retry  = graph.Retry
	Window = graph.Window
	Pause  = graph.Pause
	Probe  = graph.Probe
	Ask    = graph.Ask
	Guard  = graph.Guard
)

// How far units are, and how fast, stands in package tally.
type (
	Count = tally.Count
	Rates = tally.Rates
)

// Kinds of nodes, and the OnError that lets later steps start.
const (
	Step     = graph.Step
	Flow     = graph.Flow
	Steps    = graph.Steps
	Parallel = graph.Parallel
	Wait     = graph.Wait
	WaitFor  = graph.WaitFor
	Approve  = graph.Approve
	Settings = graph.Settings
	Continue = graph.Continue
)

// roots are the units that an instance begins with, before they are named.
func (in *instance) roots() []unit.Unit {
	if in.node.Each != nil && !in.item {
		return in.node.Each.Units()
	}
	return in.node.Templates()
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

// sooner is the earlier of two times, where zero means never.
func sooner(a, b time.Time) time.Time {
	if a.IsZero() || !b.IsZero() && b.Before(a) {
		return b
	}
	return a
}

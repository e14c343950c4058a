// Package graph holds what a flow says, frozen: nodes, their attributes and the
// units a planner made for them, as they stand in a run's row. It knows nothing
// of a run: what happened to a node is the Machine's matter, in package plan.
// Start at Graph and Node.
package graph

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"time"

	"godwit/internal/fault"
	"godwit/internal/unit"
)

// Kinds of nodes. If, for_each, window, timeout, on_error and finally are
// attributes that any of them may have.
const (
	Step     = "step"     // a verb: its Units
	Flow     = "flow"     // a child run, as one unit
	Steps    = "steps"    // Steps, one after the other
	Parallel = "parallel" // Steps, all at once
	Wait     = "wait"     // until a time
	WaitFor  = "wait_for" // until a probe says true
	Approve  = "approve"  // until a person says so
	Settings = "settings" // open unit, Steps, close unit
)

// Continue is the OnError that lets later steps of the list start.
const Continue = "continue"

// Graph is a flow as it is frozen in the run's row. It must not be changed
// while a Machine uses it.
type Graph struct {
	Steps   []Node         `json:"steps"`
	Finally []Node         `json:"finally,omitempty"` // on success, failure and cancel
	Limits  map[string]int `json:"limits,omitempty"`  // shared by all steps: a connection's sessions ...
}

// Node is one step of a flow. Units are the planner's templates: inside a
// for_each their ids and steps get the item's key, copy/data/1 becoming
// copy[north]/data/1.
type Node struct {
	ID      string         `json:"id"` // unique in the graph, without [ ] and /
	Kind    string         `json:"kind"`
	Hash    string         `json:"hash,omitempty"` // of the step as written and what it refers to
	If      string         `json:"if,omitempty"`
	Each    *Each          `json:"each,omitempty"`
	Retry   *Retry         `json:"retry,omitempty"` // also of everything inside that has none
	Window  *Window        `json:"window,omitempty"`
	Timeout time.Duration  `json:"timeout,omitempty"`  // from entering the node
	OnError string         `json:"on_error,omitempty"` // "" or Continue
	Limits  map[string]int `json:"limits,omitempty"`   // of the units inside; per item
	Units   []unit.Unit    `json:"units,omitempty"`    // of Step and Flow
	Steps   []Node         `json:"steps,omitempty"`    // of Steps, Parallel and Settings
	Finally []Node         `json:"finally,omitempty"`  // once the node has been entered

	Wait    *Pause `json:"wait,omitempty"`
	WaitFor *Probe `json:"wait_for,omitempty"`
	Approve *Ask   `json:"approve,omitempty"`
	Guard   *Guard `json:"guard,omitempty"` // of Settings
}

// Each makes a node run once per item. Exactly one of Items and Query is set.
type Each struct {
	Items     string     `json:"items,omitempty"` // an expression that gives a list
	Query     *unit.Unit `json:"query,omitempty"` // a unit whose Result.Facts is a JSON list
	Reads     []string   `json:"reads,omitempty"` // nodes whose results Items is made of
	As        string     `json:"as"`              // the item's name in expressions
	Key       string     `json:"key,omitempty"`   // path into the item ("" = id); a plain item is its own key
	Parallel  int        `json:"parallel,omitempty"`
	Tolerate  int        `json:"tolerate,omitempty"` // failed items that do not fail the node
	Share     float64    `json:"share,omitempty"`    // the same as a share of all items, 0 to 1
	StopEarly bool       `json:"stop_early,omitempty"`
}

// Retry says how often and how long a unit is tried. Zero values are the
// defaults: 15 minutes from the first failure, waits of 1 s doubled up to
// 30 s, the passing kinds by that time and internal three times.
type Retry struct {
	For      time.Duration `json:"for,omitempty"`
	Attempts int           `json:"attempts,omitempty"` // 0 = as many as fit
	Wait     time.Duration `json:"wait,omitempty"`
	Factor   float64       `json:"factor,omitempty"`
	MaxWait  time.Duration `json:"max_wait,omitempty"`
	Only     []fault.Kind  `json:"only,omitempty"`
}

// Pause is a wait node: one of For, Until and Expr. Expr gives a text that
// ReadPause reads, or a number of seconds.
type Pause struct {
	For   time.Duration `json:"for,omitempty"`
	Until time.Time     `json:"until,omitzero"`
	Expr  string        `json:"expr,omitempty"`
}

// Probe is a wait_for node: its unit is done again and again until its Facts
// are the JSON value true.
type Probe struct {
	Unit      unit.Unit     `json:"unit"`
	Every     time.Duration `json:"every,omitempty"` // 0 = 10 s
	Timeout   time.Duration `json:"timeout,omitempty"`
	Otherwise string        `json:"otherwise,omitempty"` // fail (also ""), continue, end
}

// Ask is an approve node.
type Ask struct {
	Text    string        `json:"text,omitempty"`
	Role    string        `json:"role,omitempty"`
	Timeout time.Duration `json:"timeout,omitempty"`
}

// Guard are the units around a settings node: Close runs, whatever happens,
// once Open has been started.
type Guard struct {
	Open  unit.Unit `json:"open"`
	Close unit.Unit `json:"close"`
}

// Hash is the graph's content hash: 64 hex digits, equal for equal graphs.
func (g *Graph) Hash() string {
	b, err := json.Marshal(g)
	if err != nil {
		panic("encode graph: " + err.Error())
	}
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:])
}

// Templates are the units that the node starts with, for each of its items.
func (n *Node) Templates() []unit.Unit {
	switch n.Kind {
	case Step, Flow:
		return n.Units
	case WaitFor:
		return []unit.Unit{n.WaitFor.Unit}
	case Settings:
		end := n.Guard.Close
		end.MustRun = true
		return []unit.Unit{n.Guard.Open, end}
	}
	return nil
}

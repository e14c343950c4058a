package plan

import (
	"time"

	"godwit/internal/control/plan/pool"
	"godwit/internal/control/plan/tally"
	"godwit/internal/fault"
	"godwit/internal/unit"
)

// Machine is a run as far as it has come. Apply moves it, Next says what
// follows; nothing else changes it. Not safe for concurrent use. After an
// error of Apply, or when proposed events could not be written, it must be
// dropped and built again from the journal.
type Machine struct {
	graph   *Graph
	eval    Eval
	root    *instance
	places  map[string]*instance // everything that exists, by id
	units   map[string]*pool.Work
	running []*pool.Work // in the order of their starts
	tuned   map[string]int
	tallies tally.Tally
	run     run
	worked  int    // done units that may have changed something
	undoes  bool   // some unit can be taken back
	guess   *guess // of a Machine that only looks ahead
}

// run is the state of the run as a whole.
type run struct {
	folded    int64 // events
	last      int64 // sequence number in the journal
	started   bool
	paused    bool
	resting   bool // see Rest
	pausedBy  unit.Event
	cancelled bool
	ending    bool // a wait_for ended the flow
	blocked   bool // records wait for others, says the last unit that says anything of it
	finished  bool
	outcome   string
	exit      int
}

// New makes the Machine of a run to which nothing has happened yet. Its error
// is a fault of kind config that names what is wrong with the graph.
func New(g *Graph, eval Eval) (*Machine, error) {
	if err := g.Check(); err != nil {
		return nil, err
	}
	m := &Machine{
		graph: g, eval: eval,
		places: map[string]*instance{}, units: map[string]*pool.Work{}, tuned: map[string]int{},
	}
	m.root = &instance{node: &Node{Kind: Steps, Steps: g.Steps, Finally: g.Finally}, answer: true}
	m.root.limits = m.limitsOf(g.Limits, "")
	for i := range g.Steps {
		m.root.kids = append(m.root.kids, m.make(&g.Steps[i], m.root, "", false))
	}
	for i := range g.Finally {
		m.root.finally = append(m.root.finally, m.make(&g.Finally[i], m.root, "", true))
	}
	return m, nil
}

// Unit gives a unit by its id. Units of items that are not open are not known.
func (m *Machine) Unit(id string) (unit.Unit, bool) {
	w := m.units[id]
	if w == nil {
		return unit.Unit{}, false
	}
	return *w.Unit, true
}

// State gives a unit's state and the number of its last attempt.
func (m *Machine) State(id string) (s State, attempt int, ok bool) {
	w := m.units[id]
	if w == nil {
		return 0, 0, false
	}
	return w.State, int(w.Attempt), true
}

// Behind reports whether a unit comes after something that is not done: what
// runs may, when that was opened again.
func (m *Machine) Behind(id string) bool {
	w := m.units[id]
	return w != nil && w.Behind()
}

// Counts says how far the units of all steps are, in the order of the flow.
func (m *Machine) Counts() []Count { return m.tallies.Counts() }

// Finished reports how the run ended; false while it goes on.
func (m *Machine) Finished() (f unit.Finished, ok bool) {
	return unit.Finished{Outcome: m.run.outcome, Exit: m.run.exit}, m.run.finished
}

// Paused reports whether a person holds the run.
func (m *Machine) Paused() bool { return m.run.paused }

// Rest keeps Next from starting anything more: the process that asks it ends.
func (m *Machine) Rest() { m.run.resting = true }

// Cancelled reports whether the run is being, or was, cancelled.
func (m *Machine) Cancelled() bool { return m.run.cancelled }

// Seq is the highest sequence number applied: where to read the journal on.
// Proposed events count once they are known by it.
func (m *Machine) Seq() int64 { return m.run.last }

// Node gives a node's outcome by its id, "" while it is not over.
func (m *Machine) Node(id string) (outcome string, f *fault.Fault, ok bool) {
	in := m.places[id]
	if in == nil {
		return "", nil, false
	}
	return in.outcome, in.life.fault, true
}

// limitsOf makes an instance's own limits, as tuned so far.
func (m *Machine) limitsOf(max map[string]int, node string) map[string]*pool.Limit {
	if len(max) == 0 {
		return nil
	}
	own := make(map[string]*pool.Limit, len(max))
	for name, n := range max {
		c := &pool.Limit{Name: name, Node: node, Max: n}
		own[name] = c
		m.tune(c)
	}
	return own
}

// tune sets a limit to what people asked for: by NAME wherever it is used, by
// STEP/NAME for one step.
func (m *Machine) tune(c *pool.Limit) {
	if n, ok := m.tuned[c.Name]; ok {
		c.Max = n
	}
	if n, ok := m.tuned[c.Node+"/"+c.Name]; ok && c.Node != "" {
		c.Max = n
	}
}

func ms(t time.Time) time.Time { return t.UTC().Truncate(time.Millisecond) }

package chronicle

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"sort"
	"strings"
	"time"

	"godwit/internal/catalog"
	"godwit/internal/fault"
	"godwit/internal/ledger"
	"godwit/internal/record"
	"godwit/internal/unit"
)

// Story is everything the ledger knows about a run: what its report and its
// summary are made from. It is made the same again as long as the run does not
// go on.
type Story struct {
	Run         ledger.Run
	Version     string // of the godwit that started it
	Actor       string
	Sides       []Side
	Omitted     []catalog.Omission // what copies left out, beside tables
	FlowText    string
	Steps       []record.Account // sums per step
	Totals      []record.Account // per step and entity
	Proofs      []Proof
	Differences []Difference
	Snapshots   []SnapshotSpell
	Again       []Again
	Changed     []Changed
	Timing
	Events  []unit.Event // lasting ones, without those of single units that went well
	Last    time.Time
	Marks   bool     // marks are still at the target
	Skipped int      // tables that were at the target and were left alone
	Passed  []string // steps that were skipped: their condition was false
	seen
}

// seen is what a story is made from.
type seen struct {
	Parts []Part // runs that it has called
	units []ledger.Unit
	broke map[string]fault.Fault // nodes that failed by themselves: not by a unit
	gates map[string]waiter      // steps that wait
	// answers are the last ones to units that ask.
	answers map[string]string
}

// Proof is what a verification said about one entity.
type Proof struct {
	Entity string `json:"entity"`
	Result string `json:"result"`
	Method string `json:"method"`
	Rows   int64  `json:"rows"`
	Left   string `json:"left"`
	Right  string `json:"right"`
	Others int64  `json:"others"`
	Count  int    `json:"count"` // rows or objects that differ
	Extra  int    `json:"extra"` // of them, rows that only the target has
	Parts  int    `json:"parts"` // of Count, parts of the table that differ and were not looked into
	Same   int64  `json:"same"`  // rows that are proved equal
	Why    string `json:"why"`
	Unit   string `json:"-"`
	// Of records that were mapped again.
	Of      string      `json:"of"`      // what a record is one of
	Missing int64       `json:"missing"` // of Count, rows that the target lacks
	Aside   *unit.Aside `json:"aside"`   // of the records' own table
}

// Around reports whether it is about what is around the rows: sequences,
// definitions.
func (p Proof) Around() bool { return unit.KindOf(p.Unit) == "around" }

// Again reports whether records were mapped again for it.
func (p Proof) Again() bool { return unit.KindOf(p.Unit) == "compare" }

// Difference is one thing named by a verification.
type Difference struct {
	Entity string   `json:"entity"`
	What   string   `json:"what"`
	Key    []string `json:"key"`
	Column string   `json:"column"`
	Left   string   `json:"left"`
	Right  string   `json:"right"`
	Text   string   `json:"text"`
	Unit   string   `json:"-"`
}

// SnapshotSpell is a point in time that was read, and when it was lost.
type SnapshotSpell struct {
	unit.Snapshot
	Opened, Lost time.Time
	Why          string
}

// Again is work that was done more than once.
type Again struct {
	What, Unit, Entity, Why string
	At                      time.Time
	Times                   int
	Rows                    int64
}

// Read reads a run's story from the ledger.
func Read(ctx context.Context, v *ledger.View, run ledger.Run) (*Story, error) {
	s := &Story{Run: run}
	var frozen struct {
		Version string
		Flow    json.RawMessage
	}
	err := json.Unmarshal(run.Plan, &frozen)
	if err != nil {
		return nil, fault.New(fault.Internal, "ledger.damaged", "%s: read its plan: %w", run.Name(), err)
	}
	s.Version, s.FlowText, s.gates = frozen.Version, flowText(frozen.Flow), waiters(run.Plan)
	if s.Steps, err = v.Sums(ctx, run.ID); err != nil {
		return nil, err
	}
	if s.Totals, err = v.Totals(ctx, run.ID); err != nil {
		return nil, err
	}
	if s.units, err = v.Units(ctx, run.ID, ledger.Filter{}, 0); err != nil {
		return nil, err
	}
	if s.Parts, err = Parts(ctx, v, run.ID, false); err != nil {
		return nil, err
	}
	events, err := v.Events(ctx, run.ID, 0, 0)
	if err != nil {
		return nil, err
	}
	s.tell(events)
	s.times()
	return s, nil
}

// flowText is the frozen flow without the files that it is filled in from, and
// without who is told of what: both may hold what is not for a report.
func flowText(flow json.RawMessage) string {
	var keys map[string]json.RawMessage
	if json.Unmarshal(flow, &keys) != nil || keys["late"] == nil && keys["alarms"] == nil {
		return string(flow)
	}
	delete(keys, "late")
	delete(keys, "alarms")
	return string(unit.Body(keys))
}

// tell goes through the journal once.
func (s *Story) tell(events []unit.Event) {
	proofs, differences := map[string]Proof{}, map[string][]Difference{}
	retries := map[string]int{}
	var waited outages
	for _, e := range events {
		before := s.Last
		s.Last = e.At
		waited.take(e, before)
		s.wait(e)
		switch e.Kind {
		case unit.RunStarted:
			s.Actor = e.Actor
		case unit.NodeEntered:
			delete(s.broke, e.Node)
		case unit.NodeLeft:
			s.Passed = Passed(s.Passed, e)
			s.left(e)
		case unit.RunResumed:
			s.Idle += e.At.Sub(before)
		case unit.VerifyTable:
			if p, err := unit.Decode[Proof](e); err == nil {
				p.Unit = e.Unit
				step, _, _ := strings.Cut(e.Unit, "/")
				proofs[step+" "+p.Entity] = p // a step's last word counts
			}
		case unit.VerifyDiffers:
			if d, err := unit.Decode[Difference](e); err == nil {
				d.Unit = e.Unit
				differences[e.Unit] = append(differences[e.Unit], d)
			}
		case unit.UnitStarted:
			forget(proofs, differences, e.Unit)
		case unit.SnapshotOpened, unit.SnapshotLost:
			s.snapshot(e)
		case unit.UnitRetry, unit.UnitUndone:
			if unit.KindOf(e.Unit) == probes {
				s.heard(e)
				break
			}
			s.again(e, retries)
			if e.Kind == unit.UnitUndone {
				forget(proofs, differences, e.Unit)
			}
		case unit.LimitHeld:
			s.held(e)
		case "reconciled":
			s.reconciled(e)
		}
		if s.lasting(e) {
			s.Events = append(s.Events, e)
		}
	}
	waited.over(s.Last)
	s.Lost = waited.lost()
	for _, p := range proofs {
		s.Proofs = append(s.Proofs, p)
	}
	slices.SortFunc(s.Proofs, func(a, b Proof) int { return strings.Compare(a.Entity, b.Entity) })
	for _, id := range sortedKeys(differences) {
		s.Differences = append(s.Differences, differences[id]...)
	}
}

// forget drops what a unit proved before it is done again.
func forget(proofs map[string]Proof, differences map[string][]Difference, id string) {
	delete(differences, id)
	if kind := unit.KindOf(id); kind != "table" && kind != "around" && kind != "compare" {
		return
	}
	maps.DeleteFunc(proofs, func(_ string, p Proof) bool { return p.Unit == id })
}

func sortedKeys(m map[string][]Difference) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	sort.Strings(keys)
	return keys
}

// lasting leaves out what every unit of a good run says.
func (s *Story) lasting(e unit.Event) bool {
	switch e.Kind {
	case unit.UnitExpanded, unit.UnitStarted, unit.UnitDone, unit.NodeEntered, unit.VerifyTable:
		return false
	case unit.UnitRetry:
		return unit.KindOf(e.Unit) != probes
	}
	return true
}

func (s *Story) snapshot(e unit.Event) {
	b, err := unit.Decode[unit.Snapshot](e)
	if err != nil {
		return
	}
	for i := range s.Snapshots {
		if s.Snapshots[i].ID == b.ID && s.Snapshots[i].Connection == b.Connection {
			if e.Kind == unit.SnapshotLost {
				s.Snapshots[i].Lost, s.Snapshots[i].Why = e.At, b.Why
			}
			return
		}
	}
	if e.Kind == unit.SnapshotOpened {
		s.Snapshots = append(s.Snapshots, SnapshotSpell{Snapshot: b, Opened: e.At})
	}
}

// left notes what is wrong with a node itself.
func (s *Story) left(e unit.Event) {
	b, err := unit.Decode[unit.Left](e)
	if err != nil || b.Fault == nil || b.Outcome != "failed" {
		return
	}
	if s.broke == nil {
		s.broke = map[string]fault.Fault{}
	}
	s.broke[e.Node] = *b.Fault
}

// Passed keeps a list of skipped steps by what their nodes were left with.
func Passed(list []string, e unit.Event) []string {
	list = slices.DeleteFunc(list, func(id string) bool { return id == e.Node })
	if b, err := unit.Decode[unit.Left](e); err == nil && b.Outcome == "skipped" {
		list = append(list, e.Node)
	}
	return list
}

// again counts the attempts of a unit in one row.
func (s *Story) again(e unit.Event, rows map[string]int) {
	what, why := "retry", e.Reason
	if b, err := unit.Decode[unit.Ended](e); err == nil && b.Fault != nil {
		why = b.Fault.Text
	}
	if e.Kind == unit.UnitUndone {
		what = "undone"
	}
	if e.Kind == unit.UnitUndone && e.Reason == unit.TakenBack {
		what, why = unit.TakenBack, "its list of steps failed or was cancelled"
	}
	i, ok := rows[what+e.Unit]
	if !ok {
		i = len(s.Again)
		rows[what+e.Unit] = i
		s.Again = append(s.Again, Again{What: what, Unit: e.Unit})
	}
	a := &s.Again[i]
	a.At, a.Why, a.Times = e.At, why, a.Times+1
}

func (s *Story) reconciled(e unit.Event) {
	b, err := unit.Decode[struct {
		Entity      string
		Buckets, Of int
		Rows        int64
	}](e)
	if err == nil {
		s.Again = append(s.Again, Again{What: "reconcile", Unit: e.Unit, Entity: b.Entity, At: e.At, Times: 1, Rows: b.Rows,
			Why: "read at a snapshot that was lost"})
	}
}

// found adds the connections that a step looked at, each once.
func (s *Story) found(u ledger.Unit) {
	f, ok := Facts[Found](u)
	if !ok {
		return
	}
	s.Skipped += f.Skipped
	for _, one := range f.Sides {
		if !slices.ContainsFunc(s.Sides, func(have Side) bool { return have.Name == one.Name }) {
			s.Sides = append(s.Sides, one)
		}
	}
	for _, o := range f.Omitted { // by a copy
		if f.Copies && !slices.Contains(s.Omitted, o) {
			s.Omitted = append(s.Omitted, o)
		}
	}
}

// Proved reports whether anything was verified.
func (s *Story) Proved() bool { return len(s.Proofs) > 0 }

// Failed lists why units failed, each reason once: of a table whose chunks were
// refused for the same, the first.
func (s *Story) Failed() []fault.Fault {
	var list []fault.Fault
	at := map[string]int{}
	more := map[int]int{}
	for _, u := range s.units {
		if u.State != "failed" || u.Fault == nil || u.Kind == "undo" && s.Run.Outcome == "done" || u.Kind == probes && u.Fault.Code == "time.out" {
			continue
		}
		reason := reasonOf(*u.Fault)
		if i, seen := at[reason]; seen {
			more[i]++
			continue
		}
		at[reason] = len(list)
		list = append(list, *u.Fault)
	}
	for _, node := range slices.Sorted(maps.Keys(s.broke)) {
		f := s.broke[node]
		if f.Code == "wait.timeout" {
			f = s.unanswered(node, f)
		}
		if !slices.ContainsFunc(list, func(o fault.Fault) bool { return o.Text == f.Text }) {
			list = append(list, f)
		}
	}
	for i, n := range more {
		if reasonOf(list[i]) != list[i].Text {
			list[i].Lines = append(slices.Clone(list[i].Lines), fault.Line{Label: "units", Text: fmt.Sprintf("and %d more, for the same", n)})
		}
	}
	return list
}

// reasonOf tells faults apart: by table and constraint where they name one.
func reasonOf(f fault.Fault) string {
	reason := ""
	for _, l := range f.Lines {
		if l.Label == "table" || l.Label == "constraint" {
			reason += " " + l.Text
		}
	}
	if reason == "" {
		return f.Text
	}
	return f.Code + reason
}

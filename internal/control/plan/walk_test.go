package plan

import (
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"godwit/internal/control/plan/pool"
	"godwit/internal/fault"
	"godwit/internal/unit"
)

// walker makes random graphs and random lives of a run.
type walker struct {
	*rand.Rand
	nodes int
	loops int
}

func newWalker(seed uint64) *walker { return &walker{Rand: rand.New(rand.NewPCG(seed, 7))} }

var walkLimits = map[string]int{"old": 3, "new": 2}

func (r *walker) graph() *Graph {
	g := &Graph{Limits: walkLimits, Steps: r.list(3, 3)}
	if r.IntN(2) == 0 {
		g.Finally = r.list(1, 1)
	}
	return g
}

func (r *walker) list(most, depth int) (list []Node) {
	for range 1 + r.IntN(most) {
		list = append(list, r.node(depth))
	}
	return list
}

func (r *walker) node(depth int) Node {
	r.nodes++
	n := Node{ID: fmt.Sprintf("n%d", r.nodes)}
	kinds := []string{Step, Step, Flow, Wait, WaitFor, Approve}
	if depth > 0 {
		kinds = append(kinds, Steps, Steps, Parallel, Settings)
	}
	n.Kind = kinds[r.IntN(len(kinds))]
	switch n.Kind {
	case Step:
		n.Units = r.units(n.ID)
		n.Limits = map[string]int{"workers": 1 + r.IntN(3)}
	case Flow:
		n.Units = []unit.Unit{u(n.ID + "/flow/1 @old")}
	case Wait:
		n.Wait = &Pause{For: time.Duration(r.IntN(100)) * time.Second}
	case WaitFor:
		n.WaitFor = &Probe{Unit: u(n.ID + "/probe/1"), Timeout: time.Duration(r.IntN(60)) * time.Second,
			Otherwise: []string{"fail", "continue", "end", "continue"}[r.IntN(4)]}
	case Approve:
		n.Approve = &Ask{Timeout: time.Duration(r.IntN(90)) * time.Second}
	default:
		n.Steps = r.list(3, depth-1)
		n.Guard = &Guard{Open: u(n.ID + "/open/1 @new"), Close: u(n.ID + "/close/1 @new")}
	}
	r.attributes(&n, depth)
	return n
}

func (r *walker) attributes(n *Node, depth int) {
	if r.IntN(6) == 0 {
		n.If = []string{"yes", "no", "yes", "bad"}[r.IntN(4)]
	}
	if r.IntN(5) == 0 && r.loops < 2 {
		r.loops++
		n.Each = &Each{Items: []string{"three", "six", "none", "twins"}[r.IntN(4)], As: "i" + n.ID, Parallel: 1 + r.IntN(3),
			Tolerate: r.IntN(2), StopEarly: r.IntN(2) == 0}
		if r.IntN(3) == 0 {
			q := u(n.ID + "/items/1 @old")
			n.Each.Items, n.Each.Query = "", &q
		}
	}
	if r.IntN(8) == 0 {
		n.Timeout = time.Duration(20+r.IntN(100)) * time.Second
	}
	if r.IntN(8) == 0 {
		n.Window = &Window{Opens: "12:01", For: time.Duration(1+r.IntN(600)) * time.Minute, Zone: "Europe/Berlin"}
	}
	if r.IntN(5) == 0 {
		n.OnError = Continue
	}
	if depth > 0 && r.IntN(6) == 0 {
		n.Finally = r.list(2, 0)
	}
}

func (r *walker) units(step string) (list []unit.Unit) {
	for i := range 1 + r.IntN(6) {
		words := fmt.Sprintf("%s/u/%d +t%d", step, i, r.IntN(3)+i)
		if i > 0 && r.IntN(2) == 0 {
			words += fmt.Sprintf(" <t%d", r.IntN(i))
		}
		for _, limit := range []string{"workers", "old", "new"} {
			if r.IntN(3) == 0 {
				words += " @" + limit
			}
		}
		if r.IntN(8) == 0 {
			words += " !"
		}
		one := u(words)
		if !one.MustRun && r.IntN(4) == 0 {
			one.Undo = &unit.Undo{Back: u(fmt.Sprintf("%s/undo/%d", step, i)), Keep: u(fmt.Sprintf("%s/marks/%d", step, i))}
		}
		list = append(list, one)
	}
	alone := Graph{Limits: walkLimits, Steps: []Node{{ID: step, Kind: Step, Units: list, Limits: map[string]int{"workers": 1}}}}
	if alone.Check() != nil { // a unit that comes after itself
		return r.units(step)
	}
	return list
}

func walkEval(expr string, _ Scope) (any, error) {
	lists := map[string]int{"none": 0, "three": 3, "six": 6}
	switch {
	case expr == "bad":
		return nil, errors.New("no such name")
	case expr == "yes" || expr == "no":
		return expr == "yes", nil
	case expr == "twins":
		return []string{"a", "a"}, nil
	}
	keys := []string{}
	for i := range lists[expr] {
		keys = append(keys, fmt.Sprintf("k/%d", i))
	}
	return keys, nil
}

// act lets one thing happen. In the end (calm) everything goes well.
func (r *walker) act(d *drive, calm bool) {
	what := r.IntN(100)
	if f, over := d.m.Finished(); over && f.Outcome == OutcomeCancelled {
		d.wait(time.Second)
		return
	}
	switch {
	case calm && d.m.Paused():
		d.say(unit.Event{Kind: unit.RunResumed})
	case calm || what < 60:
		r.endOne(d, calm)
	case what < 66:
		d.say(unit.Event{Kind: unit.RunPaused})
	case what < 72:
		d.say(unit.Event{Kind: unit.RunResumed, Body: unit.Body(unit.Resumed{Crashed: r.IntN(2) == 0})})
	case what < 76:
		limit := []string{"workers", "old", "new"}[r.IntN(3)]
		d.say(unit.Event{Kind: unit.RunTuned, Body: unit.Body(unit.Tuned{Limits: map[string]int{limit: 1 + r.IntN(3)}})})
	case what < 90:
		r.undo(d)
	case what < 91:
		d.say(unit.Event{Kind: unit.RunCancelled})
	default:
		d.wait(time.Duration(r.IntN(40)) * time.Second)
	}
}

func (r *walker) endOne(d *drive, calm bool) {
	for _, a := range d.m.Asking() {
		if calm || r.IntN(3) == 0 {
			d.say(unit.Event{Kind: unit.RunApproved, Node: a.Node})
			return
		}
	}
	if len(d.turn.Running) == 0 {
		if d.turn.Wake.IsZero() {
			return
		}
		d.now = d.turn.Wake
		d.next()
		return
	}
	id := d.turn.Running[r.IntN(len(d.turn.Running))].Unit
	w, _ := d.m.Unit(id)
	result := unit.Result{Facts: json.RawMessage("true")}
	if strings.HasSuffix(id, "/items/1") {
		result.Facts = json.RawMessage(`[{"id":"x"},{"id":"y"},{"id":7}]`)
	}
	if r.IntN(6) == 0 && strings.Contains(id, "/u/") {
		found := w
		found.ID, found.After, found.MustRun, found.Undo = id+"x", nil, false, nil
		result.Units = []unit.Unit{found}
	}
	kinds := []fault.Kind{fault.Unavailable, fault.Throttled, fault.Conflict, fault.Internal, fault.Data, fault.Config}
	switch what := r.IntN(10); {
	case calm || what < 6:
		d.end(id, result, nil)
	case what < 7:
		d.end(id, unit.Result{Yielded: true, Position: json.RawMessage("1")}, nil)
	default:
		d.fail(id, kinds[r.IntN(len(kinds))], "some.code")
	}
}

// undo takes back a unit that was done, also one that may be forgotten.
func (r *walker) undo(d *drive) {
	state := map[string]int{}
	var ids []string
	for _, e := range d.journal {
		switch e.Kind {
		case unit.UnitDone:
			if !strings.Contains(e.Unit, "/u/") && !strings.Contains(e.Unit, "/flow/") {
				continue
			}
			state[e.Unit] = e.Attempt
			ids = append(ids, e.Unit)
		case unit.UnitUndone, unit.UnitStarted:
			delete(state, e.Unit)
		}
	}
	ids = slices.DeleteFunc(ids, func(id string) bool {
		s, _, known := d.m.State(id)
		return state[id] == 0 || known && s != Done
	})
	if len(ids) > 0 {
		id := ids[r.IntN(len(ids))]
		d.say(unit.Event{Kind: unit.UnitUndone, Unit: id, Attempt: state[id]})
	}
}

// holds checks what must hold at any time, with its own counting.
func (d *drive) holds(before int, tuned bool) {
	d.t.Helper()
	used := map[string]int{}
	for _, ref := range d.turn.Running {
		w := d.m.units[ref.Unit]
		for _, name := range w.Unit.Uses {
			for in := d.m.at(w); in != nil; in = in.up {
				if n, ok := in.node.Limits[name]; ok && in.loop == nil {
					key := in.id + " " + name
					if used[key]++; used[key] > n && !tuned {
						d.t.Fatalf("%s exceeded\n%s", key, d.story())
					}
				}
			}
			if n, ok := d.g.Limits[name]; ok {
				if used[name]++; used[name] > n && !tuned {
					d.t.Fatalf("%s exceeded\n%s", name, d.story())
				}
			}
		}
	}
	for _, e := range d.journal[before:] {
		w := d.m.units[e.Unit]
		if e.Kind != unit.UnitStarted || w == nil || w.Must() {
			continue
		}
		for _, name := range w.Unit.After {
			for _, o := range w.Pool.Units() {
				if slices.Contains(o.Unit.Tags, name) && o.State != Done && o != w {
					d.t.Fatalf("%s started before %s was done\n%s", e.Unit, o.Unit.ID, d.story())
				}
			}
		}
	}
}

func TestRandomWalks(t *testing.T) {
	t.Parallel()
	walks := 100
	if os.Getenv("GODWIT_SLOW") != "" {
		walks = 300
	}
	for seed := range walks {
		t.Run(fmt.Sprint(seed), func(t *testing.T) { walk(t, uint64(seed)) })
	}
}

func walk(t *testing.T, seed uint64) {
	r := newWalker(seed)
	g := r.graph()
	d := begin(t, g, walkEval)
	tuned := false
	wild := r.IntN(120)
	for i := 0; ; i++ {
		if i > wild && d.turn.Done {
			break
		}
		if i > wild+2000 {
			t.Fatalf("does not end\n%s", d.story())
		}
		before := len(d.journal)
		r.act(d, i > wild)
		for _, e := range d.journal[before:] {
			tuned = tuned || e.Kind == unit.RunTuned
		}
		if r.IntN(8) == 0 { // looking changes nothing: the next rebuilt Machine agrees
			d.m.Forecast(d.now, Rates{Default: map[string]float64{"c": 1}})
			for id := range d.m.units {
				d.m.Why(id, d.now)
			}
		}
		d.holds(before, tuned)
		d.books()
		d.undos()
		if d.turn.Done && len(d.turn.Running) > 0 {
			t.Fatalf("done and running\n%s", d.story())
		}
	}
}

// undos checks by the journal alone: what takes back what a unit did runs only
// behind an attempt at that unit, and once it is done not again before another.
// Of a run that ended well nothing is left to take back.
func (d *drive) undos() {
	d.t.Helper()
	open := map[string]bool{} // units that may have an effect
	for _, e := range d.journal {
		what, of := "", strings.NewReplacer("/undo/", "/u/", "/marks/", "/u/").Replace(e.Unit)
		if of != e.Unit {
			what = "partner"
		}
		switch {
		case e.Kind == unit.UnitStarted && what == "":
			open[e.Unit] = true
		case e.Kind == unit.UnitStarted && !open[of]:
			d.t.Fatalf("%s started, and there is nothing to undo\n%s", e.Unit, d.story())
		case e.Kind == unit.UnitDone && what != "":
			open[of] = false
		}
	}
	if f, over := d.m.Finished(); over && f.Exit == 0 && f.Outcome == OutcomeDone && !d.m.Cancelled() {
		for _, in := range d.m.places {
			if !in.must && in.step != nil && len(d.m.owed(in, OutcomeDone)) > 0 {
				d.t.Fatalf("%s can still be undone\n%s", in.id, d.story())
			}
		}
	}
}

// books checks that what the limits count is what runs or waits with them.
func (d *drive) books() {
	d.t.Helper()
	held := map[*pool.Limit]int{}
	for _, w := range d.m.units {
		if w.State == Running {
			for _, c := range w.Limits() {
				held[c]++
			}
		}
	}
	d.m.root.each(func(in *instance) {
		for name, c := range in.limits {
			if c.Used != held[c] {
				d.t.Fatalf("limit %s of %s: %d used, %d held\n%s", name, in.id, c.Used, held[c], d.story())
			}
		}
	})
}

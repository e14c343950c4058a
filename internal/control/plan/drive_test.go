package plan

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"godwit/internal/fault"
	"godwit/internal/unit"
)

var noon = time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC) // a Monday

// drive is an engine on paper: a journal, a clock, and what the test says
// about every attempt.
type drive struct {
	t       *testing.T
	g       *Graph
	eval    Eval
	m       *Machine
	journal []unit.Event
	now     time.Time
	turn    Turn
}

func begin(t *testing.T, g *Graph, eval Eval) *drive {
	t.Helper()
	d := &drive{t: t, g: g, eval: eval, now: noon}
	d.m = d.fresh()
	d.put(unit.Event{Kind: unit.RunStarted})
	d.next()
	return d
}

func (d *drive) fresh() *Machine {
	d.t.Helper()
	m, err := New(d.g, d.eval)
	if err != nil {
		d.t.Fatal(err)
	}
	return m
}

// put gives events their number and time and folds them.
func (d *drive) put(events ...unit.Event) {
	d.t.Helper()
	for _, e := range events {
		if e.At.IsZero() {
			e.At = d.now
		}
		e.Seq = int64(len(d.journal) + 1)
		if err := d.m.Apply(e); err != nil {
			d.t.Fatalf("%v\n%s", err, d.story())
		}
		d.journal = append(d.journal, e)
	}
}

// next asks the Machine, and a second one made from the journal, which must
// say the same.
func (d *drive) next() {
	d.t.Helper()
	defer func() {
		if p := recover(); p != nil {
			d.t.Fatalf("%v\n%s", p, d.story())
		}
	}()
	other := d.rebuilt()
	events, turn := d.m.Next(d.now)
	again, same := other.Next(d.now)
	if diff := cmp.Diff(plain(events), plain(again)); diff != "" {
		d.t.Fatalf("the rebuilt Machine proposes other events:\n%s\n%s", diff, d.story())
	}
	if diff := cmp.Diff(turn, same); diff != "" {
		d.t.Fatalf("the rebuilt Machine gives another turn:\n%s\n%s", diff, d.story())
	}
	for _, e := range events {
		e.Seq = int64(len(d.journal) + 1)
		d.journal = append(d.journal, e)
	}
	if more, _ := d.m.Next(d.now); len(more) > 0 {
		d.t.Fatalf("Next proposes again: %v\n%s", more, d.story())
	}
	d.turn = turn
}

func (d *drive) rebuilt() *Machine {
	d.t.Helper()
	m := d.fresh()
	for _, e := range d.journal {
		b, err := json.Marshal(e)
		if err != nil {
			d.t.Fatal(err)
		}
		var read unit.Event
		if err := json.Unmarshal(b, &read); err != nil {
			d.t.Fatal(err)
		}
		if err := m.Apply(read); err != nil {
			d.t.Fatalf("rebuild: %v\n%s", err, d.story())
		}
	}
	return m
}

func plain(events []unit.Event) []string {
	list := make([]string, len(events))
	for i, e := range events {
		list[i] = fmt.Sprintf("%s %s %s %d %s", e.Kind, e.Node, e.Unit, e.Attempt, e.Body)
	}
	return list
}

func (d *drive) story() string {
	var b strings.Builder
	for i, line := range plain(d.journal) {
		fmt.Fprintf(&b, "%3d %s %s\n", i+1, d.journal[i].At.Format("02 15:04:05.000"), line)
	}
	return b.String()
}

// end settles a running unit and asks for the next turn.
func (d *drive) end(id string, r unit.Result, err error) {
	d.t.Helper()
	_, attempt, _ := d.m.State(id)
	events := d.m.Ended(id, attempt, d.now, r, err)
	if len(events) == 0 {
		d.t.Fatalf("%s does not run\n%s", id, d.story())
	}
	d.put(events...)
	d.next()
}

func (d *drive) done(ids ...string) {
	d.t.Helper()
	for _, id := range ids {
		d.end(id, unit.Result{}, nil)
	}
}

func (d *drive) fail(id string, kind fault.Kind, code string) {
	d.t.Helper()
	d.end(id, unit.Result{}, fault.New(kind, code, "%s broke", id))
}

func (d *drive) say(e unit.Event) {
	d.t.Helper()
	d.put(e)
	d.next()
}

func (d *drive) wait(dur time.Duration) {
	d.t.Helper()
	d.now = d.now.Add(dur)
	d.next()
}

// running checks the wanted set: ids in the order of their starts, ~ = drain.
func (d *drive) running(want ...string) {
	d.t.Helper()
	var got []string
	for _, r := range d.turn.Running {
		mark := ""
		if r.Drain {
			mark = "~"
		}
		got = append(got, r.Unit+mark)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		d.t.Fatalf("running (-want +got):\n%s\n%s", diff, d.story())
	}
}

func (d *drive) over(outcome string, exit int) {
	d.t.Helper()
	f, ok := d.m.Finished()
	if !ok || !d.turn.Done || d.turn.Exit != exit || f != (unit.Finished{Outcome: outcome, Exit: exit}) {
		d.t.Fatalf("finished %v %+v, turn %+v; want %s %d\n%s", ok, f, d.turn, outcome, exit, d.story())
	}
}

func (d *drive) node(id, outcome string) {
	d.t.Helper()
	got, _, ok := d.m.Node(id)
	if !ok || got != outcome {
		d.t.Fatalf("node %s: %q %v, want %q\n%s", id, got, ok, outcome, d.story())
	}
}

// u is a unit in few words: "copy/data/1 +data <index @workers" has the id,
// a tag, a tag that it comes after, and a limit. "!" = MustRun.
func u(words string) unit.Unit {
	f := strings.Fields(words)
	step, _, _ := strings.Cut(f[0], "/")
	w := unit.Unit{ID: f[0], Step: step, Kind: "work", Class: "c"}
	for _, s := range f[1:] {
		switch s[0] {
		case '+':
			w.Tags = append(w.Tags, s[1:])
		case '<':
			w.After = append(w.After, s[1:])
		case '@':
			w.Uses = append(w.Uses, s[1:])
		case '!':
			w.MustRun = true
		}
	}
	return w
}

// verb is a step with units.
func verb(id string, units ...string) Node {
	n := Node{ID: id, Kind: Step}
	for _, s := range units {
		n.Units = append(n.Units, u(id+"/"+s))
	}
	return n
}

func flow(steps ...Node) *Graph { return &Graph{Steps: steps} }

package plan

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"godwit/internal/fault"
	"godwit/internal/unit"
)

func TestImpossibleEventsAreNamed(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		e    unit.Event
		want string
	}{
		"unknown kind":        {unit.Event{Kind: "unit.split"}, `event 9: unknown kind "unit.split": written by a newer godwit`},
		"unknown unit":        {unit.Event{Kind: unit.UnitStarted, Unit: "a/y/1"}, "event 9: unit.started of a/y/1: there is no such unit"},
		"started twice":       {unit.Event{Kind: unit.UnitStarted, Unit: "a/x/1", Attempt: 2}, "event 9: unit.started of a/x/1: it is running"},
		"wrong attempt":       {unit.Event{Kind: unit.UnitDone, Unit: "a/x/1", Attempt: 2}, "attempt 2, running is 1"},
		"done, not running":   {unit.Event{Kind: unit.UnitDone, Unit: "a/y/2"}, "it is blocked"},
		"started too high":    {unit.Event{Kind: unit.UnitStarted, Unit: "a/y/2", Attempt: 2}, "attempt 2 after 0"},
		"undone, not done":    {unit.Event{Kind: unit.UnitUndone, Unit: "a/x/1"}, "it is running"},
		"undone, unknown":     {unit.Event{Kind: unit.UnitUndone, Unit: "z/x/1"}, "there is no such unit"},
		"not its step's turn": {unit.Event{Kind: unit.UnitStarted, Unit: "b/x/1", Attempt: 1}, "its step has not been entered"},
		"entered twice":       {unit.Event{Kind: unit.NodeEntered, Node: "a"}, "it has been entered"},
		"no node":             {unit.Event{Kind: unit.NodeEntered, Node: "c"}, "there is no such node"},
		"no item":             {unit.Event{Kind: unit.NodeEntered, Node: "a[1]"}, "there is no such node"},
		"left while running":  {unit.Event{Kind: unit.NodeLeft, Node: "a"}, "a unit of it is running"},
		"left, never entered": {unit.Event{Kind: unit.NodeLeft, Node: "b"}, "it has not been entered"},
		"finished, running":   {unit.Event{Kind: unit.RunFinished}, "a/x/1 is running"},
		"started again":       {unit.Event{Kind: unit.RunStarted}, "it has been started"},
		"approved nobody":     {unit.Event{Kind: unit.RunApproved, Node: "c"}, "there is no such node"},
		"limit below nothing": {unit.Event{Kind: unit.RunTuned, Body: json.RawMessage(`{"limits":{"w":-1}}`)}, "limit w is -1"},
		"no body":             {unit.Event{Kind: unit.RunTuned, Body: json.RawMessage(`[]`)}, "event 9 run.tuned"},
		"amended":             {unit.Event{Kind: unit.RunAmended}, "cannot change the flow"},
		"old":                 {unit.Event{Seq: 1, Kind: unit.RunPaused}, "event 1: run.paused: after event"},
	} {
		t.Run(name, func(t *testing.T) {
			d := begin(t, flow(verb("a", "x/1 +t", "y/2 <t"), verb("b", "x/1")), nil)
			if c.e.Seq == 0 {
				c.e.Seq = 9
			}
			err := d.m.Apply(c.e)
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Fatalf("%v", err)
			}
		})
	}
}

func TestWhatOnlyTellsIsIgnored(t *testing.T) {
	t.Parallel()
	d := begin(t, flow(verb("a", "x/1")), nil)
	for _, kind := range []string{unit.SnapshotOpened, unit.WaitBegan, "account", "brand.new", "progress"} {
		d.say(unit.Event{Kind: kind, Unit: "nobody"})
	}
	d.running("a/x/1")
}

// What people ask for may come too late.
func TestLateWishesAreIgnored(t *testing.T) {
	t.Parallel()
	d := begin(t, flow(verb("a", "x/1")), nil)
	d.done("a/x/1")
	for _, kind := range []string{unit.RunPaused, unit.RunCancelled, unit.RunApproved, unit.RunTuned} {
		d.say(unit.Event{Kind: kind})
	}
	d.over(OutcomeDone, 0)
}

func TestNothingHappensBeforeTheStart(t *testing.T) {
	t.Parallel()
	m, err := New(flow(verb("a", "x/1")), nil)
	if err != nil {
		t.Fatal(err)
	}
	if events, turn := m.Next(noon); len(events) > 0 || turn.Done || len(turn.Running) > 0 {
		t.Fatalf("%v %+v", events, turn)
	}
	if err := m.Apply(unit.Event{Seq: 1, Kind: unit.RunPaused}); err == nil {
		t.Fatal("paused before it was started")
	}
}

func TestGraphsThatCannotBe(t *testing.T) {
	t.Parallel()
	q := u("a/items/1")
	for name, c := range map[string]struct {
		g    *Graph
		want string
	}{
		"no name":       {flow(Node{Kind: Step}), `node ""`},
		"brackets":      {flow(Node{ID: "a[1]", Kind: Step}), "a[1]"},
		"twice":         {flow(verb("a"), verb("a")), "node a: there are two"},
		"twice, deeper": {flow(verb("a"), Node{ID: "b", Kind: Steps, Steps: []Node{verb("a")}}), "node a: there are two"},
		"kind":          {flow(Node{ID: "a", Kind: "loop"}), `what a "loop" needs`},
		"no wait":       {flow(Node{ID: "a", Kind: Wait}), "is missing"},
		"no guard":      {flow(Node{ID: "a", Kind: Settings}), "is missing"},
		"on_error":      {flow(Node{ID: "a", Kind: Steps, OnError: "ignore"}), `on_error "ignore"`},
		"window":        {flow(Node{ID: "a", Kind: Steps, Window: &Window{Opens: "noon", For: time.Hour}}), "write 20:00"},
		"unit's step":   {flow(Node{ID: "a", Kind: Step, Units: []unit.Unit{u("b/x/1")}}), "not of step a"},
		"unit twice":    {flow(verb("a", "x/1", "x/1")), "unit a/x/1: there are two"},
		"no limit":      {flow(verb("a", "x/1 @workers")), `uses "workers", which is no limit`},
		"circle":        {flow(verb("a", "x/1 +p <q", "x/2 +q <p", "x/3")), "unit a/x/1: comes after itself"},
		"two sources":   {flow(Node{ID: "a", Kind: Steps, Each: &Each{Items: "x", Query: &q}}), "one of items and query"},
		"no source":     {flow(Node{ID: "a", Kind: Steps, Each: &Each{}}), "one of items and query"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := New(c.g, nil)
			if err == nil || !strings.Contains(err.Error(), c.want) || fault.KindOf(err) != fault.Config {
				t.Fatalf("%v", err)
			}
		})
	}
}

func TestGraphIsFrozenAsJSON(t *testing.T) {
	t.Parallel()
	for seed := range uint64(50) {
		r := newWalker(seed)
		g := r.graph()
		b, err := json.Marshal(g)
		if err != nil {
			t.Fatal(err)
		}
		var read Graph
		if err := json.Unmarshal(b, &read); err != nil {
			t.Fatal(err)
		}
		if g.Hash() != read.Hash() {
			t.Fatalf("another hash after reading:\n%s", b)
		}
		was := g.Hash()
		g.Steps[0].Timeout += time.Second
		if g.Hash() == was {
			t.Fatal("the same hash for another graph")
		}
	}
}

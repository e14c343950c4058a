package plan

import (
	"strings"
	"testing"
	"time"

	"godwit/internal/fault"
	"godwit/internal/unit"
)

func TestUnitsStartInOrderWithinLimits(t *testing.T) {
	t.Parallel()
	copyStep := verb("copy", "define/1 +define", "data/1 +data <define @workers", "data/2 +data <define @workers",
		"data/3 +data <define @workers", "index/1 <data @builds")
	copyStep.Limits = map[string]int{"workers": 2, "builds": 1}
	d := begin(t, flow(copyStep, verb("verify", "table/1 <nothing")), nil)
	d.running("copy/define/1")
	d.done("copy/define/1")
	d.running("copy/data/1", "copy/data/2")
	d.done("copy/data/2")
	d.running("copy/data/1", "copy/data/3")
	d.done("copy/data/1", "copy/data/3")
	d.running("copy/index/1")
	d.done("copy/index/1")
	d.node("copy", OutcomeDone)
	d.running("verify/table/1")
	d.done("verify/table/1")
	d.over(OutcomeDone, 0)
}

func TestSharedLimit(t *testing.T) {
	t.Parallel()
	a, b := verb("a", "x/1 @old", "x/2 @old"), verb("b", "x/1 @old", "x/2")
	g := flow(Node{ID: "both", Kind: Parallel, Steps: []Node{a, b}})
	g.Limits = map[string]int{"old": 2}
	d := begin(t, g, nil)
	d.running("a/x/1", "a/x/2", "b/x/2")
	d.done("a/x/1")
	d.running("a/x/2", "b/x/2", "b/x/1")
}

func TestFailedUnitStopsOnlyWhatNeedsIt(t *testing.T) {
	t.Parallel()
	g := flow(verb("copy", "data/1 +t1", "data/2 +t2", "index/1 <t1", "index/2 <t2"), verb("verify", "table/1"))
	g.Finally = []Node{verb("tidy", "x/1")}
	d := begin(t, g, nil)
	d.fail("copy/data/1", fault.Data, "data.too-long")
	d.running("copy/data/2")
	d.done("copy/data/2")
	d.running("copy/index/2")
	d.done("copy/index/2")
	d.node("copy", OutcomeFailed)
	d.running("tidy/x/1")
	d.done("tidy/x/1")
	d.over(OutcomeFailed, 1)
	d.node("verify", "")

	d.say(unit.Event{Kind: unit.RunResumed})
	d.running("copy/data/1")
	if _, attempt, _ := d.m.State("copy/data/1"); attempt != 2 {
		t.Fatalf("attempt %d", attempt)
	}
	d.done("copy/data/1")
	d.done("copy/index/1", "verify/table/1")
	d.running("tidy/x/1")
	d.done("tidy/x/1")
	d.over(OutcomeDone, 0)
}

func TestFoundUnits(t *testing.T) {
	t.Parallel()
	d := begin(t, flow(verb("load", "produce/1 +produce", "finish/1 <produce <deliver")), nil)
	d.end("load/produce/1", unit.Result{Units: []unit.Unit{u("load/deliver/1 +deliver"), u("load/deliver/2 +deliver")}}, nil)
	d.running("load/deliver/1", "load/deliver/2")
	d.done("load/deliver/1", "load/deliver/2", "load/finish/1")
	d.over(OutcomeDone, 0)
}

func TestFoundUnitsThatDoNotFitFailTheirFinder(t *testing.T) {
	t.Parallel()
	for name, bad := range map[string][]unit.Unit{
		"another step":  {u("other/deliver/1")},
		"twice":         {u("load/deliver/1"), u("load/deliver/1")},
		"unknown limit": {u("load/deliver/1 @nobody")},
	} {
		t.Run(name, func(t *testing.T) {
			d := begin(t, flow(verb("load", "produce/1")), nil)
			for range 3 {
				d.end("load/produce/1", unit.Result{Units: bad}, nil)
				d.wait(time.Minute)
			}
			d.over(OutcomeFailed, 1)
		})
	}
}

func TestYieldedUnitGoesOnFromItsPosition(t *testing.T) {
	t.Parallel()
	d := begin(t, flow(verb("follow", "stream/1")), nil)
	d.say(unit.Event{Kind: unit.RunPaused})
	d.running("follow/stream/1~")
	d.end("follow/stream/1", unit.Result{Yielded: true, Position: []byte(`"0/16B3748"`)}, nil)
	d.running()
	d.say(unit.Event{Kind: unit.RunResumed})
	d.running("follow/stream/1")
	if r := d.turn.Running[0]; string(r.From) != `"0/16B3748"` || r.Attempt != 2 || r.Drain {
		t.Fatalf("%+v", r)
	}
}

func TestTune(t *testing.T) {
	t.Parallel()
	c := verb("copy", "data/1 @workers", "data/2 @workers", "data/3 @workers", "data/4 @workers")
	c.Limits = map[string]int{"workers": 3}
	d := begin(t, flow(c), nil)
	d.running("copy/data/1", "copy/data/2", "copy/data/3")
	d.say(unit.Event{Kind: unit.RunTuned, Body: unit.Body(unit.Tuned{Limits: map[string]int{"copy/workers": 1}})})
	d.running("copy/data/1", "copy/data/2~", "copy/data/3~")
	d.end("copy/data/3", unit.Result{Yielded: true}, nil)
	d.running("copy/data/1", "copy/data/2~")
	d.say(unit.Event{Kind: unit.RunTuned, Body: unit.Body(unit.Tuned{Limits: map[string]int{"workers": 9, "copy/workers": 9}})})
	d.running("copy/data/1", "copy/data/2", "copy/data/3", "copy/data/4")
}

func TestCrashIsNoTry(t *testing.T) {
	t.Parallel()
	d := begin(t, flow(verb("copy", "data/1 +d", "data/2", "index/1 <d")), nil)
	for i := range 5 {
		d.running("copy/data/1", "copy/data/2")
		if i == 2 {
			d.done("copy/data/2")
			d.put(unit.Event{Kind: unit.UnitUndone, Unit: "copy/data/2", Attempt: 3})
			d.next()
			d.running("copy/data/1", "copy/data/2")
		}
		d.say(unit.Event{Kind: unit.RunResumed, Body: unit.Body(unit.Resumed{Crashed: true})})
	}
	d.running("copy/data/2") // data/1 died five times in a row, data/2 only twice
	_, f, _ := d.m.Node("copy")
	if f != nil || d.m.units["copy/data/1"].Past.Fault.Code != CodeKillsOwner {
		t.Fatalf("%v\n%s", f, d.story())
	}
	d.say(unit.Event{Kind: unit.RunResumed})
	d.running("copy/data/1", "copy/data/2") // a person asked for it
}

// A unit that gets on between the deaths of its owners does not kill them.
func TestCrashBehindProgress(t *testing.T) {
	t.Parallel()
	d := begin(t, flow(verb("load", "load/1", "load/2")), nil)
	for i := range 2 * mostCrashes {
		r := unit.Resumed{Crashed: true}
		if i%3 == 0 {
			r.Progressed = []string{"load/load/1"}
		}
		d.say(unit.Event{Kind: unit.RunResumed, Body: unit.Body(r)})
	}
	d.running("load/load/1")
}

func TestUndone(t *testing.T) {
	t.Parallel()
	g := flow(verb("copy", "data/1 +d", "data/2 +d", "key/1 <d"), verb("verify", "x/1"))
	g.Finally = []Node{verb("tidy", "x/1")}
	d := begin(t, g, nil)
	d.done("copy/data/1", "copy/data/2", "copy/key/1", "verify/x/1", "tidy/x/1")
	d.over(OutcomeDone, 0)
	d.put(unit.Event{Kind: unit.RunResumed})
	d.say(unit.Event{Kind: unit.UnitUndone, Unit: "copy/data/1", Attempt: 1})
	d.running("copy/data/1")
	d.done("copy/data/1")
	d.running("tidy/x/1")
	d.done("tidy/x/1")
	d.over(OutcomeDone, 0)
}

func TestCancel(t *testing.T) {
	t.Parallel()
	g := flow(verb("copy", "data/1", "data/2 +d", "tidy/1 <d !"), verb("verify", "x/1"))
	g.Finally = []Node{verb("end", "x/1")}
	d := begin(t, g, nil)
	d.say(unit.Event{Kind: unit.RunCancelled, Actor: "anna"})
	d.running("copy/tidy/1")
	if events := d.m.Ended("copy/data/1", 1, d.now, unit.Result{}, nil); events != nil {
		t.Fatalf("a late end counts: %v", events)
	}
	d.done("copy/tidy/1")
	d.node("copy", OutcomeCancelled)
	d.running("end/x/1")
	d.done("end/x/1")
	d.over(OutcomeCancelled, 1)
}

func TestExit(t *testing.T) {
	t.Parallel()
	type fall struct {
		kind fault.Kind
		code string
	}
	for name, c := range map[string]struct {
		before string // kind of a unit done before
		falls  []fall
		exit   int
	}{
		"data":                 {"work", []fall{{fault.Data, "data.x"}}, 1},
		"away":                 {"work", []fall{{fault.Unavailable, "net"}}, 5},
		"throttled":            {"work", []fall{{fault.Throttled, "429"}}, 5},
		"disk full":            {"work", []fall{{fault.Data, "disk.full"}}, 5},
		"denied at the start":  {"inspect", []fall{{fault.Denied, "denied"}}, 2},
		"config at the start":  {"", []fall{{fault.Config, "config"}}, 2},
		"denied by the first":  {"inspect", []fall{{fault.Denied, "work: denied"}}, 1},
		"denied later":         {"work", []fall{{fault.Denied, "denied"}}, 1},
		"differences":          {"work", []fall{{fault.Data, "verify.differs"}}, 4},
		"differences and data": {"work", []fall{{fault.Data, "verify.differs"}, {fault.Data, "data.x"}}, 1},
		"differences and away": {"work", []fall{{fault.Data, "verify.differs"}, {fault.Unavailable, "net"}}, 5},
		"refused and data":     {"", []fall{{fault.Config, "config"}, {fault.Data, "data.x"}}, 2},
		"cancelled by server":  {"work", []fall{{fault.Cancelled, "query.cancelled"}}, 1},
	} {
		t.Run(name, func(t *testing.T) {
			n := verb("s", "a/1 +a", "b/1 <a", "b/2 <a")
			n.Units[0].Kind = c.before
			n.Retry = &Retry{Attempts: 1}
			if c.before == "" {
				n = verb("s", "b/1", "b/2")
				n.Retry = &Retry{Attempts: 1}
			}
			n.Units = n.Units[:len(n.Units)-2+len(c.falls)]
			for i, f := range c.falls { // what only looks has touched nothing
				if u := &n.Units[len(n.Units)-len(c.falls)+i]; !strings.HasPrefix(f.code, "work: ") && c.before != "work" {
					u.Kind = looks
				}
			}
			d := begin(t, flow(n), nil)
			if c.before != "" {
				d.done("s/a/1")
			}
			for i, f := range c.falls {
				d.fail([]string{"s/b/1", "s/b/2"}[i], f.kind, f.code)
			}
			outcome := OutcomeFailed
			if c.exit == 5 {
				outcome = "stopped"
			}
			d.over(outcome, c.exit)
		})
	}
}

// What is undone while the finally is at work is done again, and so is the
// finally.
func TestUndoneDuringFinally(t *testing.T) {
	t.Parallel()
	n := verb("copy", "data/1")
	n.Finally = []Node{verb("tidy", "x/1"), verb("tell", "x/1")}
	d := begin(t, flow(n), nil)
	d.done("copy/data/1")
	d.running("tidy/x/1")
	d.say(unit.Event{Kind: unit.UnitUndone, Unit: "copy/data/1", Attempt: 1})
	d.running("tidy/x/1")
	d.done("tidy/x/1", "tell/x/1")
	d.running("copy/data/1")
	d.done("copy/data/1", "tidy/x/1", "tell/x/1")
	d.over(OutcomeDone, 0)
}

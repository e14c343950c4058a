package plan

import (
	"encoding/json"
	"errors"
	"testing"
	"time"

	"godwit/internal/fault"
	"godwit/internal/unit"
)

func TestIf(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		answer  any
		err     error
		outcome string
		run     string
		exit    int
	}{
		"true":    {true, nil, OutcomeDone, OutcomeDone, 0},
		"false":   {false, nil, OutcomeSkipped, OutcomeDone, 0},
		"no bool": {7, nil, OutcomeFailed, OutcomeFailed, 2},
		"error":   {nil, errors.New("no such name"), OutcomeFailed, OutcomeFailed, 2},
	} {
		t.Run(name, func(t *testing.T) {
			asked := 0
			n := verb("a", "x/1")
			n.If = "inputs.wanted"
			d := begin(t, flow(n), func(expr string, _ Scope) (any, error) {
				asked++
				return c.answer, c.err
			})
			if c.answer == true {
				d.say(unit.Event{Kind: unit.RunResumed}) // a resume asks nothing again
				if asked != 2 {                          // once by each Machine of the first turn
					t.Fatalf("asked %d times", asked)
				}
				d.done("a/x/1")
			}
			d.node("a", c.outcome)
			d.over(c.run, c.exit)
		})
	}
}

func TestStepsSeeEarlierOnes(t *testing.T) {
	t.Parallel()
	q, n := verb("count", "x/1"), verb("big", "x/1")
	n.If = "steps.count.rows > 5"
	d := begin(t, flow(q, n), func(_ string, s Scope) (any, error) {
		o, ok := s.Step("count")
		var facts struct{ Rows int }
		err := json.Unmarshal(o.Facts, &facts)
		return ok && o.State == OutcomeDone && facts.Rows > 5, err
	})
	d.end("count/x/1", unit.Result{Facts: []byte(`{"rows":6}`)}, nil)
	d.running("big/x/1")
}

func TestWaitKeepsItsClock(t *testing.T) {
	t.Parallel()
	g := flow(Node{ID: "w", Kind: Wait, Wait: &Pause{For: time.Minute}}, verb("a", "x/1"))
	d := begin(t, g, nil)
	d.wait(50 * time.Second)
	d.say(unit.Event{Kind: unit.RunResumed, Body: unit.Body(unit.Resumed{Crashed: true})})
	if want := noon.Add(time.Minute); !d.turn.Wake.Equal(want) {
		t.Fatalf("wake %v", d.turn.Wake)
	}
	d.wait(10 * time.Second)
	d.running("a/x/1")
}

func TestWaitExpressions(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		value any
		want  time.Duration
	}{
		"text": {"90s", 90 * time.Second}, "seconds": {30, 30 * time.Second}, "share": {1.5, 1500 * time.Millisecond},
		"time": {"2026-03-02T13:00:00+01:00", 0}, "duration": {time.Hour, time.Hour},
	} {
		t.Run(name, func(t *testing.T) {
			g := flow(Node{ID: "w", Kind: Wait, Wait: &Pause{Expr: "x"}})
			d := begin(t, g, func(string, Scope) (any, error) { return c.value, nil })
			d.wait(c.want)
			d.over(OutcomeDone, 0)
		})
	}
}

func probing(otherwise string) *Graph {
	return flow(Node{ID: "p", Kind: WaitFor, WaitFor: &Probe{
		Unit: u("p/probe/1"), Every: 5 * time.Second, Timeout: time.Minute, Otherwise: otherwise,
	}}, verb("a", "x/1"))
}

func TestWaitFor(t *testing.T) {
	t.Parallel()
	d := begin(t, probing(""), nil)
	d.end("p/probe/1", unit.Result{Facts: []byte("false")}, nil)
	d.running()
	d.wait(5 * time.Second)
	d.running("p/probe/1")
	d.fail("p/probe/1", fault.Unavailable, "away") // not alive is an answer, too
	d.wait(5 * time.Second)
	d.end("p/probe/1", unit.Result{Facts: []byte("true")}, nil)
	d.running("a/x/1")
}

func TestWaitForTimeout(t *testing.T) {
	t.Parallel()
	for otherwise, c := range map[string]struct {
		outcome string
		run     string
		exit    int
	}{
		"fail": {OutcomeFailed, OutcomeFailed, 1}, "end": {OutcomeEnded, OutcomeSkipped, 0}, "continue": {OutcomeDone, "", 0},
	} {
		t.Run(otherwise, func(t *testing.T) {
			d := begin(t, probing(otherwise), nil)
			d.wait(time.Minute)
			d.node("p", c.outcome)
			if c.run == "" {
				d.running("a/x/1")
				return
			}
			d.over(c.run, c.exit)
			d.say(unit.Event{Kind: unit.RunResumed})
			d.running("p/probe/1") // with all its time again
			d.wait(59 * time.Second)
			d.running("p/probe/1")
		})
	}
}

func TestWaitForGivesUpOnWhatNeverComes(t *testing.T) {
	t.Parallel()
	d := begin(t, probing(""), nil)
	d.fail("p/probe/1", fault.Denied, "denied")
	d.over(OutcomeFailed, 2)
}

func TestApprove(t *testing.T) {
	t.Parallel()
	g := flow(Node{ID: "go", Kind: Approve, Approve: &Ask{Text: "Switch?", Timeout: time.Hour}}, verb("a", "x/1"))
	d := begin(t, g, nil)
	if asked := d.m.Asking(); len(asked) != 1 || asked[0].Node != "go" || !asked[0].Due.Equal(noon.Add(time.Hour)) {
		t.Fatalf("%+v", asked)
	}
	d.say(unit.Event{Kind: unit.RunApproved, Node: "go", Actor: "anna", Reason: "tested"})
	d.running("a/x/1")
	d.say(unit.Event{Kind: unit.RunApproved}) // late, and for nobody

	d = begin(t, g, nil)
	d.wait(time.Hour)
	d.node("go", OutcomeFailed)
	d.over(OutcomeFailed, 1)
}

func guarded() *Graph {
	return flow(Node{ID: "s", Kind: Settings, Guard: &Guard{Open: u("s/open/1"), Close: u("s/close/1")},
		Steps: []Node{verb("a", "x/1"), verb("b", "x/1")}}, verb("c", "x/1"))
}

func TestSettingsArePutBack(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		life    func(*drive)
		outcome string
		exit    int
	}{
		"all well": {func(d *drive) { d.done("s/open/1", "a/x/1", "b/x/1", "s/close/1", "c/x/1") }, OutcomeDone, 0},
		"a step fails": {func(d *drive) {
			d.done("s/open/1")
			d.fail("a/x/1", fault.Data, "data")
			d.done("s/close/1")
		}, OutcomeFailed, 1},
		"opening fails": {func(d *drive) {
			d.fail("s/open/1", fault.Data, "data")
			d.done("s/close/1")
		}, OutcomeFailed, 1},
		"closing fails": {func(d *drive) {
			d.done("s/open/1", "a/x/1", "b/x/1")
			d.fail("s/close/1", fault.Data, "data")
		}, OutcomeFailed, 1},
		"resumed after closing had failed": {func(d *drive) {
			d.done("s/open/1", "a/x/1", "b/x/1")
			d.fail("s/close/1", fault.Data, "data")
			d.say(unit.Event{Kind: unit.RunResumed})
			d.running("s/open/1")
			d.done("s/open/1", "s/close/1", "c/x/1")
		}, OutcomeDone, 0},
		"cancelled inside": {func(d *drive) {
			d.done("s/open/1")
			d.say(unit.Event{Kind: unit.RunCancelled})
			d.running("s/close/1")
			d.done("s/close/1")
		}, OutcomeCancelled, 1},
		"cancelled while opening": {func(d *drive) {
			d.say(unit.Event{Kind: unit.RunCancelled})
			d.done("s/close/1")
		}, OutcomeCancelled, 1},
		"owner died while closing": {func(d *drive) {
			d.done("s/open/1", "a/x/1", "b/x/1")
			d.say(unit.Event{Kind: unit.RunResumed, Body: unit.Body(unit.Resumed{Crashed: true})})
			d.running("s/close/1")
			d.done("s/close/1", "c/x/1")
		}, OutcomeDone, 0},
		"resumed after failure": {func(d *drive) {
			d.done("s/open/1", "a/x/1")
			d.fail("b/x/1", fault.Data, "data")
			d.done("s/close/1")
			d.over(OutcomeFailed, 1)
			d.say(unit.Event{Kind: unit.RunResumed})
			d.done("s/open/1") // changed again for the rest
			d.running("b/x/1")
			d.done("b/x/1", "s/close/1", "c/x/1")
		}, OutcomeDone, 0},
	} {
		t.Run(name, func(t *testing.T) {
			d := begin(t, guarded(), nil)
			c.life(d)
			d.over(c.outcome, c.exit)
		})
	}
}

func TestParallelAndFlow(t *testing.T) {
	t.Parallel()
	child := verb("child", "flow/1")
	child.Kind = Flow
	g := flow(Node{ID: "p", Kind: Parallel, Steps: []Node{verb("a", "x/1"), child}}, verb("b", "x/1"))
	d := begin(t, g, nil)
	d.running("a/x/1", "child/flow/1")
	d.fail("a/x/1", fault.Data, "data")
	d.running("child/flow/1")
	d.done("child/flow/1")
	d.node("p", OutcomeFailed)
	d.over(OutcomeFailed, 1)
}

func TestOnErrorContinue(t *testing.T) {
	t.Parallel()
	a := verb("a", "x/1")
	a.OnError = Continue
	d := begin(t, flow(a, verb("b", "x/1")), nil)
	d.fail("a/x/1", fault.Data, "verify.differs")
	d.running("b/x/1")
	d.done("b/x/1")
	d.over(OutcomeFailed, 1)
	d.say(unit.Event{Kind: unit.RunResumed})
	d.running("a/x/1")
	d.done("a/x/1")
	d.over(OutcomeDone, 0)
}

func TestFinallyKnowsTheFault(t *testing.T) {
	t.Parallel()
	tell := verb("tell", "x/1")
	tell.If = "error != nil"
	n := Node{ID: "all", Kind: Steps, Steps: []Node{verb("a", "x/1")}, Finally: []Node{tell, verb("tidy", "x/1")}}
	eval := func(_ string, s Scope) (any, error) {
		f, node, ok := s.Fault()
		return ok && node == "a" && f.Code == "data.x", nil
	}
	d := begin(t, flow(n), eval)
	d.fail("a/x/1", fault.Data, "data.x")
	d.fail("tell/x/1", fault.Data, "mail")
	d.done("tidy/x/1") // what puts things right is tried in any case
	d.over(OutcomeFailed, 1)

	d = begin(t, flow(n), eval)
	d.done("a/x/1")
	d.node("tell", OutcomeSkipped)
	d.done("tidy/x/1")
	d.over(OutcomeDone, 0)
}

func TestTimeout(t *testing.T) {
	t.Parallel()
	n := Node{ID: "all", Kind: Steps, Timeout: time.Minute, Steps: []Node{verb("a", "x/1", "x/2"), verb("b", "x/1")}}
	d := begin(t, flow(n, verb("c", "x/1")), nil)
	d.done("a/x/1")
	if want := noon.Add(time.Minute); !d.turn.Wake.Equal(want) {
		t.Fatalf("wake %v", d.turn.Wake)
	}
	d.wait(time.Minute)
	d.running()
	d.node("a", OutcomeFailed)
	d.over(OutcomeFailed, 1)
	if _, f, _ := d.m.Node("all"); f == nil || f.Code != codeTimeout {
		t.Fatalf("%v", f)
	}
	d.say(unit.Event{Kind: unit.RunResumed})
	d.running("a/x/2")
	d.done("a/x/2", "b/x/1", "c/x/1")
	d.over(OutcomeDone, 0)
}

func TestWindow(t *testing.T) {
	t.Parallel()
	n := verb("a", "x/1 @w", "x/2 @w")
	n.Limits = map[string]int{"w": 1}
	n.Window = &Window{Opens: "13:00", For: time.Hour, Zone: "UTC"}
	d := begin(t, flow(n), nil)
	d.running()
	if want := noon.Add(time.Hour); !d.turn.Wake.Equal(want) {
		t.Fatalf("wake %v", d.turn.Wake)
	}
	d.wait(time.Hour)
	d.running("a/x/1")
	if want := noon.Add(2 * time.Hour); !d.turn.Wake.Equal(want) {
		t.Fatalf("wake %v", d.turn.Wake)
	}
	d.wait(time.Hour)
	d.running("a/x/1~")
	d.done("a/x/1")
	d.running()
	d.wait(23 * time.Hour)
	d.running("a/x/2")
}

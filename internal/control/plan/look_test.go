package plan

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"godwit/internal/fault"
	"godwit/internal/unit"
)

// why is the reasons in one line.
func (d *drive) why(id string) string {
	var list []string
	for _, g := range d.m.Why(id, d.now) {
		list = append(list, g.Kind+": "+g.Text)
	}
	return strings.Join(list, "; ")
}

func TestWhy(t *testing.T) {
	t.Parallel()
	a := verb("a", "x/1 +t @w", "x/2 @w", "y/1 <t")
	a.Limits = map[string]int{"w": 1}
	late := verb("late", "x/1")
	late.Window = &Window{Opens: "Fri 20:00", For: time.Hour, Zone: "Europe/Berlin"}
	g := flow(a, Node{ID: "go", Kind: Approve, Approve: &Ask{Text: "Switch?"}}, late)
	g.Finally = []Node{verb("end", "x/1")}
	d := begin(t, g, nil)
	check := func(id, want string) {
		t.Helper()
		if got := d.why(id); got != want {
			t.Fatalf("why %s\n got %s\nwant %s", id, got, want)
		}
	}
	check("a/x/1", "")
	check("a/x/2", "limit: 1 of 1 w in use")
	check("a/y/1", "order: after a/x/1")
	check("late/x/1", "window: window opens Fri 06 Mar 20:00 CET; order: after a")
	check("end/x/1", "order: at the end of the run")
	check("nobody", "")
	d.fail("a/x/1", fault.Unavailable, "net.reset")
	check("a/x/1", "retry: attempt 2, last: a/x/1 broke")
	d.say(unit.Event{Kind: unit.RunPaused, Actor: "anna", Reason: "backup"})
	check("a/x/2", `pause: paused by anna "backup"; limit: 1 of 1 w in use`)
	d.say(unit.Event{Kind: unit.RunResumed})
	d.wait(time.Second)
	d.fail("a/x/1", fault.Data, "data")
	check("a/y/1", "failed: after a/x/1, 1 failed")
	d.done("a/x/2")

	d = begin(t, flow(g.Steps[1], verb("b", "x/1")), nil)
	check("b/x/1", `order: after go; approve: approval "Switch?" of go`)
	check("go", `approve: approval "Switch?" of go`)
}

// Standing is what steps wait for wherever they are, items of loops too.
func TestStanding(t *testing.T) {
	t.Parallel()
	ask := Node{ID: "go", Kind: Approve, Approve: &Ask{Text: "Go?"}, Each: &Each{Items: "x", As: "i", Parallel: 2}}
	g := flow(Node{ID: "all", Kind: Parallel, Steps: []Node{ask, {ID: "w", Kind: Wait, Wait: &Pause{For: time.Hour}}, verb("a", "x/1")}},
		Node{ID: "later", Kind: Wait, Wait: &Pause{For: time.Hour}})
	d := begin(t, g, func(string, Scope) (any, error) { return []string{"p", "q"}, nil })
	standing := func() string {
		var list []string
		for _, g := range d.m.Standing() {
			list = append(list, g.Kind+" "+g.On[0])
		}
		return strings.Join(list, ", ")
	}
	if got := standing(); got != "approve go[p], approve go[q], time w" {
		t.Fatal(got)
	}
	d.say(unit.Event{Kind: unit.RunApproved}) // for which of them?
	d.say(unit.Event{Kind: unit.RunApproved, Node: "go[p]"})
	if got := standing(); got != "approve go[q], time w" {
		t.Fatal(got)
	}
	d.say(unit.Event{Kind: unit.RunApproved}) // the only one
	d.wait(time.Hour)
	d.done("a/x/1")
	if got := standing(); got != "time later" {
		t.Fatal(got)
	}
}

func TestCounts(t *testing.T) {
	t.Parallel()
	a := verb("a", "x/1", "x/2", "y/1 <never")
	a.Units[0].Weight, a.Units[1].Weight, a.Units[2].Class = 10, 30, "index"
	d := begin(t, flow(a), nil)
	d.done("a/x/2")
	d.fail("a/y/1", fault.Data, "data")
	got := fmt.Sprintf("%+v", d.m.Counts())
	want := "[{Step:a Class:c Units:2 Done:1 Failed:0 Running:1 Waiting:0 Weight:40 Moved:30} " +
		"{Step:a Class:index Units:1 Done:0 Failed:1 Running:0 Waiting:0 Weight:1 Moved:0}]"
	if got != want {
		t.Fatalf("%s", got)
	}
}

// Eight chunks of 10 s by two workers, then an index of 60 s by weight.
func forecastable() *Graph {
	n := Node{ID: "copy", Kind: Step, Limits: map[string]int{"w": 2}}
	for i := range 8 {
		w := u(fmt.Sprintf("copy/data/%d +d @w", i+1))
		w.Weight = 100
		n.Units = append(n.Units, w)
	}
	x := u("copy/index/1 <d")
	x.Class, x.Weight = "index", 30
	n.Units = append(n.Units, x)
	return flow(n, Node{ID: "pause", Kind: Wait, Wait: &Pause{For: time.Minute}})
}

func TestForecast(t *testing.T) {
	t.Parallel()
	d := begin(t, forecastable(), nil)
	given := Rates{Default: map[string]float64{"c": 0.05, "index": 1}}
	if f := d.m.Forecast(d.now, Rates{}); f.Known || f.Share != 0 {
		t.Fatalf("%+v", f)
	}
	for i := range 4 {
		if f := d.m.Forecast(d.now, given); f.Known != (i > 2) {
			t.Fatalf("after %d: %+v", i, f)
		}
		if i%2 == 0 {
			d.wait(10 * time.Second)
		}
		d.done(fmt.Sprintf("copy/data/%d", i+1))
	}
	// 20 s are gone. Chunks take 0.1 s per weight, twice the built-in rate, so
	// the index does, too: 20 s for four chunks, 60 s index, 60 s wait.
	f := d.m.Forecast(d.now, given)
	if want := noon.Add(160 * time.Second); !f.Known || !f.End.Equal(want) {
		t.Fatalf("%+v, want %v", f, want)
	}
	if want := 40.0 / 140; f.Share < want-0.001 || f.Share > want+0.001 {
		t.Fatalf("share %v", f.Share)
	}
	if f.Low.After(f.End) || f.High.Before(f.End) || !f.High.Equal(f.End.Add(21*time.Second)) {
		t.Fatalf("%+v", f)
	}
	if f := d.m.Forecast(d.now, Rates{}); f.Known {
		t.Fatalf("nothing is known about indexes: %+v", f)
	}
	if f := d.m.Forecast(d.now, Rates{Earlier: map[string]float64{"c": 0.1, "index": 3}}); !f.End.Equal(noon.Add(190 * time.Second)) {
		t.Fatalf("%+v", f)
	}
	d.next() // the rebuilt Machine, which has not looked ahead, says the same
}

func TestForecastLeavesOpen(t *testing.T) {
	t.Parallel()
	probe := probing("").Steps[0]
	g := flow(verb("a", "x/1", "x/2", "x/3"), Node{ID: "go", Kind: Approve, Approve: &Ask{}}, probe, verb("b", "inspect/1"))
	g.Steps[3].Units[0].Kind = "inspect"
	d := begin(t, g, nil)
	d.wait(5 * time.Second)
	d.done("a/x/1", "a/x/2", "a/x/3")
	f := d.m.Forecast(d.now, Rates{})
	if got := strings.Join(f.Open, " "); !f.Known || got != "go p b" || !f.End.Equal(d.now) {
		t.Fatalf("%+v", f)
	}
	if asked := d.m.Asking(); len(asked) != 1 {
		t.Fatal("looking ahead has approved")
	}
}

func TestForecastKeepsWindows(t *testing.T) {
	t.Parallel()
	n := verb("a", "x/1", "x/2", "x/3", "y/1 @w", "y/2 @w", "y/3 @w")
	n.Limits = map[string]int{"w": 1}
	for i := 3; i < 6; i++ {
		n.Units[i].Weight = 3600
	}
	n.Window = &Window{Opens: "12:00", For: 90 * time.Minute}
	d := begin(t, flow(n), nil)
	d.wait(time.Second)
	d.done("a/x/1", "a/x/2", "a/x/3") // 1 s per weight
	f := d.m.Forecast(d.now, Rates{})
	// y/1 and y/2 start today (a unit that runs when the window closes ends),
	// y/3 tomorrow.
	if want := noon.Add(25 * time.Hour); !f.Known || !f.End.Equal(want) {
		t.Fatalf("%+v, want %v", f, want)
	}
}

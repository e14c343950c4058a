package pool

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"godwit/internal/fault"
	"godwit/internal/unit"
)

var noon = time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC)

func open(units ...unit.Unit) (*Pool, *Limit) {
	c := &Limit{Name: "workers", Max: 2}
	p := New("copy", "copy", false, func(string) []*Limit { return []*Limit{c} }, func(*Work, State) {})
	p.Add(units, 0)
	return p, c
}

func data(n int, after ...string) unit.Unit {
	return unit.Unit{ID: unit.ID("copy", "data", "t", n), Tags: []string{"data"}, After: after, Uses: []string{"workers"}}
}

func TestOldestFirst(t *testing.T) {
	t.Parallel()
	p, c := open(data(1), data(2), data(3))
	var started []*Work
	for w := p.First(); w != nil; w = p.First() {
		p.Start(w, 1, noon)
		started = append(started, w)
	}
	if c.Used != 2 || len(started) != 2 || started[0].Unit.ID != "copy/data/t/1" {
		t.Fatalf("%d used, %d started", c.Used, len(started))
	}
	p.Stop(started[0])
	p.Delay(started[0], noon.Add(time.Minute), &fault.Fault{Kind: fault.Conflict}, noon)
	if w := p.First(); w == nil || w.Unit.ID != "copy/data/t/3" {
		t.Fatalf("%v", w)
	}
	if next := p.Due(noon); !next.Equal(noon.Add(time.Minute)) {
		t.Fatalf("due %v", next)
	}
	p.Due(noon.Add(time.Minute))
	if w := p.First(); w != started[0] {
		t.Fatalf("%v", w)
	}
}

func TestMissingIsBlockedAgainAfterUndo(t *testing.T) {
	t.Parallel()
	index := unit.Unit{ID: "copy/index/t/1", After: []string{"data", "nobody"}}
	p, _ := open(data(1), index)
	d, x := p.Units()[0], p.Units()[1]
	p.Start(d, 1, noon)
	p.Stop(d)
	p.Finish(d, nil, false)
	if x.State != Ready || len(p.Missing("data")) != 0 {
		t.Fatal(x.State)
	}
	p.Renew(d)
	if x.State != Blocked || d.State != Ready || len(p.Missing("data")) != 1 {
		t.Fatal(x.State, d.State)
	}
}

// A clone moves without the original, and the original without it.
func TestCloneIsApart(t *testing.T) {
	t.Parallel()
	p, c := open(data(1), data(2), data(3), unit.Unit{ID: "copy/index/t/1", After: []string{"data"}})
	p.Start(p.First(), 1, noon)
	before := fmt.Sprint(p.n, c.Used)
	own := &Limit{Name: "workers", Max: 2, Used: c.Used}
	k, live := p.Clone(map[*Limit]*Limit{c: own}, func(*Work, State) {})
	for _, w := range live {
		if w.State == Running {
			k.Stop(w)
			k.Finish(w, nil, false)
		}
	}
	for w := k.First(); w != nil; w = k.First() {
		k.Start(w, 1, noon)
		k.Stop(w)
		k.Finish(w, nil, false)
	}
	if k.N(Done) != 4 || own.Used != 0 || fmt.Sprint(p.n, c.Used) != before {
		t.Fatalf("clone %v, original %v %d", k.n, p.n, c.Used)
	}
}

func TestQueueSorts(t *testing.T) {
	t.Parallel()
	r := rand.New(rand.NewPCG(1, 2))
	var q queue
	var want []int64
	for i := range 1000 {
		at := int64(r.IntN(300))
		q.push(entry{at: at, w: &Work{index: int32(i)}})
		want = append(want, at)
	}
	slices.Sort(want)
	last := entry{at: -1}
	for _, at := range want {
		e := q.pop()
		if e.at != at || last.at == at && e.w.index < last.w.index {
			t.Fatalf("%d after %d", e.at, last.at)
		}
		last = e
	}
}

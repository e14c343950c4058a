package plan

import (
	"fmt"
	"runtime"
	"testing"
	"time"

	"godwit/internal/unit"
)

// wide is a copy of so many chunks in tables of ten, each with an index.
func wide(units int) *Graph {
	n := Node{ID: "copy", Kind: Step, Limits: map[string]int{"workers": 16, "builds": 4}}
	for i := range units {
		w := u(fmt.Sprintf("copy/data/shop.t%06d/%d +t%d @workers", i/10, i%10+1, i/10))
		if i%10 == 9 {
			w = u(fmt.Sprintf("copy/index/shop.t%06d/1 <t%d @builds", i/10, i/10))
		}
		w.Weight = int64(i%10 + 1)
		w.Spec = []byte(fmt.Sprintf(`{"table":"shop.t%06d","from":%d,"to":%d}`, i/10, i*1000, i*1000+999))
		n.Units = append(n.Units, w)
	}
	return flow(n)
}

func benchmarkNext(b *testing.B, units int) {
	for b.Loop() {
		g := wide(units)
		var before, after runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&before)
		m, err := New(g, nil)
		if err != nil {
			b.Fatal(err)
		}
		if err := m.Apply(unit.Event{Kind: unit.RunStarted}); err != nil {
			b.Fatal(err)
		}
		now, turns, spent := noon, 0, time.Duration(0)
		begin := time.Now()
		_, turn := m.Next(now)
		for ; !turn.Done; turns++ {
			r := turn.Running[turns%len(turn.Running)]
			for _, e := range m.Ended(r.Unit, r.Attempt, now, unit.Result{}, nil) {
				if err := m.Apply(e); err != nil {
					b.Fatal(err)
				}
			}
			now = now.Add(time.Second)
			start := time.Now()
			_, turn = m.Next(now)
			spent += time.Since(start)
		}
		whole := time.Since(begin)
		runtime.GC()
		runtime.ReadMemStats(&after)
		b.ReportMetric(float64(spent.Nanoseconds())/float64(turns), "ns/Next")
		b.ReportMetric(float64(whole.Nanoseconds())/float64(turns), "ns/unit")
		b.ReportMetric(float64(int64(after.HeapAlloc)-int64(before.HeapAlloc))/float64(units), "bytes/unit")
		runtime.KeepAlive(m)
		runtime.KeepAlive(g)
	}
}

func BenchmarkUnits20000(b *testing.B)  { benchmarkNext(b, 20_000) }
func BenchmarkUnits100000(b *testing.B) { benchmarkNext(b, 100_000) }

func BenchmarkForecast20000(b *testing.B) {
	m, err := New(wide(20_000), nil)
	if err != nil {
		b.Fatal(err)
	}
	if err := m.Apply(unit.Event{Kind: unit.RunStarted}); err != nil {
		b.Fatal(err)
	}
	m.Next(noon)
	for b.Loop() {
		m.Forecast(noon, Rates{Default: map[string]float64{"c": 1}})
	}
}

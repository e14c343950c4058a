package ledger_test

import (
	"context"
	"fmt"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"godwit/internal/ledger"
	"godwit/internal/record"
	"godwit/internal/unit"
)

// BenchmarkTurn settles one unit and starts the next in each turn, as an
// engine does, in one run and in several at the same time.
func BenchmarkTurn(b *testing.B) {
	for _, runs := range []int{1, 4, 16} {
		b.Run(fmt.Sprintf("runs=%d", runs), func(b *testing.B) {
			l, err := ledger.Open(b.Context(), filepath.Join(b.TempDir(), "ledger.db"))
			if err != nil {
				b.Fatal(err)
			}
			defer l.Close()
			var all []*ledger.Session
			for range runs {
				all = append(all, benchmarkRun(b, l, b.N))
			}
			b.ResetTimer()
			var wait sync.WaitGroup
			for _, s := range all {
				wait.Go(func() {
					for i := range (b.N + runs - 1) / runs {
						benchmarkTurn(b, s, i)
					}
				})
			}
			wait.Wait()
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "turns/s")
		})
	}
}

func benchmarkRun(b *testing.B, l *ledger.Ledger, units int) *ledger.Session {
	run, err := l.Start(b.Context(), ledger.NewRun{Flow: "copy"})
	if err != nil {
		b.Fatal(err)
	}
	s, err := l.Own(b.Context(), run, "bench", time.Hour)
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = s.Release(context.Background()) })
	events := expansions(units)
	events = append(events, unit.Event{Kind: unit.UnitStarted, Unit: "u0", Attempt: 1})
	_, err = s.Turn(b.Context(), func([]unit.Event, time.Time) (unit.Change, error) { return unit.Change{Events: events}, nil })
	if err != nil {
		b.Fatal(err)
	}
	return s
}

func expansions(n int) (events []unit.Event) {
	for from := 0; from <= n; from += 2000 {
		var units []unit.Unit
		for i := from; i < min(from+2000, n+1); i++ {
			units = append(units, unit.Unit{ID: fmt.Sprint("u", i), Step: "copy", Kind: "data", Entity: "shop.orders", Class: "heap", Weight: 1 << 20,
				Uses: []string{"workers"}, Spec: []byte(fmt.Sprintf(`{"table":{"schema":"shop","object":"orders"},"from":%d,"to":%d,"columns":["id","at","amount"]}`, i, i+1))})
		}
		events = append(events, unit.Event{Kind: unit.UnitExpanded, Body: unit.Body(unit.Expanded{Units: units})})
	}
	return events
}

func benchmarkTurn(b *testing.B, s *ledger.Session, i int) {
	id := fmt.Sprint("u", i)
	fence, _, err := s.Claim(b.Context(), id, 1)
	if err != nil {
		b.Error(err)
		return
	}
	_, err = s.Turn(b.Context(), func([]unit.Event, time.Time) (unit.Change, error) {
		return unit.Change{Unit: id, Fence: fence, Events: []unit.Event{
			{Kind: unit.UnitDone, Unit: id, Attempt: 1, Body: unit.Body(unit.Ended{Rows: 10})},
			{Kind: unit.UnitStarted, Unit: fmt.Sprint("u", i+1), Attempt: 1},
		}, Accounts: []record.Account{{Step: "copy", Entity: "shop.orders", Chunk: i + 1, Generation: 1, Unit: id, Read: 10, Applied: 10, Hash: make([]byte, 16)}}}, nil
	})
	if err != nil {
		b.Error(err)
	}
}

// BenchmarkExpand writes units, 2,000 to an event.
func BenchmarkExpand(b *testing.B) {
	l, err := ledger.Open(b.Context(), filepath.Join(b.TempDir(), "ledger.db"))
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = l.Close() })
	b.ResetTimer()
	benchmarkRun(b, l, b.N)
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "units/s")
}

package ledger_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"syscall"
	"testing"
	"time"

	"godwit/internal/ledger"
	"godwit/internal/record"
	"godwit/internal/unit"

	"github.com/zeebo/xxh3"
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

// BenchmarkRecords settles chunks of 1,000 records whose keys are in order, as a
// first load does (new), and says the same of them once more (again). GODWIT_RECORDS
// says of how many, a million by default. CPU is that of the whole process.
func BenchmarkRecords(b *testing.B) {
	n := 1_000_000
	if v, err := strconv.Atoi(os.Getenv("GODWIT_RECORDS")); err == nil {
		n = v
	}
	for range b.N {
		path := filepath.Join(b.TempDir(), "ledger.db")
		l, err := ledger.Open(b.Context(), path)
		if err != nil {
			b.Fatal(err)
		}
		s := benchmarkRun(b, l, 2)
		empty := size(b, path)
		for i, what := range []string{"new", "again"} {
			id := fmt.Sprint("u", i)
			if i > 0 {
				start := []unit.Event{{Kind: unit.UnitStarted, Unit: id, Attempt: 1}}
				if _, err := s.Turn(b.Context(), func([]unit.Event, time.Time) (unit.Change, error) { return unit.Change{Events: start}, nil }); err != nil {
					b.Fatal(err)
				}
			}
			fence, _, err := s.Claim(b.Context(), id, 1)
			if err != nil {
				b.Fatal(err)
			}
			began, used := time.Now(), cpu()
			for chunk := 1; chunk <= n/1000; chunk++ {
				c := record.Chunk{Number: chunk, Account: record.Account{Step: "copy", Entity: "shop.orders", Generation: 1, Unit: id, Read: 1000, Applied: 1000},
					States: &record.States{Place: record.Place{Entity: "order", At: "new"}, Mapping: "0123456789abcdef"}}
				for k := range 1000 {
					key := strconv.Itoa(10_000_000 + chunk*1000 + k)
					c.States.List = append(c.States.List, record.State{Key: key, Outcome: record.Applied, Hash: xxh3.HashString(key),
						Kept: []byte(`{"row":{"id":` + key + `}}`)})
				}
				if err := s.Prepare(b.Context(), id, fence, c, nil, nil); err != nil {
					b.Fatal(err)
				}
				if err := s.Settle(b.Context(), id, fence, chunk); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(n)/time.Since(began).Seconds(), what+"-records/s")
			b.ReportMetric(float64((cpu()-used).Microseconds())/float64(n), what+"-cpu-us/record")
			b.ReportMetric(float64(size(b, path)-empty)/float64(n), what+"-bytes/record")
		}
		if err := errors.Join(s.Release(b.Context()), l.Close()); err != nil {
			b.Fatal(err)
		}
	}
}

// size is that of the ledger's file, with what is not in it yet.
func size(b *testing.B, path string) (sum int64) {
	for _, end := range []string{"", "-wal"} {
		s, err := os.Stat(path + end)
		if err != nil {
			b.Fatal(err)
		}
		sum += s.Size()
	}
	return sum
}

func cpu() time.Duration {
	var u syscall.Rusage
	_ = syscall.Getrusage(syscall.RUSAGE_SELF, &u)
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

package ledger_test

import (
	"errors"
	"fmt"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"godwit/internal/ledger"
	"godwit/internal/ledger/records"
	"godwit/internal/ledger/store"
	"godwit/internal/record"
	"godwit/internal/unit"
	"godwit/internal/unit/calls"

	"github.com/zeebo/xxh3"
)

// BenchmarkRequests notes a request of each record and its answer, as the eight units
// of a delivery do, so many records to a write, and settles chunks of 1,000. CPU is that
// of the whole process.
func BenchmarkRequests(b *testing.B) {
	const n = 48_000
	for _, batch := range []int{3, 14, 32, 96} {
		b.Run(fmt.Sprintf("batch=%d", batch), func(b *testing.B) {
			for range b.N {
				l, err := ledger.Open(b.Context(), filepath.Join(b.TempDir(), "ledger.db"))
				if err != nil {
					b.Fatal(err)
				}
				d := newDelivery(b, l)
				used := cpu()
				for from := 0; from < n; from += batch {
					d.write(from, min(n, from+batch))
				}
				b.ReportMetric(float64((cpu()-used).Microseconds())/n, "cpu-us/record")
				if err := errors.Join(d.session.Release(b.Context()), l.Close()); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// delivery is what eight units note.
type delivery struct {
	*testing.B
	session *ledger.Session
	at      record.Place
	units   [8]struct {
		by       calls.Claimant
		fence    int64
		chunk    int
		answered []calls.Sent // and not noted
		over     []record.State
	}
}

func newDelivery(b *testing.B, l *ledger.Ledger) *delivery {
	d := &delivery{B: b, session: benchmarkRun(b, l, 8), at: record.Place{Entity: "order", At: "new"}}
	for i := range d.units {
		u, id := &d.units[i], fmt.Sprint("u", i)
		if i > 0 {
			start := []unit.Event{{Kind: unit.UnitStarted, Unit: id, Attempt: 1}}
			if _, err := d.session.Turn(b.Context(), func([]unit.Event, time.Time) (unit.Change, error) { return unit.Change{Events: start}, nil }); err != nil {
				b.Fatal(err)
			}
		}
		var err error
		if u.fence, _, err = d.session.Claim(b.Context(), id, 1); err != nil {
			b.Fatal(err)
		}
		d.room(func(run int64, tx store.Tx) (err error) {
			u.by, err = records.Join(tx, d.at, run, d.session.Token(), id, "load", func(string) bool { return true })
			return err
		})
	}
	return d
}

func (d *delivery) room(do func(run int64, tx store.Tx) error) {
	if err := d.session.Room(d.Context(), "note", do); err != nil {
		d.Fatal(err)
	}
}

func (d *delivery) write(from, to int) {
	var list [8]calls.Notes
	for i := range d.units {
		list[i] = calls.Notes{By: d.units[i].by, List: d.units[i].answered}
		d.units[i].answered = nil
	}
	for k := from; k < to; k++ {
		key := strconv.Itoa(10_000_000 + k)
		h := xxh3.HashString(key)
		s := calls.Sent{Key: key, Call: "create", Hash: h}
		u := &d.units[h%8]
		list[h%8].List = append(list[h%8].List, s)
		s.Answered, s.Kept = true, record.Object{"id": int64(k)}
		u.answered = append(u.answered, s)
		u.over = append(u.over, record.State{Key: key, Outcome: record.Applied, Hash: h, Kept: []byte(`{"create":{"id":` + key + `}}`)})
	}
	var some []calls.Notes
	for _, n := range list {
		if len(n.List) > 0 {
			some = append(some, n)
		}
	}
	d.room(func(run int64, tx store.Tx) error {
		noted, err := records.NoteAll(tx, run, d.at, some)
		for _, n := range noted {
			err = errors.Join(err, n.Err)
		}
		return err
	})
	for i := range d.units {
		d.settle(i)
	}
}

func (d *delivery) settle(i int) {
	u := &d.units[i]
	if len(u.over) < 1000 {
		return
	}
	u.chunk++
	id, n := fmt.Sprint("u", i), int64(len(u.over))
	c := record.Chunk{Number: u.chunk, Account: record.Account{Step: "copy", Entity: "shop.orders", Generation: 1, Unit: id, Read: n, Applied: n},
		States: &record.States{Place: d.at, Mapping: "0123456789abcdef", List: u.over}}
	if err := d.session.Prepare(d.Context(), id, u.fence, c, nil, nil); err != nil {
		d.Fatal(err)
	}
	if err := d.session.Settle(d.Context(), id, u.fence, u.chunk); err != nil {
		d.Fatal(err)
	}
	u.over = nil
}

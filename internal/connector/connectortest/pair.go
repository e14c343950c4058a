// Package connectortest holds what every connector must keep, one suite for
// each capability: a connector's tests call it with a Pair of real systems. It
// knows the seam only. Start at Copy.
package connectortest

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"godwit/internal/catalog"
	"godwit/internal/connector"
	"godwit/internal/fault"
	"godwit/internal/record"
)

// Pair is a source and a target, and what a suite needs done at them behind
// the connector's back.
type Pair struct {
	From, To connector.Endpoint
	// Table makes a new table with n rows at the source and the same one
	// without rows at the target, and gives it as one chunk.
	Table func(t testing.TB, n int) catalog.Chunk
	// Insert adds n more rows to such a table at the source.
	Insert func(t testing.TB, table catalog.Name, n int)
	// Change alters one row of such a table at the target.
	Change func(t testing.TB, table catalog.Name)
}

// Run is the uid under which the suites leave marks.
const Run = "00112233445566778899aabbccddeeff"

var serial atomic.Int64

func key(t testing.TB) record.MarkKey {
	return record.MarkKey{Run: Run, Unit: strings.ToLower(t.Name()), Chunk: int(serial.Add(1)), Generation: 1, Attempt: 1}
}

func deadline(t testing.TB) context.Context {
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	t.Cleanup(cancel)
	return ctx
}

func capability[T any](t testing.TB, ep connector.Endpoint, what string) T {
	t.Helper()
	c, err := connector.As[T](ep, "under test", what)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func open(t testing.TB, ep connector.Endpoint, name string) connector.Snapshot {
	t.Helper()
	snapshots := capability[connector.Snapshots](t, ep, "take snapshots")
	sn, err := snapshots.OpenSnapshot(deadline(t), name)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { snapshots.CloseSnapshot(name) })
	return sn
}

func read(t testing.TB, sn connector.Snapshot) connector.Reader {
	t.Helper()
	r, err := sn.Read(deadline(t))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := errors.Join(r.Close(), r.Close()); err != nil {
			t.Error(err)
		}
	})
	return r
}

func begin(t testing.TB, ep connector.Endpoint, marks ...record.MarkKey) connector.Transaction {
	t.Helper()
	l, err := capability[connector.Writer](t, ep, "write").Begin(deadline(t), marks)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := errors.Join(l.Close(), l.Close()); err != nil {
			t.Error(err)
		}
	})
	return l
}

// SumOf reads a chunk at an endpoint as it is now, whatever was noted of it.
func SumOf(t testing.TB, ep connector.Endpoint, c catalog.Chunk) record.Sum {
	t.Helper()
	c.FileNode, c.Shape = 0, ""
	snapshots := capability[connector.Snapshots](t, ep, "take snapshots")
	name := fmt.Sprint("sum ", serial.Add(1))
	sn, err := snapshots.OpenSnapshot(deadline(t), name)
	if err != nil {
		t.Fatal(err)
	}
	defer snapshots.CloseSnapshot(name)
	r, err := sn.Read(deadline(t))
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	sum, err := r.CopyOut(deadline(t), c, io.Discard)
	if err != nil {
		t.Fatal(err)
	}
	return sum
}

// Relay moves one chunk from a reader into a load and returns both counts.
func Relay(ctx context.Context, r connector.Reader, l connector.Transaction, c catalog.Chunk) (record.Sum, int64, error) {
	out, in := io.Pipe()
	type outcome struct {
		sum record.Sum
		err error
	}
	done := make(chan outcome, 1)
	go func() {
		sum, err := r.CopyOut(ctx, c, in)
		in.CloseWithError(err)
		done <- outcome{sum, err}
	}()
	rows, err := l.CopyIn(ctx, c, out)
	out.CloseWithError(err)
	end := <-done
	if err == nil {
		err = end.err
	}
	return end.sum, rows, err
}

func wantCode(t testing.TB, err error, kind fault.Kind, code string) {
	t.Helper()
	if f := fault.Of(err); f.Kind != kind || f.Code != code {
		t.Errorf("error is %s %s (%v), want %s %s", f.Kind, f.Code, err, kind, code)
	}
}

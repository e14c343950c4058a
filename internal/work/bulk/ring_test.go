package bulk

import (
	"bytes"
	"errors"
	"io"
	"math/rand/v2"
	"testing"
	"testing/iotest"
)

// Whatever the sizes of reads and writes on both sides, the bytes arrive in
// order, none twice and none missing.
func TestRingPassesBytesOn(t *testing.T) {
	t.Parallel()
	want := make([]byte, 3*ringSize+777)
	for i := range want {
		want[i] = byte(rand.Uint32())
	}
	sides := map[string]struct {
		in  func(*ring) error
		out func(*ring) ([]byte, error)
	}{
		"ReadFrom, WriteTo": {
			func(r *ring) error { _, err := r.ReadFrom(bytes.NewReader(want)); return err },
			func(r *ring) ([]byte, error) { var b bytes.Buffer; _, err := r.WriteTo(&b); return b.Bytes(), err },
		},
		"ReadFrom half, Read": {
			func(r *ring) error { _, err := r.ReadFrom(iotest.HalfReader(bytes.NewReader(want))); return err },
			func(r *ring) ([]byte, error) { return io.ReadAll(struct{ io.Reader }{r}) },
		},
		"Write, Read one byte": {
			func(r *ring) error { _, err := r.Write(want); return err },
			func(r *ring) ([]byte, error) { return io.ReadAll(iotest.OneByteReader(struct{ io.Reader }{r})) },
		},
	}
	for name, s := range sides {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newRing(func(int64) {})
			go func() { r.end(s.in(r)) }()
			got, err := s.out(r)
			if err != nil || !bytes.Equal(got, want) {
				t.Fatalf("got %d bytes, err %v; want %d equal bytes", len(got), err, len(want))
			}
			if r.passed.Load() != int64(len(want)) {
				t.Errorf("passed %d, want %d", r.passed.Load(), len(want))
			}
		})
	}
}

func TestRingTellsTheOtherSide(t *testing.T) {
	t.Parallel()
	boom := errors.New("boom")
	r := newRing(func(int64) {})
	r.end(boom)
	if _, err := r.WriteTo(io.Discard); !errors.Is(err, boom) {
		t.Errorf("reading side got %v, want the writing side's error", err)
	}
	r = newRing(func(int64) {})
	r.leave()
	// Buffers that are still free may be filled; then the writer must give up.
	_, err := r.ReadFrom(bytes.NewReader(make([]byte, 10*ringSize)))
	if !errors.Is(err, io.ErrClosedPipe) {
		t.Errorf("writing side got %v, want %v", err, io.ErrClosedPipe)
	}
}

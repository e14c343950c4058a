package joint

import (
	"path/filepath"
	"testing"
	"time"
)

// BenchmarkRequest is what one request costs beside another process that asks for
// nothing: a seat, a place, the seat back.
func BenchmarkRequest(b *testing.B) {
	j, err := Open(filepath.Join(b.TempDir(), "pace"))
	if err != nil {
		b.Fatal(err)
	}
	if _, err := Open(j.path); err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		seat, err := j.Sit(b.Context(), few(8))
		if err != nil {
			b.Fatal(err)
		}
		j.Take(time.Nanosecond, time.Millisecond)
		j.Leave(seat)
	}
}

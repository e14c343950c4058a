package engine

import (
	"slices"
	"testing"

	"godwit/internal/unit"
)

// TestTeller tells a watcher that stands still: nobody waits for it, it gets
// every event in order, and of the frames the latest.
func TestTeller(t *testing.T) {
	t.Parallel()
	goOn, entered := make(chan struct{}), make(chan struct{})
	var events, frames []int64
	tell := NewTeller(func(e unit.Event) {
		if e.Seq == 1 {
			close(entered)
			<-goOn
		}
		events = append(events, e.Seq)
	}, func(n *int64) { frames = append(frames, *n) })
	tell.Event(unit.Event{Seq: 1})
	<-entered
	var want []int64
	for seq := int64(1); seq <= 1000; seq++ {
		want = append(want, seq)
		if seq > 1 {
			tell.Event(unit.Event{Seq: seq})
		}
		tell.Frame(&seq)
	}
	if !tell.Behind() {
		t.Error("a frame that was not taken is not known")
	}
	close(goOn)
	tell.Close()
	if !slices.Equal(events, want) {
		t.Errorf("%d events, want %d in order", len(events), len(want))
	}
	if !slices.Equal(frames, []int64{1000}) {
		t.Errorf("frames %v, want the last", frames)
	}
}

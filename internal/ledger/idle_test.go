package ledger_test

import (
	"testing"
	"time"

	"godwit/internal/unit"
)

// TestIdle counts what lies between one owner's last event and the next one's
// first, and nothing else. Time that passes is its subject: nothing could tell
// that it has.
func TestIdle(t *testing.T) {
	t.Parallel()
	l := open(t)
	run := newRun(t, l)
	for range 3 {
		s, err := l.Own(t.Context(), run, "host:1", time.Minute)
		if err != nil {
			t.Fatal(err)
		}
		time.Sleep(15 * time.Millisecond) // work, which is not idle
		if err := s.Note(t.Context(), unit.Event{Kind: unit.ErrorSeen}); err != nil {
			t.Fatal(err)
		}
		if err := s.Release(t.Context()); err != nil {
			t.Fatal(err)
		}
		time.Sleep(20 * time.Millisecond)
	}
	events, err := l.View().Events(t.Context(), run.ID, 0, 0)
	if err != nil {
		t.Fatal(err)
	}
	var want time.Duration
	for i, e := range events {
		if e.Kind == unit.RunResumed {
			want += e.At.Sub(events[i-1].At)
		}
	}
	got, err := l.View().Idle(t.Context(), run.ID)
	if err != nil || got != want || got < 40*time.Millisecond {
		t.Errorf("idle %s (%v), want %s", got, err, want)
	}
}

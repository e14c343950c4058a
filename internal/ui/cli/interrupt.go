package cli

import (
	"context"
	"sync"

	"godwit/internal/fault"
)

// interrupts are what a signal to stop reaches. Before a run is open the first
// one ends the command at once; then it is a stop at chunk borders, and the
// second one cuts.
type interrupts struct {
	stop chan struct{} // closed by the first
	cut  context.CancelFunc

	mu      sync.Mutex
	came    bool
	engaged bool // a run is, or is just being, opened or gone on with
}

func (s *session) listen(ctx context.Context) {
	for n := 0; ; n++ {
		select {
		case <-s.Interrupts:
		case <-ctx.Done():
			return
		}
		if n > 0 || !s.come() {
			s.cut()
			return
		}
		// A terminal that takes nothing must not keep it from stopping.
		close(s.stop)
		s.line("interrupted: what runs ends at its chunk's end, nothing new starts; once more cuts at once")
	}
}

// come notes the first interrupt and reports whether a run is to be stopped.
func (s *session) come() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.came = true
	return s.engaged
}

// engage is called before a run is opened or gone on with: after an interrupt
// neither happens.
func (s *session) engage() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.came && !s.engaged {
		return context.Canceled
	}
	s.engaged = true
	return nil
}

// early reports whether the command was interrupted before a run was open, and
// says so.
func (s *session) early() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.came || s.engaged {
		return false
	}
	if s.json {
		s.say(fault.Fault{Kind: fault.Cancelled, Code: "run.cancelled", Text: "interrupted; no run was begun"})
	}
	s.line("interrupted; no run was begun")
	return true
}

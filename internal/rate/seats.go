package rate

import (
	"context"
	"slices"
	"sync"
)

// seats are how many requests may be under way, a number that may change while
// they are. Who comes first sits down first.
type seats struct {
	mu    sync.Mutex
	most  int // 0: any
	taken int
	line  []chan struct{} // each closed when its turn has come
}

// sit waits for a seat; the error is the context's.
func (s *seats) sit(ctx context.Context) error {
	s.mu.Lock()
	if len(s.line) == 0 && s.free() {
		s.taken++
		s.mu.Unlock()
		return nil
	}
	turn := make(chan struct{})
	s.line = append(s.line, turn)
	s.mu.Unlock()
	select {
	case <-turn:
		return nil
	case <-ctx.Done():
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if at := slices.Index(s.line, turn); at >= 0 {
		s.line = slices.Delete(s.line, at, at+1)
	} else { // it was given one at the same moment
		s.taken--
		s.call()
	}
	return ctx.Err()
}

func (s *seats) leave() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.taken--
	s.call()
}

// set changes the number. Nobody is made to stand up.
func (s *seats) set(most int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.most = most
	s.call()
}

func (s *seats) many() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.most
}

func (s *seats) free() bool { return s.most == 0 || s.taken < s.most }

// call gives free seats to those who came first.
func (s *seats) call() {
	for len(s.line) > 0 && s.free() {
		close(s.line[0])
		s.line = s.line[1:]
		s.taken++
	}
}

package rate

import (
	"context"
	"slices"
	"sync"
)

// seats are how many requests may be under way, a number that may change while
// they are. Each who has a line of its own: the lines take turns, and in a line who
// comes first sits down first.
type seats struct {
	mu    sync.Mutex
	most  int // 0: any
	taken int
	lines []*line // none is empty; the first is next
}

type line struct {
	who   string
	turns []chan struct{} // each closed when it has come
}

// sit waits for a seat; the error is the context's.
func (s *seats) sit(ctx context.Context, who string) error {
	s.mu.Lock()
	if len(s.lines) == 0 && s.free() {
		s.taken++
		s.mu.Unlock()
		return nil
	}
	turn := make(chan struct{})
	l := s.line(who)
	l.turns = append(l.turns, turn)
	s.mu.Unlock()
	select {
	case <-turn:
		return nil
	case <-ctx.Done():
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if at := slices.Index(l.turns, turn); at >= 0 {
		l.turns = slices.Delete(l.turns, at, at+1)
		s.lines = slices.DeleteFunc(s.lines, func(l *line) bool { return len(l.turns) == 0 })
	} else { // it was given one at the same moment
		s.taken--
		s.call()
	}
	return ctx.Err()
}

// line is the one that somebody stands in, a new one behind all others.
func (s *seats) line(who string) *line {
	for _, l := range s.lines {
		if l.who == who {
			return l
		}
	}
	l := &line{who: who}
	s.lines = append(s.lines, l)
	return l
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

// call gives free seats, one to each line in turn.
func (s *seats) call() {
	for len(s.lines) > 0 && s.free() {
		l := s.lines[0]
		close(l.turns[0])
		s.taken++
		if s.lines = s.lines[1:]; len(l.turns) > 1 {
			l.turns = l.turns[1:]
			s.lines = append(s.lines, l)
		} else {
			l.turns = nil
		}
	}
}

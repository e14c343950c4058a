package verify

import (
	"context"

	"godwit/internal/catalog"
)

// holder is a reader that looks at many tables at once before it reads them.
type holder interface {
	Hold(ctx context.Context, chunks []catalog.Chunk) error
}

// hold looks at all tables of the unit that will be read: one by one that costs more
// than reading a small one. Why one cannot be held is told when it is read.
func (s *sides) hold(ctx context.Context, pairs []Pair) {
	for _, name := range []string{s.from, s.to} {
		chunks := s.chunks(name, pairs)
		if len(chunks) < 2 {
			continue
		}
		r, err := s.reader(ctx, name)
		if err != nil {
			continue
		}
		if h, ok := r.(holder); ok && h.Hold(ctx, chunks) != nil {
			s.drop(name) // its session is of no more use
		}
	}
}

// chunks are what is read of a side, as far as that is known before.
func (s *sides) chunks(name string, pairs []Pair) (all []catalog.Chunk) {
	for _, p := range pairs {
		_, relayed := s.relayed[p.Name.String()]
		switch {
		case s.alone[p.Name], p.Left == nil, p.Right == nil, p.Empty, p.Reason != "", s.held[p.Name] > 0:
		case name == s.to:
			all = append(all, *p.Right)
		case !relayed:
			all = append(all, *p.Left)
		}
	}
	return all
}

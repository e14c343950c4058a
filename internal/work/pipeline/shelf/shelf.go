// Package shelf holds the tables of values that maps look up in, as they were read
// when a step was planned.
package shelf

import (
	"context"
	"maps"
	"sync"

	"godwit/internal/catalog"
	"godwit/internal/fault"
	"godwit/internal/work/pipeline/mapping"
)

// Book is where a run keeps them.
type Book interface {
	// Lookup gives the pairs of key and value whose hash this is.
	Lookup(ctx context.Context, sum string) ([][2]string, error)
}

// Values makes maps of tables that were read.
func Values(read map[string]catalog.Lookup) map[string]map[string]string {
	all := map[string]map[string]string{}
	for name, l := range read {
		all[name] = table(l.Pairs)
	}
	return all
}

func table(pairs [][2]string) map[string]string {
	t := make(map[string]string, len(pairs))
	for _, p := range pairs {
		t[p[0]] = p[1]
	}
	return t
}

// Summed is a map that says by their hashes which values its lookups have.
func Summed(m *mapping.Map, read map[string]catalog.Lookup) *mapping.Map {
	if m == nil || len(read) == 0 {
		return m
	}
	out := *m
	out.Lookups = maps.Clone(m.Lookups)
	for name, r := range read {
		l := out.Lookups[name]
		l.Sum = r.Sum
		out.Lookups[name] = l
	}
	return &out
}

// Shelf holds the tables of values that units of this process look up in: all
// parts of a load share one.
type Shelf struct {
	book Book
	mu   sync.Mutex
	held map[string]map[string]string // by their hash
}

// New is an empty one.
func New(book Book) *Shelf { return &Shelf{book: book} }

// Of gives a map's tables of values as they were when the step was planned.
func (s *Shelf) Of(ctx context.Context, m *mapping.Map) (map[string]map[string]string, error) {
	all := map[string]map[string]string{}
	if m == nil {
		return all, nil
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for name, l := range m.Lookups {
		if l.Sum == "" {
			continue
		}
		if s.held[l.Sum] == nil {
			pairs, err := s.book.Lookup(ctx, l.Sum)
			if err != nil {
				return nil, fault.Wrap(err, "look up %s", name)
			}
			if s.held == nil {
				s.held = map[string]map[string]string{}
			}
			s.held[l.Sum] = table(pairs)
		}
		all[name] = s.held[l.Sum]
	}
	return all, nil
}

package run

import (
	"context"
	"slices"

	"godwit/internal/catalog"
	"godwit/internal/unit"
)

// beside is what an inspect unit found beside tables.
type beside struct {
	// Omitted is what the source has and the selection leaves out.
	Omitted []catalog.Omission `json:"omitted,omitempty"`
	// AloneBlobs are large objects of both sides that a copy leaves alone.
	AloneBlobs []uint32 `json:"aloneBlobs,omitempty"`
}

func besides(n unit.Needs, facts catalog.Facts) beside {
	b := beside{Omitted: facts.Source.Omitted}
	if n.Existing == skip {
		b.AloneBlobs = facts.SameBlobs()
	}
	return b
}

// AloneBlobs lists the large objects of both sides that the copy between these
// ends left alone.
func (p past) AloneBlobs(ctx context.Context, ends unit.Ends) ([]uint32, error) {
	_, found, _, err := p.copied(ctx, ends)
	return found.AloneBlobs, err
}

// omitted adds what a copy left out.
func (s *Story) omitted(f Found) {
	for _, o := range f.Omitted {
		if f.Copies && !slices.Contains(s.Omitted, o) {
			s.Omitted = append(s.Omitted, o)
		}
	}
}

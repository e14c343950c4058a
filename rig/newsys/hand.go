package newsys

import (
	"maps"
	"slices"
)

// DropNotes takes annotations away, as somebody may do who works with the system.
func (s *System) DropNotes(which func(note Object) bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, t := range s.store.assignments {
		t.notes = slices.DeleteFunc(t.notes, which)
	}
}

// Set changes a field of an assignment, as somebody may do who works with the system.
func (s *System) Set(external, field string, v any) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, t := range s.store.assignments {
		if t.body["externalId"] == external {
			t.body = maps.Clone(t.body)
			t.body[field] = v
		}
	}
}

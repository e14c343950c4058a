package newsys

import "slices"

// DropNotes takes annotations away, as somebody may do who works with the system.
func (s *System) DropNotes(which func(note Object) bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, t := range s.store.assignments {
		t.notes = slices.DeleteFunc(t.notes, which)
	}
}

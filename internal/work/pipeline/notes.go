package pipeline

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"godwit/internal/catalog"
	"godwit/internal/unit"
	"godwit/internal/work/pipeline/stub"
)

// notes are what a plan says about a load besides its numbers: what the overlay
// changes, what was read of lookups, why there is only one part.
func (l *Load) notes(facts catalog.Facts) []unit.Note {
	var list []unit.Note
	m, changes := l.process().laid()
	if o := l.process().Overlay; o != nil && m != nil {
		at, _, _ := strings.Cut(o.At, ":")
		note := unit.Note{Label: "overlay", Text: at + " changes nothing"}
		if len(changes) > 0 {
			note.Text = at + " changes:"
		}
		list = append(list, note)
	}
	for _, c := range changes {
		list = append(list, unit.Note{Label: "overlay", Text: c.What + ": " + c.Text})
	}
	list = append(list, l.process().To.Place.Notes()...)
	if facts.Records != nil {
		for _, name := range slices.Sorted(maps.Keys(facts.Records.Lookups)) {
			list = append(list, unit.Note{Label: "looks up", Text: fmt.Sprintf("%s: %d entries", name, len(facts.Records.Lookups[name].Pairs))})
		}
	}
	for _, s := range stub.Tables(m) {
		list = append(list, unit.Note{Label: "stubs", Text: "into " + s + ", for records that are referred to and not there"})
	}
	if m.HasSets() && l.Again == nil {
		list = append(list, unit.Note{Label: "one part", Text: "its rules compare all records"})
	}
	if facts.Records != nil && l.Again == nil && m != nil {
		// What a map gets wrong the plan says.
		if made, err := l.lineage(facts.Records); err == nil && len(made.Unread) > 0 {
			list = append(list, unit.Note{Label: "not read", Text: strings.Join(made.Unread, ", ")})
		}
	}
	return list
}

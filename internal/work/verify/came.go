package verify

import (
	"context"
	"slices"

	"godwit/internal/catalog"
	"godwit/internal/fault"
	"godwit/internal/unit"
)

// came proves that no table came to the source since the verification was
// planned: at a later snapshot rows may have moved into one that nobody reads.
func (a *around) came(ctx context.Context, s *sides, spec AroundSpec, report unit.Report) ([]Proof, error) {
	p := spec.Planned
	if p == nil {
		return nil, nil
	}
	r, err := s.reader(ctx, spec.From)
	if err != nil || s.ids[spec.From] == p.Snapshot {
		return nil, err
	}
	sel, err := catalog.ParseSelection(p.Include, p.Exclude)
	if err != nil {
		return nil, err
	}
	for i, pattern := range sel.Include {
		sel.Include[i] = pattern.Lenient()
	}
	db, err := r.Inspect(ctx, sel)
	if err != nil {
		s.drop(spec.From)
		return nil, fault.Wrap(err, "look at %s again", spec.From)
	}
	var proofs []Proof
	for _, t := range db.Tables {
		if slices.Contains(p.Tables, t.Name) || !t.HasRows() {
			continue
		}
		why := "it came to " + spec.From + " after the verification was planned"
		report.Note(unit.VerifyDiffers, Difference{Entity: t.Name.String(), What: "table", Text: why})
		proofs = append(proofs, Proof{Entity: t.Name.String(), Result: Differs, Method: Both, Count: 1, Why: why})
	}
	return proofs, nil
}

package verify

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"

	"godwit/internal/catalog"
	"godwit/internal/connector"
	"godwit/internal/fault"
	"godwit/internal/unit"
)

// around compares sequences and definitions.
type around struct {
	open connector.Opener
	past History
}

// Done: looking leaves nothing behind.
func (a *around) Done(context.Context, unit.Unit, unit.Lease) (unit.Effect, error) {
	return unit.Effect{}, nil
}

// Do tells every difference and fails with code verify.differs if there is one.
func (a *around) Do(ctx context.Context, u unit.Unit, l unit.Lease, report unit.Report) (unit.Result, error) {
	var spec AroundSpec
	if err := json.Unmarshal(u.Spec, &spec); err != nil {
		return unit.Result{}, fault.New(fault.Internal, "unit.spec", "%s: read spec: %w", u.ID, err)
	}
	s := &sides{open: a.open, lease: l, from: spec.From, to: spec.To}
	defer s.close()
	if spec.Planned != nil {
		if err := a.gather(ctx, s, &spec); err != nil {
			return unit.Result{}, err
		}
	}
	alone, copied, err := a.past.Alone(ctx, unit.Ends{From: spec.From, To: spec.To})
	if err != nil {
		return unit.Result{}, fault.Wrap(err, "look up what was left alone")
	}
	spec.without(alone, copied)
	objects, err := a.past.AloneBlobs(ctx, unit.Ends{From: spec.From, To: spec.To})
	if err != nil {
		return unit.Result{}, fault.Wrap(err, "look up what was left alone")
	}
	left := spec.withoutBlobs(objects)
	v := verdict{}
	sequences, err := a.sequences(ctx, s, spec, report)
	if err != nil {
		return unit.Result{}, err
	}
	proofs := []Proof{sequences, told(spec, report)}
	came, err := a.came(ctx, s, spec, report)
	if err != nil {
		return unit.Result{}, err
	}
	proofs = append(proofs, came...)
	if len(spec.Blobs)+len(spec.NoBlobs)+len(spec.MoreBlobs) > 0 {
		blobs, err := a.blobs(ctx, s, spec, report)
		if err != nil {
			return unit.Result{}, err
		}
		proofs = append(proofs, blobs)
	}
	if left > 0 {
		proofs = append(proofs, aloneBlobs(objects))
	}
	for _, p := range proofs {
		report.Note(unit.VerifyTable, p)
		v.add(p)
	}
	return unit.Result{Facts: unit.Body(v.counts)}, v.err()
}

// without takes out what a copy in this run left alone at the target. What the
// target has more was there before the copy then.
func (s *AroundSpec) without(alone map[catalog.Name]bool, copied bool) {
	if !copied {
		return
	}
	left := func(n catalog.Name) bool { return alone[n] }
	s.Sequences = slices.DeleteFunc(s.Sequences, left)
	s.MoreSequences, s.MoreBlobs = nil, nil
	names := map[string]bool{}
	for n := range alone {
		names[n.String()] = true
	}
	s.Definitions = slices.DeleteFunc(s.Definitions, func(d Difference) bool {
		return d.What == extraDefinition || names[d.Entity]
	})
	s.Differing = distinct(s.Definitions)
}

// distinct counts objects: one may differ in several lines.
func distinct(list []Difference) int {
	objects := map[string]bool{}
	for _, d := range list {
		objects[d.Entity] = true
	}
	return len(objects)
}

func (a *around) sequences(ctx context.Context, s *sides, spec AroundSpec, report unit.Report) (Proof, error) {
	proof := Proof{Entity: "sequences", Result: Equal, Method: Both, Rows: int64(len(spec.Sequences) + len(spec.NoSequences))}
	differs := func(n catalog.Name, text string) {
		report.Note(unit.VerifyDiffers, Difference{Entity: n.String(), What: "sequence", Text: text})
		proof.Result, proof.Count = Differs, proof.Count+1
	}
	for _, n := range spec.NoSequences {
		differs(n, "missing at "+spec.To)
	}
	for _, n := range spec.MoreSequences {
		differs(n, "only at "+spec.To)
	}
	// Sequences know no snapshot: those of a source in use have gone on since
	// they were copied.
	copied, err := a.past.Values(ctx, s.ends())
	if err != nil {
		return proof, fault.Wrap(err, "look up copied sequences")
	}
	rest := slices.DeleteFunc(slices.Clone(spec.Sequences), func(n catalog.Name) bool { _, ok := copied[n]; return ok })
	left, err := values(ctx, s, spec.From, rest)
	if err != nil {
		return unreadable(proof, spec.From, err)
	}
	maps.Copy(left, copied)
	if len(rest) < len(spec.Sequences) {
		proof.Method = Recorded
	}
	right, err := values(ctx, s, spec.To, spec.Sequences)
	if err != nil {
		return unreadable(proof, spec.To, err)
	}
	for _, n := range spec.Sequences {
		l, r := left[n], right[n]
		if l != r {
			differs(n, fmt.Sprintf("at %d%s at %s, %d%s at %s", l.Last, called(l), spec.From, r.Last, called(r), spec.To))
		}
	}
	return proof, nil
}

func called(v connector.SequenceValue) string {
	if v.Called {
		return ""
	}
	return " (never called)"
}

// values reads sequences that are there. A session that saw a fault is of no
// more use.
func values(ctx context.Context, s *sides, name string, list []catalog.Name) (map[catalog.Name]connector.SequenceValue, error) {
	r, err := s.reader(ctx, name)
	if err != nil {
		return nil, err
	}
	found, err := r.Values(ctx, list)
	if err != nil {
		s.drop(name)
		return nil, err
	}
	byName := map[catalog.Name]connector.SequenceValue{}
	for _, v := range found {
		byName[v.Name] = v
	}
	return byName, nil
}

// told tells what was found when the texts were compared.
func told(spec AroundSpec, report unit.Report) Proof {
	proof := Proof{Entity: "definitions", Result: Equal, Method: Both, Rows: int64(spec.Compared)}
	if spec.Unread != "" {
		proof.Result, proof.Why = NotVerified, spec.Unread
		return proof
	}
	for i, d := range spec.Definitions {
		if i < mostNamed {
			report.Note(unit.VerifyDiffers, d)
		}
	}
	if spec.Differing > 0 {
		proof.Result, proof.Count = Differs, spec.Differing
	}
	return proof
}

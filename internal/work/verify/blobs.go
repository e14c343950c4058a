package verify

import (
	"context"
	"crypto/sha256"
	"fmt"
	"slices"
	"strings"

	"godwit/internal/fault"
	"godwit/internal/unit"
)

// split sorts large objects by who has them.
func split(left, right []uint32) (both, only, more []uint32) {
	there := map[uint32]bool{}
	for _, oid := range right {
		there[oid] = true
	}
	for _, oid := range left {
		if there[oid] {
			both = append(both, oid)
		} else {
			only = append(only, oid)
		}
		delete(there, oid)
	}
	for _, oid := range right {
		if there[oid] {
			more = append(more, oid)
		}
	}
	return both, only, more
}

// withoutBlobs takes out large objects that a copy in this run left alone, with
// their definitions, and returns how many they are.
func (s *AroundSpec) withoutBlobs(alone []uint32) int {
	names := map[string]bool{}
	for _, oid := range alone {
		names[fmt.Sprint(oid)] = true
	}
	s.Blobs = slices.DeleteFunc(s.Blobs, func(oid uint32) bool { return names[fmt.Sprint(oid)] })
	s.Definitions = slices.DeleteFunc(s.Definitions, func(d Difference) bool { return names[d.Entity] })
	s.Differing = distinct(s.Definitions)
	return len(alone)
}

// aloneBlobs names what is not verified since the copy did not touch it.
func aloneBlobs(oids []uint32) Proof {
	var names []string
	for _, oid := range oids[:min(mostNamed, len(oids))] {
		names = append(names, fmt.Sprint(oid))
	}
	if n := len(oids) - mostNamed; n > 0 {
		names = append(names, fmt.Sprintf("and %d more", n))
	}
	what := "large object "
	if len(oids) > 1 {
		what = "large objects "
	}
	return Proof{Entity: "large objects left alone", Result: LeftAlone, Method: Both, Count: len(oids), Why: what + strings.Join(names, ", ")}
}

// blobs compares the content of large objects, byte for byte by their hash;
// both sides are read.
func (a *around) blobs(ctx context.Context, s *sides, spec AroundSpec, report unit.Report) (Proof, error) {
	proof := Proof{Entity: "large objects", Result: Equal, Method: Both, Rows: int64(len(spec.Blobs) + len(spec.NoBlobs))}
	differs := func(oid uint32, text string) {
		if proof.Count++; proof.Count <= mostNamed {
			report.Note(unit.VerifyDiffers, Difference{Entity: fmt.Sprint("large object ", oid), What: "large object", Text: text})
		}
		proof.Result = Differs
	}
	for _, oid := range spec.NoBlobs {
		differs(oid, "missing at "+spec.To)
	}
	for _, oid := range spec.MoreBlobs {
		differs(oid, "only at "+spec.To)
	}
	for i, oid := range spec.Blobs {
		left, err := s.blob(ctx, spec.From, oid)
		if err != nil {
			return unreadable(proof, spec.From, err)
		}
		right, err := s.blob(ctx, spec.To, oid)
		if err != nil {
			return unreadable(proof, spec.To, err)
		}
		if left != right {
			differs(oid, "its content is not the same")
		}
		report.Progress(unit.Progress{Done: int64(i + 1), Total: int64(len(spec.Blobs)), Doing: "verify"})
	}
	return proof, nil
}

// blob is the hash and the size of a large object's content.
func (s *sides) blob(ctx context.Context, name string, oid uint32) (string, error) {
	r, err := s.reader(ctx, name)
	if err != nil {
		return "", err
	}
	h := sha256.New()
	n, err := r.Blob(ctx, oid, h)
	if err != nil {
		r.Close()
		delete(s.readers, name)
		return "", fault.Wrap(err, "%s", name)
	}
	return fmt.Sprintf("%d %x", n, h.Sum(nil)), nil
}

package bulk

import (
	"context"
	"fmt"
	"slices"

	"godwit/internal/catalog"
	"godwit/internal/connector"
	"godwit/internal/fault"
)

// same refuses a source that holds other objects at this snapshot than when
// the plan was made: rows may have moved into a table that nobody copies.
func (s *Source) same(ctx context.Context, reader connector.Reader, snapshot, name string) error {
	if s == nil || s.Snapshot == snapshot {
		return nil
	}
	sel, err := catalog.ParseSelection(s.Include, s.Exclude)
	if err != nil {
		return err
	}
	for i, p := range sel.Include {
		sel.Include[i] = p.Lenient()
	}
	db, err := reader.Inspect(ctx, sel)
	if err != nil {
		return fault.Wrap(err, "look at %s again", name)
	}
	var tables []catalog.Name
	for _, t := range db.Tables {
		tables = append(tables, t.Name)
	}
	e := fault.New(fault.Data, "source.redefined", "%s holds other objects than when the copy was planned", name).
		Hint("plan anew: godwit cancel, then the same command with --new and --existing replace")
	found := tell(e, "table", s.Tables, tables)
	found = tell(e, "sequence", s.Sequences, db.Sequences) || found
	found = tell(e, "large object", s.Blobs, db.Blobs) || found
	if !found {
		return nil
	}
	return e
}

const namedAtMost = 5

// tell names what came and what went, and reports whether anything did.
func tell[T comparable](e *fault.Error, what string, before, now []T) bool {
	came := without(now, before)
	went := without(before, now)
	for i, n := range slices.Concat(came, went) {
		label := "new " + what
		if i >= len(came) {
			label = "gone " + what
		}
		if i < namedAtMost {
			e.With(label, "%v", fmt.Sprint(n))
		}
	}
	return len(came)+len(went) > 0
}

func without[T comparable](list, other []T) []T {
	known := make(map[T]bool, len(other))
	for _, o := range other {
		known[o] = true
	}
	return slices.DeleteFunc(slices.Clone(list), func(n T) bool { return known[n] })
}

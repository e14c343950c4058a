package call

import (
	"context"
	"slices"

	"godwit/internal/record"
	"godwit/internal/unit/calls"
)

// opFor is what a call is made for. One that adopts, and of which nothing is known, is
// made as for a record that is new, also when another call has found something of it.
func (s *turn) opFor(c *calls.Compiled) record.Op {
	if c.Adopts() && s.op == record.Update && s.t.Standing.Hash == 0 && s.sent(c.Name, "") == nil && s.t.Kept[c.Name] == nil {
		return record.Create
	}
	return s.op
}

// adopted reports whether something of a record was found, not made: that stands with a
// content that nobody knows, until the record comes to its end.
func (t *task) adopted() bool {
	return slices.ContainsFunc(t.Calls, func(s calls.Sent) bool { return s.Answered && s.Hash == 0 })
}

// adopt looks whether there is already what a request is about to make, which the ledger
// would not know if it was lost, or is an older one. What it finds is the record's, with
// a content that nobody knows: from there on it is changed.
func (s *turn) adopt(ctx context.Context, c *calls.Compiled, element string, kept record.Object) (found bool, e *end) {
	if !c.Adopts() || s.t.deleted || s.docs["op"] != string(record.Create) || s.sent(c.Name, element) != nil {
		return false, nil
	}
	found, e = s.find(ctx, c, calls.Sent{Key: s.t.Key, Call: c.Name, Element: element}, kept)
	if found && c.Each == "" {
		s.op = record.Update
	}
	return found, e
}

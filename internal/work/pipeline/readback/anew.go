package readback

import (
	"context"
	"maps"

	"godwit/internal/connector"
	"godwit/internal/fault"
	"godwit/internal/record"
	"godwit/internal/unit/calls"
	"godwit/internal/unit/request"
)

// anew is what has to be known of a record so that its next delivery mends what
// differs; nil: nothing does, or it was never delivered, and will be in any case.
func (r *comparing) anew(s calls.Standing) *calls.Anew {
	if s.Hash == 0 {
		return nil
	}
	a := &calls.Anew{Key: r.key, Hash: s.Hash, Kept: maps.Clone(s.Kept)}
	if a.Kept == nil {
		a.Kept = record.Kept{}
	}
	differs := false
	for _, u := range r.unlike {
		switch {
		case u.What == connector.RowExtra || u.Refusal != nil: // nothing that a delivery would mend
			continue
		case u.What == connector.RowMissing && u.Into == 0 && r.c.program.Read != nil:
			a.Kept, a.Doubt = nil, r.makes(s.Hash)
			return a
		case len(u.Key) == 2: // an element: as if it had never been sent
			made := r.c.call(u.Into)
			name := made.Name + record.Elements
			elements := maps.Clone(a.Kept[name])
			delete(elements, *u.Key[1])
			if made.InDoubt.Does() == request.Keyed {
				a.Doubt = append(a.Doubt, calls.Sent{Key: r.key, Call: made.Name, Element: *u.Key[1], Hash: s.Hash})
			}
			a.Kept[name] = elements
		}
		differs = true
	}
	if !differs {
		return nil
	}
	return a
}

// makes are the calls that would make the object again and know how to ask whether it
// is there after all, or the system knows them by a key, of what was delivered: what is
// not seen at the moment is not made twice.
func (r *comparing) makes(hash uint64) (list []calls.Sent) {
	for _, c := range r.c.program.Calls {
		switch {
		case c.Each != "" || c.Method() != "POST":
		case c.LookUp() != nil:
			list = append(list, calls.Sent{Key: r.key, Call: c.Name})
		case c.InDoubt.Does() == request.Keyed:
			list = append(list, calls.Sent{Key: r.key, Call: c.Name, Hash: hash})
		}
	}
	return list
}

// call is the one whose things stand at a place of Into.
func (c *Comparison) call(into int) *calls.Compiled {
	if c.program.Read != nil {
		into--
	}
	for _, one := range c.program.Calls {
		if one.Reading == nil {
			continue
		}
		if into == 0 {
			return one
		}
		into--
	}
	return nil
}

// Repair has the next delivery of what differs mend it, and gives of how many records.
func (c *Comparison) Repair(ctx context.Context) (int, error) {
	if len(c.anew) == 0 {
		return 0, nil
	}
	err := c.book.Anew(ctx, calls.Claimant{}, c.d.Place, c.anew)
	return len(c.anew), fault.Wrap(err, "note what is to be delivered again")
}

package call

import (
	"context"
	"errors"
	"io"

	"godwit/internal/fault"
	"godwit/internal/unit/calls"
)

// source is where the records come from, and which of them are in memory.
type source struct {
	items   calls.Items
	seq     int64               // of the next item
	held    *calls.Item         // was read, and its group has no room
	keys    map[string]*sameKey // of those in memory, or not settled yet
	memory  map[int64]bool      // numbers of those in memory
	full    map[name]bool       // groups of which some were left for another pass
	left    map[string]bool     // keys of those, where one may come in another group
	patient bool                // this is that pass: it waits for room
	cramped bool                // held waits for space that other units have
	over    bool
}

// sameKey is which records of a key are in memory, and how it stands since one of
// them was finished: until that is settled, the ledger does not tell a unit.
type sameKey struct {
	line []*task // in memory, in the order of the source: of two groups, say
	now  *calls.Standing
	open bool // one was finished and is not settled
}

func (d *delivering) reopen(ctx context.Context) (err error) {
	if d.source.items != nil {
		if err := d.source.items.Close(); err != nil {
			return err
		}
	}
	d.source.seq, d.source.full, d.source.left = 0, map[name]bool{}, map[string]bool{}
	d.source.items, err = d.items(ctx)
	return fault.Wrap(err, "open the spool")
}

// fill reads records into memory as long as there is room. What a group has no room
// for is left for a second pass, which waits for it: a long group keeps no other
// out, and is not read once for each part of it.
func (d *delivering) fill(ctx context.Context) error {
	d.source.cramped = false
	for !d.source.over && d.order.items < window && d.order.bytes < windowOf {
		var page []*calls.Item
		var keys []string
		waits, size := false, d.order.bytes
		for !waits && len(page) < readMost && (size < windowOf || len(page) == 0) {
			i, err := d.read(ctx)
			if errors.Is(err, io.EOF) {
				break
			}
			if err != nil {
				d.space.giveAll(page)
				return err
			}
			of := nameOf(i)
			switch full := d.order.held(i)+count(page, of) >= groupMost || d.source.left[i.Key]; {
			case !full && !d.space.take(i.Size):
				d.source.held, d.source.cramped, waits = i, true, true
			case full && d.source.patient:
				d.source.held, waits = i, true
			case full:
				d.leaveOut(i)
			default:
				if page, size = append(page, i), size+i.Size; !i.Gap {
					keys = append(keys, i.Key)
				}
				d.source.memory[i.Seq] = true // the next pass may begin before the page ends
			}
		}
		if len(page) == 0 {
			return nil
		}
		standing, err := d.book.Standing(ctx, d.notes.by, d.spec.Place, keys)
		if err != nil {
			d.space.giveAll(page)
			return fault.Wrap(err, "look up how %d records stand", len(keys))
		}
		for _, i := range page {
			d.enter(&task{Item: i, Standing: standing[i.Key], since: d.began})
		}
		if waits {
			return nil
		}
	}
	return nil
}

// leaveOut leaves a record for another pass, with what comes behind it in its group, or of
// its key in others.
func (d *delivering) leaveOut(i *calls.Item) {
	d.source.full[nameOf(i)] = true
	if d.spec.Twice && !i.Gap {
		d.source.left[i.Key] = true
	}
}

// enter takes a record in.
func (d *delivering) enter(t *task) {
	if !t.Gap {
		if d.source.keys[t.Key] == nil {
			d.source.keys[t.Key] = &sameKey{}
		}
		k := d.source.keys[t.Key]
		k.line = append(k.line, t)
	}
	d.order.add(t)
}

// count is how many of some records are of a group.
func count(page []*calls.Item, of name) (n int) {
	for _, i := range page {
		if nameOf(i) == of {
			n++
		}
	}
	return n
}

// read gives the next record without an outcome that is not in memory.
func (d *delivering) read(ctx context.Context) (*calls.Item, error) {
	s := &d.source
	if i := s.held; i != nil {
		s.held = nil
		return i, nil
	}
	for {
		text, err := s.items.Next()
		if errors.Is(err, io.EOF) {
			if s.over = len(s.full) == 0; s.over {
				return nil, io.EOF
			}
			s.patient = true
			if err := d.reopen(ctx); err != nil {
				return nil, err
			}
			continue
		}
		if err != nil {
			return nil, err
		}
		seq := s.seq
		s.seq++
		if s.memory[seq] || d.position.has(seq) {
			continue
		}
		i, err := calls.DecodeItem(text)
		if err != nil {
			return nil, fault.New(fault.Data, "spool.damaged", "record %d of %s in the spool cannot be read: %w", seq, d.unit.ID, err)
		}
		i.Seq = seq
		if !s.full[nameOf(i)] { // its group goes on in the next pass, in its order
			return i, nil
		}
		d.leaveOut(i)
	}
}

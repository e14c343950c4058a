package call

import (
	"context"
	"encoding/binary"
	"errors"
	"io"
	"slices"

	"godwit/internal/fault"
	"godwit/internal/record/seen"
	"godwit/internal/unit/calls"
)

// sharing are partitions that have keys in common, which come in several groups: they are
// delivered by one unit, so that requests of one key never meet. By partition the least
// of those that it shares some with, itself when with none; twice has those of such keys.
type sharing struct {
	least [calls.Partitions]int
	twice [calls.Partitions]bool
}

// shared finds out which those are.
func (x *around) shared(ctx context.Context, spec calls.Delivery) (s sharing, err error) {
	for part := range s.least {
		s.least[part] = part
	}
	items, err := x.book.Items(ctx, spec.Sources, []int{calls.Twins})
	if err != nil {
		return s, fault.Wrap(err, "open the spool")
	}
	defer items.Close()
	index := seen.NewIndex()
	defer index.Close()
	for {
		text, err := items.Next()
		if errors.Is(err, io.EOF) {
			return s, nil
		}
		if err != nil {
			return s, err
		}
		err = calls.EachTwin(text, func(t calls.Twin) error {
			was, known, err := index.First(digest(t.Key), digest(t.Group))
			if group := binary.BigEndian.Uint64(was[:]); known && group != t.Group {
				s.join(calls.Twin{Group: group}.Part(), t.Part())
			}
			return err
		})
		if err != nil {
			return s, err
		}
	}
}

func digest(n uint64) (d seen.Digest) {
	binary.BigEndian.PutUint64(d[:], n)
	return d
}

func (s *sharing) join(a, b int) {
	s.twice[a], s.twice[b] = true, true
	from, to := max(s.least[a], s.least[b]), min(s.least[a], s.least[b])
	for part, least := range s.least {
		if least == from {
			s.least[part] = to
		}
	}
}

// sets are partitions with how many items each has, those together that share keys.
func (s *sharing) sets(counts map[int]int64) (parts [][]int) {
	at := map[int]int{}
	for _, part := range sorted(counts) {
		least := s.least[part]
		i, is := at[least]
		if !is {
			i, parts = len(parts), append(parts, nil)
			at[least] = i
		}
		parts[i] = append(parts[i], part)
	}
	return parts
}

func sorted(counts map[int]int64) (parts []int) {
	for part := range counts {
		parts = append(parts, part)
	}
	slices.Sort(parts)
	return parts
}

// together gives the items of partitions in the order of the source. Each has its own in
// that order.
type together []*lane

// lane is a partition with its next item.
type lane struct {
	calls.Items
	text []byte // nil: it is to be read
	turn int64
}

// items opens the items of a unit.
func (d *delivering) items(ctx context.Context) (calls.Items, error) {
	if !d.spec.Twice {
		return d.book.Items(ctx, d.spec.Sources, d.spec.Parts)
	}
	t := &together{}
	for _, part := range d.spec.Parts {
		items, err := d.book.Items(ctx, d.spec.Sources, []int{part})
		if err != nil {
			return nil, errors.Join(err, t.Close())
		}
		*t = append(*t, &lane{Items: items})
	}
	return t, nil
}

// Next is calls.Items'.
func (t *together) Next() ([]byte, error) {
	var first *lane
	for i := 0; i < len(*t); {
		l := (*t)[i]
		switch err := l.read(); {
		case errors.Is(err, io.EOF):
			*t = slices.Delete(*t, i, i+1)
			if err := l.Close(); err != nil {
				return nil, err
			}
			continue
		case err != nil:
			return nil, err
		case first == nil || l.turn < first.turn:
			first = l
		}
		i++
	}
	if first == nil {
		return nil, io.EOF
	}
	text := first.text
	first.text = nil
	return text, nil
}

// read has the next item there.
func (l *lane) read() error {
	if l.text != nil {
		return nil
	}
	text, err := l.Items.Next()
	if err != nil {
		return err
	}
	item, err := calls.DecodeItem(text)
	if err != nil {
		return fault.New(fault.Data, "spool.damaged", "a record in the spool cannot be read: %w", err)
	}
	l.text, l.turn = text, item.Turn
	return nil
}

// Close is calls.Items'.
func (t *together) Close() (err error) {
	for _, l := range *t {
		err = errors.Join(err, l.Close())
	}
	return err
}

package produce

import (
	"cmp"
	"context"
	"slices"
	"strconv"
	"strings"

	"godwit/internal/connector"
	"godwit/internal/expression/path"
	"godwit/internal/fault"
	"godwit/internal/record"
	"godwit/internal/unit/calls"
)

// turnsOf is how many records have a turn in one unit: the units of a step read one
// range of the key behind the other.
const turnsOf = 1 << 44

// InOrder has a reader give records with their turn, and their group where they have one. Read is how many the unit
// has read before. Those of exceptions keep the turn that they had.
func (s *Spec) InOrder(r connector.RecordReader, unit string, read int64) (connector.RecordReader, error) {
	group, err := s.group()
	if err != nil {
		return r, err
	}
	n, err := strconv.ParseInt(unit[strings.LastIndexByte(unit, '/')+1:], 10, 64)
	if err != nil {
		return r, fault.New(fault.Internal, "unit.spec", "%s has no number", unit)
	}
	return &ordered{RecordReader: r, schema: s.Schema, group: group, turn: n*turnsOf + read}, nil
}

type ordered struct {
	connector.RecordReader
	schema *record.Schema
	group  path.Path // nil without groups
	turn   int64     // of the last one
}

// Next is the connector.RecordReader's.
func (o *ordered) Next(ctx context.Context) (*record.Page, error) {
	page, err := o.RecordReader.Next(ctx)
	if err != nil {
		return nil, err
	}
	for i := range page.Records {
		r := &page.Records[i]
		if o.turn++; r.Exception == 0 {
			r.Turn = o.turn
		}
		if o.group == nil {
			continue
		}
		slots := r.AsRead()
		if len(slots) != len(o.schema.Fields) { // of one that is redriven and cannot be read its exception knows
			continue
		}
		was := r.Group
		if r.Group = ""; value(o.schema, slots, o.group) != nil {
			r.Group = record.KeyText(value(o.schema, slots, o.group))
		}
		if r.Group != was { // somebody has put it right: nobody of the new one is known to be ahead
			r.Ahead = record.Ahead{}
		}
	}
	return page, nil
}

// spooled is an item with its turn.
type spooled struct {
	calls.Spooled
	turn int64
}

// gap notes that a record of a group is missing, or is not to be delivered yet; of one
// that waits for others, for which.
func (c *chunk) gap(key string, o record.Order, exception int64, waits []record.Reference) error {
	if o.Group == "" || c.of.spec.Groups == calls.Skip {
		return nil
	}
	t := &calls.Texts{Gap: true, Key: key, Group: o.Group, Turn: o.Turn, Exception: exception}
	if len(waits) > 0 {
		var own []string
		for _, ref := range waits {
			if ref.Entity == c.of.spec.Entity {
				own = append(own, ref.Key)
			}
		}
		if err := t.Await(own); err != nil {
			return fault.New(fault.Internal, "record.state", "spool what %s/%s waits for: %w", c.of.spec.Entity, key, err)
		}
	}
	c.put(t)
	return nil
}

// behind notes that a redrive leaves out what comes before a record in its group. Where
// a group is not blocked others have gone before the one that was refused.
func (c *chunk) behind(o record.Order) error {
	if o.Ahead.ID == 0 || c.of.spec.Groups != calls.Block {
		return nil
	}
	return c.gap(o.Ahead.Key, o, o.Ahead.ID, nil)
}

// put adds an item to those of the page.
func (c *chunk) put(i *calls.Texts) {
	text := i.Append(make([]byte, 0, len(i.Record)+len(i.Doc)+len(i.Source)+len(i.Key)+len(i.Group)+64))
	twin := calls.TwinOf(i)
	if c.of.spec.Group != "" && !i.Gap {
		c.twins = twin.Append(c.twins)
	}
	c.page = append(c.page, spooled{calls.Spooled{Part: twin.Part(), Text: text}, i.Turn})
	c.count, c.bytes, c.held = c.count+1, c.bytes+len(text), c.held+len(text)
}

// End takes in what became of a page: of what was rejected, or waits, a gap stays. It puts the
// page in the order of the source, whichever of its records was decided first.
func (c *chunk) End(page []record.Mapped) error {
	c.see(page)
	for i := range page {
		m := &page[i]
		if m.Record.Older || !m.Reject && len(m.Waits) == 0 {
			continue
		}
		if err := c.gap(m.Record.Key, m.Record.Order, m.Record.Exception, m.Waits); err != nil {
			return err
		}
	}
	slices.SortStableFunc(c.page, func(a, b spooled) int { return cmp.Compare(a.turn, b.turn) })
	for _, s := range c.page {
		c.items = append(c.items, s.Spooled)
	}
	clear(c.page)
	if c.page = c.page[:0]; c.held < mostBytes {
		return nil
	}
	return c.add()
}

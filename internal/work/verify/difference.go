package verify

import (
	"cmp"
	"context"
	"fmt"
	"strings"

	"godwit/internal/connector"
	"godwit/internal/fault"
	"godwit/internal/unit"
)

const (
	mostNamed  = 100    // differences named per table
	rowsAtOnce = 50_000 // of one side that are held to be compared
)

// differences narrows a table's difference down: buckets first, then the rows
// of those that differ, by key or, without one, as multisets.
// Several buckets are read in one pass over the table, as many as memory holds.
// Once enough differences are named the rest is counted by the buckets' rows.
func (s *sides) differences(ctx context.Context, p Pair, rows int64, report unit.Report) (found, error) {
	left, err := s.reader(ctx, s.from)
	if err != nil {
		return found{}, err
	}
	right, err := s.reader(ctx, s.to)
	if err != nil {
		return found{}, err
	}
	part := connector.Part{Table: p.Name, Columns: p.Left.Columns, Key: p.Key, Of: max(64, connector.Divide(rows))}
	lb, err := left.Buckets(ctx, part)
	if err != nil {
		return found{}, fault.Wrap(err, "compare at %s", s.from)
	}
	rb, err := right.Buckets(ctx, part)
	if err != nil {
		return found{}, fault.Wrap(err, "compare at %s", s.to)
	}
	c := comparison{pair: p, left: s.from, right: s.to, report: report}
	held := map[int]int64{}
	for _, b := range lb {
		held[b.N] = b.Rows
	}
	for _, some := range batches(connector.Unequal(lb, rb), lb, rb) {
		if c.named >= mostNamed {
			c.found.rest += len(some)
			for _, n := range some {
				c.found.dark += held[n]
			}
			continue
		}
		if err := c.buckets(ctx, left, right, part, some); err != nil {
			return c.found, err
		}
	}
	if c.found.rows == 0 {
		// The sums differ and the servers' own hashes do not: the source
		// changed since it was summed, or the difference lies in what text
		// does not show. Never called equal.
		c.tell(Difference{What: "sum", Text: "the sums differ, no row does: the source is not as it was when it was summed"})
		c.found.rows, c.found.dark = 1, max(0, rows-1)
	}
	return c.found, nil
}

// batches groups buckets so that one side's rows of a group stay in bounds; a
// bucket that is larger by itself is a group.
func batches(differ []int, left, right []connector.Bucket) [][]int {
	rows := map[int]int64{}
	for _, b := range left {
		rows[b.N] = b.Rows
	}
	for _, b := range right {
		rows[b.N] = max(rows[b.N], b.Rows)
	}
	var groups [][]int
	var held int64
	for _, n := range differ {
		if len(groups) == 0 || held+rows[n] > rowsAtOnce {
			groups, held = append(groups, nil), 0
		}
		groups[len(groups)-1] = append(groups[len(groups)-1], n)
		held += rows[n]
	}
	return groups
}

// comparison names differences of one table, some buckets at a time: memory
// holds their rows of one side.
type comparison struct {
	pair        Pair
	left, right string
	report      unit.Report
	found       found
	named       int
}

// found counts rows that differ.
type found struct {
	rows  int   // on either side
	extra int   // of them, rows that only the target has
	rest  int   // buckets that differ and were not looked into
	dark  int64 // rows of the source in those
}

func (c *comparison) tell(d Difference) {
	c.named++
	if c.named <= mostNamed {
		d.Entity = c.pair.Name.String()
		c.report.Note(unit.VerifyDiffers, d)
	}
}

func (c *comparison) buckets(ctx context.Context, left, right connector.Reader, part connector.Part, some []int) error {
	have := map[string][]connector.Row{}
	var order []string
	for row, err := range left.Rows(ctx, part, some) {
		if err != nil {
			return fault.Wrap(err, "read rows at %s", c.left)
		}
		id := identity(row, part)
		if _, ok := have[id]; !ok {
			order = append(order, id)
		}
		have[id] = append(have[id], row)
	}
	extra := map[string][]connector.Row{}
	var others []string
	for row, err := range right.Rows(ctx, part, some) {
		if err != nil {
			return fault.Wrap(err, "read rows at %s", c.right)
		}
		id := identity(row, part)
		if rest := have[id]; len(rest) > 0 {
			have[id] = rest[1:]
			c.columns(rest[0], row, part)
			continue
		}
		if _, ok := extra[id]; !ok {
			others = append(others, id)
		}
		extra[id] = append(extra[id], row)
	}
	for _, id := range order {
		c.alone("missing", "not at "+c.right, have[id], part)
	}
	for _, id := range others {
		c.found.extra += len(extra[id])
		c.alone("extra", "only at "+c.right, extra[id], part)
	}
	return nil
}

// alone tells rows that one side lacks. They are the same as far as can be
// told: one by its key, those without a key by all they hold.
func (c *comparison) alone(what, text string, rows []connector.Row, part connector.Part) {
	if len(rows) == 0 {
		return
	}
	c.found.rows += len(rows)
	if len(part.Key) == 0 {
		text = fmt.Sprintf("%s, %d of the row with %s", text, len(rows), lengths(rows[0], part))
	}
	c.tell(Difference{What: what, Key: shown(rows[0], part), Text: text})
}

// columns compares two rows of the same key.
func (c *comparison) columns(l, r connector.Row, part connector.Part) {
	differs := false
	for i, name := range part.Columns {
		a, b := l.Values[i], r.Values[i]
		if same(a, b) {
			continue
		}
		d := Difference{What: "changed", Key: shown(l, part), Column: name, Left: describe(a), Right: describe(b)}
		if d.Left == d.Right {
			d.Right = "another " + d.Right
		}
		d.Text = fmt.Sprintf("%s is %s at %s, %s at %s", name, d.Left, c.left, d.Right, c.right)
		differs = true
		c.tell(d)
	}
	if differs {
		c.found.rows++
	}
}

func same(a, b *string) bool { return a == b || a != nil && b != nil && *a == *b }

// describe tells a value without giving it away.
func describe(v *string) string {
	if v == nil {
		return "NULL"
	}
	return fmt.Sprintf("text of %d bytes", len(*v))
}

// lengths describes a row that has no key.
func lengths(r connector.Row, part connector.Part) string {
	const few = 4
	var list []string
	for i, name := range part.Columns {
		if i == few {
			return fmt.Sprintf("%s and %d columns more", strings.Join(list, ", "), len(part.Columns)-few)
		}
		list = append(list, name+": "+describe(r.Values[i]))
	}
	return strings.Join(list, ", ")
}

// identity tells rows apart: by key, else by all they hold.
func identity(r connector.Row, part connector.Part) string {
	values := r.Key
	if len(part.Key) == 0 {
		values = r.Values
	}
	var b strings.Builder
	for _, v := range values {
		if v == nil {
			b.WriteString("-,")
			continue
		}
		fmt.Fprintf(&b, "%d:%s,", len(*v), *v)
	}
	return b.String()
}

// shown is a row's key as people see it; without a key there is none.
func shown(r connector.Row, part connector.Part) []string {
	if len(part.Key) == 0 {
		return nil
	}
	key := make([]string, 0, len(part.Key))
	for i, name := range part.Key {
		v := "NULL"
		if r.Key[i] != nil {
			v = *r.Key[i]
		}
		key = append(key, name+"="+v)
	}
	return key
}

// verdict adds up a unit's proofs.
type verdict struct {
	counts struct {
		Equal       int `json:"equal"`
		Differs     int `json:"differs"`
		NotVerified int `json:"notVerified"`
	}
	differs, unread string // the first of each
}

func (v *verdict) add(p Proof) {
	first := p.Entity
	if p.Why != "" {
		first += ": " + p.Why
	}
	switch {
	case p.Result == LeftAlone, p.Held > 0: // told, and no failure
	case p.Result == Equal:
		v.counts.Equal++
	case p.Result == Differs:
		v.counts.Differs++
		v.differs = cmp.Or(v.differs, first)
	default:
		v.counts.NotVerified++
		v.unread = cmp.Or(v.unread, first)
	}
}

func (v *verdict) err() error {
	switch {
	case v.counts.NotVerified > 0: // says more than a difference: nothing is known
		return fault.New(fault.Data, "verify.unreadable", "%d could not be verified, first %s", v.counts.NotVerified, v.unread)
	case v.counts.Differs > 0:
		return fault.New(fault.Data, "verify.differs", "%d differ, first %s", v.counts.Differs, v.differs)
	}
	return nil
}

package verify

import (
	"context"
	"fmt"
	"strings"

	"godwit/internal/connector"
	"godwit/internal/fault"
	"godwit/internal/unit"
)

// Difference is one thing that is not the same on both sides: the body of the
// event verify.difference. Values are not told: type and length stand for them.
type Difference struct {
	Entity string   `json:"entity"`
	What   string   `json:"what"` // missing, extra, changed, count, table, sequence, definition
	Key    []string `json:"key,omitempty"`
	Column string   `json:"column,omitempty"`
	Text   string   `json:"text"`
}

const (
	bucketRows = 500
	mostNamed  = 100 // differences named per table; all are counted
)

// differences narrows a table's difference down: buckets first, then the rows
// of those that differ, by key or, without one, as multisets.
func (s *sides) differences(ctx context.Context, p Pair, report unit.Report) (int, error) {
	left, err := s.reader(ctx, s.from)
	if err != nil {
		return 0, err
	}
	right, err := s.reader(ctx, s.to)
	if err != nil {
		return 0, err
	}
	part := connector.Part{Table: p.Name, Columns: p.Left.Columns, Key: p.Key, Of: 1024}
	lb, err := left.Buckets(ctx, part)
	if err != nil {
		return 0, fault.Wrap(err, "compare at %s", s.from)
	}
	rb, err := right.Buckets(ctx, part)
	if err != nil {
		return 0, fault.Wrap(err, "compare at %s", s.to)
	}
	c := comparison{pair: p, left: s.from, right: s.to, report: report}
	for _, n := range unequal(lb, rb) {
		if err := c.bucket(ctx, left, right, part, n); err != nil {
			return c.count, err
		}
	}
	if c.count == 0 {
		// The sums differ and the servers' own hashes do not: the source
		// changed since it was summed, or the difference lies in what text
		// does not show. Never called equal.
		c.tell(Difference{What: "sum", Text: "the sums differ, no row does: the source is not as it was when it was summed"})
	}
	return c.count, nil
}

func unequal(left, right []connector.Bucket) []int {
	other := map[int]connector.Bucket{}
	for _, b := range right {
		other[b.N] = b
	}
	var differ []int
	for _, b := range left {
		if other[b.N] != b {
			differ = append(differ, b.N)
		}
		delete(other, b.N)
	}
	for _, b := range right {
		if _, ok := other[b.N]; ok {
			differ = append(differ, b.N)
		}
	}
	return differ
}

// comparison names differences of one table, bucket by bucket: memory holds
// one bucket's rows of one side.
type comparison struct {
	pair        Pair
	left, right string
	report      unit.Report
	count       int
}

func (c *comparison) tell(d Difference) {
	c.count++
	if c.count <= mostNamed {
		d.Entity = c.pair.Name.String()
		c.report.Note(unit.VerifyDiffers, d)
	}
}

func (c *comparison) bucket(ctx context.Context, left, right connector.Reader, part connector.Part, n int) error {
	have := map[string][]connector.Row{}
	var order []string
	for row, err := range left.Rows(ctx, part, []int{n}) {
		if err != nil {
			return fault.Wrap(err, "read rows at %s", c.left)
		}
		id := identity(row, part)
		if _, ok := have[id]; !ok {
			order = append(order, id)
		}
		have[id] = append(have[id], row)
	}
	for row, err := range right.Rows(ctx, part, []int{n}) {
		if err != nil {
			return fault.Wrap(err, "read rows at %s", c.right)
		}
		id := identity(row, part)
		rest := have[id]
		if len(rest) == 0 {
			c.tell(Difference{What: "extra", Key: shown(row, part), Text: "only at " + c.right})
			continue
		}
		have[id] = rest[1:]
		c.columns(rest[0], row, part)
	}
	for _, id := range order {
		for _, row := range have[id] {
			c.tell(Difference{What: "missing", Key: shown(row, part), Text: "not at " + c.right})
		}
	}
	return nil
}

// columns compares two rows of the same key.
func (c *comparison) columns(l, r connector.Row, part connector.Part) {
	for i, name := range part.Columns {
		if !same(l.Values[i], r.Values[i]) {
			c.tell(Difference{What: "changed", Key: shown(l, part), Column: name,
				Text: fmt.Sprintf("%s at %s, %s at %s", describe(l.Values[i]), c.left, describe(r.Values[i]), c.right)})
		}
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
	unit   string
	counts struct {
		Equal       int `json:"equal"`
		Differs     int `json:"differs"`
		NotVerified int `json:"notVerified"`
	}
	first string
}

func (v *verdict) add(p Proof) {
	switch p.Result {
	case Equal:
		v.counts.Equal++
		return
	case Differs:
		v.counts.Differs++
	default:
		v.counts.NotVerified++
	}
	if v.first == "" {
		v.first = p.Entity
		if p.Why != "" {
			v.first += ": " + p.Why
		}
	}
}

func (v *verdict) err() error {
	switch {
	case v.counts.Differs > 0:
		return fault.New(fault.Data, "verify.differs", "%d differ, first %s", v.counts.Differs, v.first)
	case v.counts.NotVerified > 0:
		return fault.New(fault.Denied, "verify.unreadable", "%d could not be verified, first %s", v.counts.NotVerified, v.first)
	}
	return nil
}

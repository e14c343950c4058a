package postgres

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"

	"godwit/internal/catalog"
	"godwit/internal/connector"
	"godwit/internal/fault"

	"github.com/jackc/pgx/v5"
)

// Values is the connector.Reader's. Sequences have no versions: the values are
// those of now, or those of when the snapshot was inspected where these are
// further. One that was restarted since, with its table, is not to be behind
// the rows that the snapshot shows.
func (r *reader) Values(ctx context.Context, names []catalog.Name) ([]connector.SequenceValue, error) {
	now, err := r.s.values(ctx, names)
	if err != nil {
		return nil, err
	}
	noted := slices.Clone(now)
	r.sn.mu.Lock()
	for i, v := range now {
		if was, ok := r.sn.values[v.Name]; ok {
			noted[i] = was
		}
	}
	r.sn.mu.Unlock()
	if slices.Equal(now, noted) {
		return now, nil
	}
	return r.s.further(ctx, now, noted)
}

// noteValues notes those of sequences that were not yet. What may not be read,
// or is gone, is no matter here: who needs it meets that.
func (r *reader) noteValues(ctx context.Context, names []catalog.Name) error {
	sn := r.sn
	sn.mu.Lock()
	names = slices.DeleteFunc(slices.Clone(names), func(n catalog.Name) bool { _, ok := sn.values[n]; return ok })
	sn.mu.Unlock()
	if len(names) == 0 {
		return nil
	}
	if err := r.s.exec(ctx, "SAVEPOINT sequences"); err != nil {
		return err
	}
	all, err := r.s.values(ctx, names)
	if err != nil && !missing(err) && fault.KindOf(err) != fault.Denied {
		return err
	}
	r.s.broken = false
	if err := r.s.exec(ctx, "ROLLBACK TO sequences"); err != nil { // with the locks
		return err
	}
	sn.mu.Lock()
	defer sn.mu.Unlock()
	if sn.values == nil {
		sn.values = map[catalog.Name]connector.SequenceValue{}
	}
	for _, v := range all {
		sn.values[v.Name] = v
	}
	return nil
}

func (s *session) values(ctx context.Context, names []catalog.Name) ([]connector.SequenceValue, error) {
	const batch = 200
	all := make([]connector.SequenceValue, 0, len(names))
	for start := 0; start < len(names); start += batch {
		part := names[start:min(start+batch, len(names))]
		selects := make([]string, len(part))
		for i, n := range part {
			selects[i] = fmt.Sprintf("SELECT %d, last_value, is_called FROM %s", i, n.SQL())
		}
		type value struct {
			I      int
			Last   int64
			Called bool
		}
		values, err := list(ctx, s, pgx.RowToStructByPos[value], strings.Join(selects, " UNION ALL "))
		if err != nil {
			return nil, fault.Wrap(err, "read sequences")
		}
		for _, v := range values {
			all = append(all, connector.SequenceValue{Name: part[v.I], Last: v.Last, Called: v.Called})
		}
	}
	return all, nil
}

// Ahead is the connector.Transaction's.
func (l *load) Ahead(ctx context.Context, values []connector.SequenceValue) ([]connector.SequenceValue, error) {
	var names []catalog.Name
	for _, v := range values {
		names = append(names, v.Name)
	}
	there, err := l.s.values(ctx, names)
	if err != nil {
		return nil, err
	}
	return l.s.further(ctx, values, there)
}

// further gives of each sequence's values the one that is further in the
// direction that it counts in.
func (s *session) further(ctx context.Context, values, others []connector.SequenceValue) ([]connector.SequenceValue, error) {
	var texts []string
	other := map[catalog.Name]connector.SequenceValue{}
	for _, v := range others {
		other[v.Name] = v
	}
	for _, v := range values {
		texts = append(texts, v.Name.SQL())
	}
	// One that was made since is not in a snapshot's catalogue.
	steps, err := list(ctx, s, pgx.RowTo[int64], `
		SELECT coalesce(s.seqincrement, 1) FROM unnest($1::text[]) WITH ORDINALITY n(name, i)
		LEFT JOIN pg_sequence s ON s.seqrelid = n.name::regclass ORDER BY n.i`, texts)
	if err != nil || len(steps) != len(values) {
		return nil, fault.Wrap(cmp.Or(err, error(fault.New(fault.Internal, "sequence.count", "%d of %d were read", len(steps), len(values)))), "read sequences")
	}
	further := slices.Clone(values)
	for i, v := range values {
		o, ok := other[v.Name]
		ahead := cmp.Compare(o.Last, v.Last)
		if steps[i] < 0 {
			ahead = -ahead
		}
		if ok && (ahead > 0 || ahead == 0 && o.Called) {
			further[i] = o
		}
	}
	return further, nil
}

// SetSequences is the connector.Transaction's.
func (l *load) SetSequences(ctx context.Context, values []connector.SequenceValue) error {
	var names []string
	var last []int64
	var called []bool
	for _, v := range values {
		names, last, called = append(names, v.Name.SQL()), append(last, v.Last), append(called, v.Called)
	}
	set, err := one(ctx, l.s, pgx.RowTo[int], `
		SELECT count(setval(name::regclass, last, called))
		FROM unnest($1::text[], $2::int8[], $3::bool[]) AS n(name, last, called)`, names, last, called)
	if err == nil && set != len(values) {
		err = fault.New(fault.Internal, "sequence.count", "%d of %d were set", set, len(values))
	}
	return fault.Wrap(err, "set sequences")
}

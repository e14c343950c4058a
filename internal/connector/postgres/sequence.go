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
// those of now, not of the snapshot.
func (r *reader) Values(ctx context.Context, names []catalog.Name) ([]connector.SequenceValue, error) {
	return r.s.values(ctx, names)
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
	var texts []string
	for _, v := range values {
		names, texts = append(names, v.Name), append(texts, v.Name.SQL())
	}
	all, err := l.s.values(ctx, names)
	if err != nil {
		return nil, err
	}
	there := map[catalog.Name]connector.SequenceValue{}
	for _, v := range all {
		there[v.Name] = v
	}
	steps, err := list(ctx, l.s, pgx.RowTo[int64], `
		SELECT s.seqincrement FROM unnest($1::text[]) WITH ORDINALITY n(name, i) JOIN pg_sequence s ON s.seqrelid = n.name::regclass ORDER BY n.i`, texts)
	if err != nil || len(steps) != len(values) {
		return nil, fault.Wrap(cmp.Or(err, error(fault.New(fault.Internal, "sequence.count", "%d of %d were read", len(steps), len(values)))), "read sequences")
	}
	further := slices.Clone(values)
	for i, v := range values {
		now := there[v.Name]
		ahead := cmp.Compare(now.Last, v.Last)
		if steps[i] < 0 {
			ahead = -ahead
		}
		if ahead > 0 || ahead == 0 && now.Called {
			further[i] = now
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

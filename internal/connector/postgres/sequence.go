package postgres

import (
	"context"
	"fmt"
	"strings"

	"godwit/internal/catalog"
	"godwit/internal/connector"
	"godwit/internal/fault"

	"github.com/jackc/pgx/v5"
)

// Values is the connector.Reader's. Sequences have no versions: the values are
// those of now, not of the snapshot.
func (r *reader) Values(ctx context.Context, names []catalog.Name) ([]connector.SequenceValue, error) {
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
		values, err := list(ctx, r.s, pgx.RowToStructByPos[value], strings.Join(selects, " UNION ALL "))
		if err != nil {
			return nil, fault.Wrap(err, "read sequences")
		}
		for _, v := range values {
			all = append(all, connector.SequenceValue{Name: part[v.I], Last: v.Last, Called: v.Called})
		}
	}
	return all, nil
}

// SetSequences is the connector.Load's.
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

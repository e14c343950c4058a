package parents

import (
	"context"
	"slices"
	"strings"

	"godwit/internal/catalog"
	"godwit/internal/connector"
	"godwit/internal/fault"
	"godwit/internal/record"

	"github.com/zeebo/xxh3"
)

// Remember says what is remembered of records beyond the run, when maps of the
// project refer to their entity.
type Remember struct {
	Place record.Place `json:"place"`
	Keys  []string     `json:"keys"`            // columns of the first table that its rows are known by
	Slots []int        `json:"slots,omitempty"` // of the record's own row
	Back  bool         `json:"back,omitempty"`  // the target fills some of them: they are read back
}

// Plan finds what rows of a table are known by: its key, as the map fills it or, in
// a merge, which knows rows by another key, as the target does. Keyed says that
// records have keys.
func Plan(at record.Place, table catalog.TargetTable, into catalog.Into, mode string, keyed bool) (*Remember, error) {
	bad := func(format string, args ...any) *fault.Error {
		return fault.New(fault.Config, "ref.key", "maps refer to records of "+at.Entity+", "+format, args...)
	}
	if !keyed {
		return nil, bad("and nothing tells these apart").Hint("key: [PATH] in the load names what does")
	}
	m := &Remember{Place: at, Keys: into.Key}
	if len(table.Key) > 0 {
		m.Keys = table.Key
	}
	if len(m.Keys) == 0 {
		return nil, bad("and table %s has no key that its rows could be known by", into.Table).Hint("the table needs a primary key")
	}
	for _, name := range m.Keys {
		slot := slices.Index(into.Columns, name)
		if slot < 0 && mode == connector.ModeMerge {
			m.Back, m.Slots = true, nil
			return m, nil
		}
		if slot < 0 {
			return nil, bad("and column %s of %s, which its rows are known by, is filled by the target itself", name, into.Table).
				Hint("mode: merge with a key of columns that fields fill reads it back; else a field has to fill it")
		}
		m.Slots = append(m.Slots, slot)
	}
	return m, nil
}

// Waiting remembers which records wait for others, and nothing else: of those that
// are given to calls who makes them knows more.
func Waiting(at record.Place) *Remember { return &Remember{Place: at} }

// At is the place, nil when nothing is remembered.
func (r *Remember) At() *record.Place {
	if r == nil {
		return nil
	}
	return &r.Place
}

// Read reads back what the target has filled of records just written; nil when that
// is not wanted.
func (r *Remember) Read(ctx context.Context, load connector.RecordLoad, into catalog.Into, page []record.Mapped) ([][]any, error) {
	if r == nil || !r.Back || len(page) == 0 {
		return nil, nil
	}
	reader, ok := load.(connector.RowReader)
	if !ok {
		return nil, fault.New(fault.Config, "ref.key", "maps refer to records of %s, and %s cannot tell the keys that it makes for them", r.Place.Entity, r.Place.At).
			Hint("fields that fill the columns %s", strings.Join(r.Keys, ", "))
	}
	rows, err := reader.ReadRows(ctx, into, r.Keys, page)
	return rows, fault.Wrap(err, "read the keys of %s back", r.Place.Entity)
}

// values are what the record's row is known by; nil when it is not known.
func (r *Remember) values(rows []record.Row, back []any) []any {
	if r.Back {
		return back
	}
	all := make([]any, len(r.Slots))
	for i, slot := range r.Slots {
		all[i] = rows[0].Slots[slot]
	}
	return all
}

// Note adds how a record stands with an outcome at the target, which counts for
// those only that were given to it; back is what was read back of it.
func (r *Remember) Note(s *record.States, m record.Mapped, became record.Outcome, back []any) error {
	if m.Record.Key == "" || len(r.Keys) == 0 && len(m.Waits) == 0 {
		return nil
	}
	one := record.State{Key: m.Record.Key, Outcome: became}
	switch {
	case m.Filtered != "":
		one.Outcome = record.Filtered
	case len(m.Waits) > 0:
		one.Outcome = record.Pending
	case m.Reject:
		one.Outcome = record.Rejected
	case became != record.Dead:
		if err := r.row(&one, m.Rows, back); err != nil {
			return fault.New(fault.Internal, "record.state", "%s/%s: %w", r.Place.Entity, m.Record.Key, err)
		}
	}
	s.List = append(s.List, one)
	return nil
}

// row says what is kept of a record's rows, and what they are.
func (r *Remember) row(s *record.State, rows []record.Row, back []any) error {
	all := make([]any, len(rows))
	for i := range rows {
		all[i] = rows[i].Slots
	}
	text, err := record.EncodeValue(all)
	if err != nil {
		return err
	}
	s.Hash = max(1, xxh3.Hash(text)) // 0 is none
	values := record.Object{}
	for i, v := range r.values(rows, back) {
		values[r.Keys[i]] = v
	}
	if len(values) == 0 {
		return nil
	}
	s.Kept, err = record.Kept{record.CallRow: values}.Bytes()
	return err
}

// Know notes a record that was written, for those that refer to it.
func (r *Remember) Know(k *Known, m *record.Mapped, back []any) {
	if v := r.values(m.Rows, back); len(v) == 1 {
		k.Add(r.Place.Entity, m.Record.Key, v[0])
	}
}

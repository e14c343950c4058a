package exception

import (
	"context"
	"slices"

	"godwit/internal/ledger/store"
	"godwit/internal/record"
)

// holds says of an open exception e that those behind it in its group wait for it: not
// for one of which all that kept it out was accepted, nor for one that a redrive does not
// write any more.
const holds = ` e.closed = '' AND NOT` + IsAccepted + ` AND NOT ` + Older

// Ahead gives of groups of a step the first exception that holds up those behind it and
// that a redrive has not in hand.
func (l Look) Ahead(ctx context.Context, run, by int64, step string, groups []string) (map[string]record.Ahead, error) {
	first := make(map[string]record.Ahead, len(groups))
	for some := range slices.Chunk(groups, 500) {
		args := []any{run, step, by}
		for _, g := range some {
			args = append(args, g)
		}
		_, err := ask(ctx, l, func(r scanner) (none struct{}, err error) {
			var group string
			var a record.Ahead
			if err = r.Scan(&group, &a.Turn, &a.ID, &a.Key); err == nil {
				if was, known := first[group]; !known || a.Less(was.Rank) {
					first[group] = a
				}
			}
			return none, err
		}, `SELECT e."group", e.turn, e.id, e.key FROM exception e WHERE e.run = ? AND e.step = ? AND e.claimed <> ? AND`+holds+
			shown+` AND e."group" <> '' AND e."group" IN (`+marks(len(some))+`)`, args...)
		if err != nil {
			return nil, err
		}
	}
	return first, nil
}

// Holds reports whether the exception of a number, or without one that of a step of a run
// with a turn, holds up those behind it in its group. Uid is the run's.
func Holds(ctx context.Context, db store.Reader, uid, step string, at record.Rank) (yes bool, err error) {
	which, args := `e.id = ?`, []any{at.ID}
	if at.ID == 0 {
		which, args = `e.run = (SELECT r.id FROM run r WHERE r.uid = ?) AND e.step = ? AND e.turn = ?`, []any{uid, step, at.Turn}
	}
	err = store.Each(ctx, db, func(scan func(...any) error) error { return scan(&yes) }, `SELECT EXISTS (SELECT 1 FROM exception e WHERE `+which+` AND`+holds+`)`, args...)
	return yes && err == nil, err
}

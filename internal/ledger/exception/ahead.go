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
// that a redrive has not in hand, or leaves to a later run.
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
		}, `SELECT e."group", e.turn, e.id, e.key FROM exception e WHERE e.run = ? AND e.step = ? AND (e.claimed <> ? OR `+AtWork+`) AND`+holds+
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

// HeldUp are exceptions of a step that stand in their groups behind one which a filter
// does not select.
type HeldUp struct {
	Step    string `json:"step"`
	Records int64  `json:"records"`
	Groups  int64  `json:"groups"`
	First   string `json:"first,omitempty"` // key of the first one that is in the way
}

// HeldUp counts a filter's exceptions that others hold up which it does not select, or
// which are left to a later run, in steps of the run.
func (l Look) HeldUp(ctx context.Context, run int64, f Filter, steps []string) ([]HeldUp, error) {
	if len(steps) == 0 {
		return nil, nil
	}
	where, args := f.Where(run)
	args = append(args, run)
	for _, s := range steps {
		args = append(args, s)
	}
	return ask(ctx, l, func(r scanner) (h HeldUp, err error) {
		err = r.Scan(&h.Step, &h.Records, &h.Groups, &h.First)
		return h, err
	}, `WITH chosen AS (SELECT e.id AS id, e.step AS step, e."group" AS part, e.turn AS turn FROM exception e`+where+` AND e."group" <> '' AND NOT `+AtWork+`),
		ahead AS (SELECT e.id AS id, e.step AS step, e."group" AS part, e.turn AS turn, e.key AS key FROM exception e
			WHERE e.run = ? AND e.step IN (`+marks(len(steps))+`) AND e."group" <> '' AND e.id NOT IN (SELECT id FROM chosen) AND`+holds+shown+`),
		waits AS (SELECT c.step AS step, c.part AS part, c.id AS waiting, h.key AS key, h.turn AS turn, h.id AS id FROM chosen c JOIN ahead h
			ON h.step = c.step AND h.part = c.part AND (h.turn, h.id) < (c.turn, c.id))
		SELECT step, count(DISTINCT waiting), count(DISTINCT part), (SELECT f.key FROM waits f WHERE f.step = waits.step ORDER BY f.turn, f.id LIMIT 1)
		FROM waits GROUP BY step ORDER BY step`, args...)
}

package guard

import (
	"context"
	"fmt"
	"time"

	"godwit/internal/fault"
	"godwit/internal/ledger/store"
	"godwit/internal/unit"
)

// Open are the guards whose settings are not put back, the oldest first.
func Open(db store.Reader) ([]unit.Guard, error) { return guards(db, `g.closed = ''`) }

// Held are the open guards that a unit of a run holds.
func Held(db store.Reader, run int64, holder string) ([]unit.Guard, error) {
	return guards(db, `g.closed = '' AND EXISTS (SELECT 1 FROM holder h WHERE h.guard = g.id AND h.run = ? AND h.unit = ? AND h.until = 0)`, run, holder)
}

func one(db store.Reader, id int64) (unit.Guard, error) {
	all, err := guards(db, `g.closed = '' AND g.id = ?`, id)
	if err == nil && len(all) == 0 {
		err = fault.New(fault.Config, "settings.unknown", "no setting %d is changed", id).Hint("godwit settings list")
	}
	if err != nil {
		return unit.Guard{}, err
	}
	return all[0], nil
}

// guards reads open ones with all that belongs to them. A run that has ended for
// good cannot put anything back any more.
func guards(db store.Reader, where string, args ...any) (all []unit.Guard, err error) {
	err = each(db, func(scan scan) error {
		var g unit.Guard
		var change string
		var since int64
		err := scan(&g.ID, &g.Key.Place, &g.Key.Env, &g.Key.Name, &g.Key.At, &change, &since)
		g.Change, g.Since = []byte(change), time.UnixMilli(since).UTC()
		all = append(all, g)
		return err
	}, `SELECT g.id, g.place, g.env, g.name, g.at, g.change, g.since FROM guard g WHERE `+where+` ORDER BY g.id`, args...)
	for i := range all {
		g := &all[i]
		if err == nil {
			err = each(db, func(scan scan) error {
				var s unit.Setting
				var original, set, changed string
				err := scan(&s.Element, &original, &set, &changed)
				s.Original, s.Set = []byte(original), []byte(set)
				if changed != "" {
					s.Changed = []byte(changed)
				}
				g.Settings = append(g.Settings, s)
				return err
			}, `SELECT element, original, wanted, changed FROM guarded WHERE guard = ? ORDER BY element`, g.ID)
		}
		if err == nil {
			err = each(db, func(scan scan) error {
				var h unit.Holder
				var flow string
				var n int
				var since int64
				err := scan(&flow, &n, &h.Unit, &h.At, &since, &h.Over)
				h.Run, h.Since = fmt.Sprintf("%s-%d", flow, n), time.UnixMilli(since).UTC()
				g.Holders = append(g.Holders, h)
				return err
			}, `SELECT r.flow, r.n, h.unit, h.at, h.since, r.state = 'ended' AND r.outcome NOT IN ('failed', 'stopped')
				FROM holder h JOIN run r ON r.id = h.run WHERE h.guard = ? AND h.until = 0 ORDER BY h.since, r.id`, g.ID)
		}
	}
	return all, err
}

type scan = func(...any) error

func each(db store.Reader, row func(scan) error, query string, args ...any) error {
	return store.Each(context.Background(), db, row, query, args...)
}

// Package guard is what a ledger keeps of settings that runs have changed: what
// they were, and who wants them changed. Start at Claim; Leave and Close end what
// it begins.
package guard

import (
	"fmt"

	"godwit/internal/fault"
	"godwit/internal/ledger/store"
	"godwit/internal/unit"
)

// Nobody is who puts back what no run does any more.
const Nobody = -1

// Claim gives the open guard of a key to a run that wants the setting changed:
// it holds it from now on, and is alone at it until Free, Changed or Close.
// Without an open guard it opens one. Faults of kind conflict: settings.busy,
// another living run is at work with it.
func Claim(tx store.Tx, run int64, id string, key unit.GuardKey, change []byte, living store.Living) (g unit.Guard, err error) {
	const where = `g.closed = '' AND g.place = ? AND g.env = ? AND g.name = ?`
	all, err := guards(tx, where, key.Place, key.Env, key.Name)
	if err == nil && len(all) == 0 {
		if err = tx.Change(`INSERT INTO guard (place, env, name, at, change, since) VALUES (?, ?, ?, ?, ?, ?)`,
			key.Place, key.Env, key.Name, key.At, string(change), tx.Now.UnixMilli()); err == nil {
			all, err = guards(tx, where, key.Place, key.Env, key.Name)
		}
	}
	if err != nil {
		return g, err
	}
	if err := take(tx, all[0], run, living); err != nil {
		return g, err
	}
	if err := tx.Change(`INSERT INTO holder (guard, run, unit, at, since) VALUES (?, ?, ?, ?, ?)
		ON CONFLICT (guard, run, unit) DO UPDATE SET since = iif(until = 0, since, excluded.since), until = 0`, all[0].ID, run, id, key.At, tx.Now.UnixMilli()); err != nil {
		return g, err
	}
	return one(tx, all[0].ID)
}

// take makes a run the one that is at work with a guard.
func take(tx store.Tx, g unit.Guard, run int64, living store.Living) error {
	var busy int64
	if err := each(tx, func(scan scan) error { return scan(&busy) }, `SELECT busy FROM guard WHERE id = ?`, g.ID); err != nil {
		return err
	}
	if busy > 0 && busy != run {
		name, err := nameOf(tx, busy)
		if err != nil {
			return err
		}
		if living(name) {
			return fault.New(fault.Conflict, "settings.busy", "%s is changing setting %s of %s just now, or putting it back", name, g.Key.Name, g.Key.At)
		}
	}
	return tx.Change(`UPDATE guard SET busy = ? WHERE id = ?`, run, g.ID)
}

// Save keeps what settings were and what they are set to, before the first
// change. What is there already stays.
func Save(tx store.Tx, run, id int64, settings []unit.Setting) error {
	if err := mine(tx, run, id); err != nil {
		return err
	}
	for _, s := range settings {
		if err := tx.Change(`INSERT INTO guarded (guard, element, original, wanted) VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING`,
			id, s.Element, string(s.Original), string(s.Set)); err != nil {
			return err
		}
	}
	return nil
}

// Changed keeps what settings were read back as, and frees the guard.
func Changed(tx store.Tx, run, id int64, settings []unit.Setting) error {
	if err := mine(tx, run, id); err != nil {
		return err
	}
	for _, s := range settings {
		if err := tx.Change(`UPDATE guarded SET changed = ? WHERE guard = ? AND element = ?`, string(s.Changed), id, s.Element); err != nil {
			return err
		}
	}
	return Free(tx, run, id)
}

// Free lets others be at work with a guard. It may be called twice.
func Free(tx store.Tx, run, id int64) error {
	return tx.Change(`UPDATE guard SET busy = 0 WHERE id = ? AND busy = ?`, id, run)
}

// Leave ends a unit's wish that the setting is changed, when other runs still
// have it. The last one stays a holder and is alone at it: it is to put the
// setting back, and then to Close.
func Leave(tx store.Tx, run int64, holder string, id int64, living store.Living) (g unit.Guard, last bool, err error) {
	if g, err = one(tx, id); err != nil {
		return g, false, err
	}
	others := 0
	name, err := nameOf(tx, run)
	if err != nil {
		return g, false, err
	}
	for _, h := range g.Holders {
		if !h.Over && (h.Run != name || h.Unit != holder) {
			others++
		}
	}
	if others > 0 {
		return g, false, tx.Change(`UPDATE holder SET until = ? WHERE guard = ? AND run = ? AND unit = ?`, tx.Now.UnixMilli(), id, run, holder)
	}
	if err := take(tx, g, run, living); err != nil {
		return g, false, err
	}
	return g, true, doubt(tx, id)
}

// doubt forgets what was read back: it is about to be put back, and who joins
// meanwhile must change it again.
func doubt(tx store.Tx, id int64) error {
	return tx.Change(`UPDATE guarded SET changed = '' WHERE guard = ?`, id)
}

// Seize makes somebody who owns no run the one that is at work with a guard. A
// holder that may still put it back by itself is a fault of kind conflict, code
// settings.held.
func Seize(tx store.Tx, id int64, living store.Living) (g unit.Guard, err error) {
	if g, err = one(tx, id); err != nil {
		return g, err
	}
	for _, h := range g.Holders {
		if h.Over {
			continue
		}
		if living(h.Run) {
			return g, fault.New(fault.Conflict, "settings.held", "%s has setting %s of %s changed, and puts it back when it ends", h.Run, g.Key.Name, g.Key.At)
		}
		return g, fault.New(fault.Conflict, "settings.held", "%s has setting %s of %s changed, and is not over: it is to put it back", h.Run, g.Key.Name, g.Key.At).
			Hint("godwit resume %s   goes on with it", h.Run).Hint("godwit cancel %s   ends it; what it could not put back: godwit settings restore %d", h.Run, g.ID)
	}
	if err := take(tx, g, Nobody, living); err != nil {
		return g, err
	}
	return g, doubt(tx, id)
}

// Close ends a guard: restored, forgotten.
func Close(tx store.Tx, run, id int64, how, actor, reason string) error {
	if err := mine(tx, run, id); err != nil {
		return err
	}
	now := tx.Now.UnixMilli()
	if err := tx.Change(`UPDATE guard SET closed = ?, closed_at = ?, actor = ?, reason = ?, busy = 0 WHERE id = ?`, how, now, actor, reason, id); err != nil {
		return err
	}
	return tx.Change(`UPDATE holder SET until = ? WHERE guard = ? AND until = 0`, now, id)
}

// mine refuses who lost a guard to another.
func mine(tx store.Tx, run, id int64) error {
	var busy int64
	if err := each(tx, func(scan scan) error { return scan(&busy) }, `SELECT busy FROM guard WHERE id = ? AND closed = ''`, id); err != nil {
		return err
	}
	if busy != run {
		return fault.New(fault.Conflict, "settings.busy", "guard %d was taken over by another run", id)
	}
	return nil
}

func nameOf(tx store.Reader, run int64) (name string, err error) {
	return name, each(tx, func(scan scan) error {
		var flow string
		var n int
		err := scan(&flow, &n)
		name = fmt.Sprintf("%s-%d", flow, n)
		return err
	}, `SELECT flow, n FROM run WHERE id = ?`, run)
}

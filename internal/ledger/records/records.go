// Package records is the ledger's memory of single records beyond runs: how each
// stands at a place, and what the target keeps of it. It is written by the
// transactions that prepare, settle and discard a chunk, so it says what the
// settled chunks say and nothing else. Start at Prepare and Settle; what it
// survives stands in the ledger's DESIGN.md, Records.
package records

import (
	"database/sql"
	"encoding/hex"
	"slices"
	"strings"

	"godwit/internal/fault"
	"godwit/internal/ledger/exception"
	"godwit/internal/ledger/store"
	"godwit/internal/record"
	"godwit/internal/unit/calls"
)

// Tx is a transaction of the ledger's writer.
type Tx struct {
	store.Tx
	// Insert writes rows of equal length by the statement head VALUES ... tail.
	Insert func(head, tail string, rows [][]any) error
}

// Chunk names a chunk of a run.
type Chunk struct {
	Run  int64
	Unit string
	N    int
}

func (c Chunk) args() []any { return []any{c.Run, c.Unit, c.N} }

// What recorded.written says of a chunk that made no rows (yet).
const (
	prepared  = -1
	discarded = -2
)

// outcomes by their number in the table: new ones come behind.
var outcomes = []record.Outcome{record.Applied, record.Equal, record.Superseded, record.Redelivered, record.Filtered,
	record.Rejected, record.Dead, record.Pending}

// Prepare notes what a chunk will say; nothing of it counts until it is settled.
func Prepare(tx Tx, c Chunk, s *record.States) error {
	p := s.Place
	if err := tx.Change(ensurePlace, p.Entity, p.At, p.Env); err != nil {
		return err
	}
	if err := stands(tx, p); err != nil {
		return err
	}
	if s.By != 0 { // it may have been stopped, and others have spoken of its records since
		if _, err := admit(tx.Tx, p, calls.Claimant{ID: s.By}, false); err != nil {
			return err
		}
	}
	version, err := hex.DecodeString(s.Mapping[:min(16, len(s.Mapping))])
	if err != nil {
		return fault.New(fault.Internal, "record.state", "the map's version %q is not in hex: %w", s.Mapping, err)
	}
	return tx.Change(`INSERT INTO recorded (run, unit, n, place, mapping, anew, at, data, made)
		VALUES (?, ?, ?, `+placeID+`, ?, ?, ?, ?, ?)`,
		c.Run, c.Unit, c.N, p.Entity, p.At, p.Env, version, s.Anew, tx.Now.UnixMilli(), pack(s.By, s.List), p.Made)
}

// said is a row of recorded.
type said struct {
	id, place, floor int64
	anew             bool
	written          int64
	data             []byte
}

// find gives what a chunk that is not discarded says, in its order: one for each
// place that it speaks of.
func find(tx Tx, c Chunk) ([]said, error) {
	list, err := scan(tx.Query, func(r *sql.Rows, s *said) error {
		return r.Scan(&s.id, &s.place, &s.floor, &s.anew, &s.written, &s.data)
	}, `SELECT d.id, d.place, p.floor, d.anew, d.written, d.data FROM recorded d JOIN place p ON p.id = d.place
		WHERE d.run = ? AND d.unit = ? AND d.n = ? AND d.written <> -2 ORDER BY d.id`, c.args()...)
	for i := range list {
		if s := &list[i]; err == nil && s.written >= 0 && s.data != nil {
			s.data, err = exception.Unpack(s.data)
		}
	}
	return list, err
}

// Settle makes what a prepared chunk says count, and notes what was there before
// for Drop. Of a chunk that is settled already nothing is changed.
func Settle(tx Tx, c Chunk) error {
	all, err := find(tx, c)
	for i := range all {
		if err == nil && all[i].written == prepared {
			err = all[i].settle(tx, c)
		}
	}
	return err
}

func (s *said) settle(tx Tx, c Chunk) error {
	by, states, err := unpack(s.data)
	if err != nil {
		return err
	}
	states = lastOfEach(states)
	before, err := s.before(tx, states)
	if err != nil {
		return err
	}
	states = s.latest(c, s.standing(states, before), before)
	rows, several := make([][]any, 0, len(states)), several{tx, c, map[int64]bool{}}
	for _, one := range states {
		was, known := before[one.Key]
		if one.Kept != nil && len(one.Kept) == 0 { // the target holds nothing of it any more
			rows = append(rows, row{key: one.Key, state: int64(slices.Index(outcomes, one.Outcome)), attempts: was.attempts + 1, chunk: s.id}.values(s.place))
			continue
		}
		gone := s.anew || known && was.chunk < s.floor
		if gone {
			was.kept = nil
		}
		if one.Kept, err = several.kept(one.Kept, was); err != nil {
			return err
		}
		r := row{key: one.Key, state: int64(slices.Index(outcomes, one.Outcome)), attempts: was.attempts + 1, hash: int64(one.Hash), kept: short(one.Kept), chunk: s.id}
		if r.hash == 0 {
			r.hash = was.hash
		}
		if r.kept == nil {
			r.kept = was.kept
		}
		if known && stub(one.Kept) && !gone {
			r.state = was.state
		}
		rows = append(rows, r.values(s.place))
	}
	if err := put(tx, rows); err != nil {
		return err
	}
	if err := finished(tx.Tx, by, s.place, states); err != nil {
		return err
	}
	return tx.Change(`UPDATE recorded SET written = ?, at = ?, data = ? WHERE id = ?`, len(rows), tx.Now.UnixMilli(), exception.Pack(packUndo(states, before)), s.id)
}

// latest leaves out records of a delivery of which another one has spoken since this
// chunk was prepared: its process was killed or stopped, and they were taken over.
func (s *said) latest(c Chunk, states []record.State, before map[string]row) []record.State {
	if !strings.HasPrefix(c.Unit[len(c.step()):], "/"+calls.KindDeliver+"/") {
		return states
	}
	return slices.DeleteFunc(states, func(one record.State) bool { return before[one.Key].chunk > s.id })
}

func put(tx Tx, rows [][]any) error {
	return tx.Insert(`INSERT INTO record (place, key, state, attempts, hash, kept, chunk)`, ` ON CONFLICT (place, key) DO UPDATE SET
		state = excluded.state, attempts = excluded.attempts, hash = excluded.hash, kept = excluded.kept, chunk = excluded.chunk`, rows)
}

// lastOfEach sorts states by key, which is the table's order, and takes the last
// of those with the same one.
func lastOfEach(states []record.State) []record.State {
	slices.SortStableFunc(states, func(a, b record.State) int { return strings.Compare(a.Key, b.Key) })
	out := states[:0]
	for i, s := range states {
		if i+1 < len(states) && states[i+1].Key == s.Key {
			continue
		}
		out = append(out, s)
	}
	return out
}

// row is one of the table record.
type row struct {
	key                          string
	state, attempts, hash, chunk int64
	kept                         []byte
}

func (r row) values(place int64) []any {
	return []any{place, r.key, r.state, r.attempts, r.hash, r.kept, r.chunk}
}

// before are the rows that a chunk's records have, by key. Where there are none
// between its first key and its last, as when all is new, nothing is looked up.
func (s *said) before(tx Tx, states []record.State) (map[string]row, error) {
	if len(states) == 0 {
		return nil, nil
	}
	some, err := scan(tx.Query, func(r *sql.Rows, n *int) error { return r.Scan(n) },
		`SELECT 1 FROM record WHERE place = ? AND key BETWEEN ? AND ? LIMIT 1`, s.place, states[0].Key, states[len(states)-1].Key)
	if err != nil || len(some) == 0 {
		return nil, err
	}
	keys := make([]string, len(states))
	for i := range states {
		keys[i] = states[i].Key
	}
	found := map[string]row{}
	for args := range listed(keys) {
		list, err := scan(tx.Query, scanRow, selectRow+among, append([]any{s.place}, args...)...)
		if err != nil {
			return nil, err
		}
		for _, r := range list {
			found[r.key] = r
		}
	}
	return found, nil
}

// Drop takes back what a chunk says: its records stand as they did before, those
// that another chunk has spoken of since as that one says.
func Drop(tx Tx, c Chunk) error {
	all, err := find(tx, c)
	for _, s := range slices.Backward(all) {
		if err == nil && s.written > 0 {
			err = s.undo(tx)
		}
		if err == nil {
			err = tx.Change(`UPDATE recorded SET written = ?, data = NULL WHERE id = ?`, discarded, s.id)
		}
	}
	return err
}

func (s *said) undo(tx Tx) error {
	keys, before, err := unpackUndo(s.data)
	if err != nil {
		return err
	}
	var back [][]any
	counts := map[int64]bool{} // chunks whose word counts
	for args := range listed(keys) {
		mine, err := scan(tx.Query, scanRow, selectRow+` AND chunk = ?`+among, append([]any{s.place, s.id}, args...)...)
		if err != nil {
			return err
		}
		for _, m := range mine {
			was, known := before[m.key]
			if !known {
				continue
			}
			if _, asked := counts[was.chunk]; !asked {
				list, err := scan(tx.Query, func(r *sql.Rows, n *int64) error { return r.Scan(n) }, `SELECT written FROM recorded WHERE id = ?`, was.chunk)
				if err != nil {
					return err
				}
				counts[was.chunk] = len(list) == 1 && list[0] >= 0
			}
			if counts[was.chunk] { // else nothing is known of it
				back = append(back, was.values(s.place))
			}
		}
		if err := tx.Change(`DELETE FROM record WHERE place = ? AND chunk = ?`+among, append([]any{s.place, s.id}, args...)...); err != nil {
			return err
		}
	}
	return put(tx, back)
}

// Doubt keeps what units say from being told until they are done: the target lost
// some of it.
func Doubt(change store.Change, run int64, units []string) error {
	for args := range listed(units) {
		if err := change(`UPDATE recorded SET doubted = TRUE WHERE run = ? AND unit IN (`+marks+`)`, append([]any{run}, args...)...); err != nil {
			return err
		}
	}
	return nil
}

// Trust ends the doubt about a unit: it is done, what was lost is written again.
func Trust(tx Tx, run int64, unit string) error {
	return tx.Change(`UPDATE recorded SET doubted = FALSE WHERE run = ? AND unit = ? AND doubted`, run, unit)
}

// Forget drops what undoes the chunks of a run that is done for good.
func Forget(tx Tx, run int64) error {
	return tx.Change(`UPDATE recorded SET data = NULL WHERE run = ? AND written >= 0 AND data IS NOT NULL`, run)
}

// Floor says that a target holds nothing of a place but what a step of a run has
// written there, or is about to lose all else. It may be called twice.
func Floor(change store.Change, run int64, p record.Place, units []string) error {
	for args := range listed(units) {
		err := change(`UPDATE place SET floor = max(floor, coalesce((SELECT min(id) FROM recorded WHERE run = ? AND written >= 0 AND unit IN (`+marks+`)), 0))
			WHERE entity = ? AND connection = ? AND env = ?`, append(append([]any{run}, args...), p.Entity, p.At, p.Env)...)
		if err != nil {
			return err
		}
	}
	return nil
}

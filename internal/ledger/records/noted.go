package records

import (
	"database/sql"
	"encoding/binary"
	"time"

	"godwit/internal/ledger/store"
	"godwit/internal/record"
	"godwit/internal/unit/calls"
)

// The log of notes: what a claimant notes while it is alone at its place is one row of
// noted for all that is noted at once, instead of a row of sent for each request. Rows
// are of claimants that are there, and joined last as their place says; whoever ends a
// claimant, or comes from another family, moves them into sent before; so does who
// claims a record, with its own. So what is in sent is all that there is for who has
// come, and older than what the log has. See DESIGN.md of work/call.

// log puts notes of a claimant behind those that it has.
func log(change store.Change, claimant int64, database string, now time.Time, data []byte) error {
	return change(`INSERT INTO noted (claimant, n, database, at, data) VALUES (?, (SELECT coalesce(max(n), 0) + 1 FROM noted WHERE claimant = ?), ?, ?, ?)`,
		claimant, claimant, database, now.UnixMilli(), data)
}

// logged is a row of noted, with whose it is.
type logged struct {
	claimant, run, at int64
	place             record.Place
	data              []byte
}

// readLog gives what claimants have in the log, in their order; where is about c.
func readLog(query func(string, ...any) (*sql.Rows, error), where string, args ...any) ([]logged, error) {
	return scan(query, func(r *sql.Rows, l *logged) error {
		return r.Scan(&l.claimant, &l.run, &l.place.Entity, &l.place.At, &l.place.Env, &l.place.Database, &l.at, &l.data)
	}, `SELECT c.id, c.run, p.entity, p.connection, p.env, n.database, n.at, n.data FROM claimant c
		JOIN place p ON p.id = c.place JOIN noted n ON n.claimant = c.id WHERE `+where+` ORDER BY n.claimant, n.n`, args...)
}

// unlog moves what claimants have in the log into sent.
func unlog(tx store.Tx, where string, args ...any) error {
	rows, err := readLog(tx.Query, where, args...)
	if err != nil || len(rows) == 0 {
		return err
	}
	for _, l := range rows {
		list, err := unpackNotes(l.data, nil)
		if err == nil {
			err = Note(tx.Change, l.run, l.claimant, l.place, list, time.UnixMilli(l.at))
		}
		if err != nil {
			return err
		}
	}
	return dropLog(tx, where, args...)
}

func dropLog(tx store.Tx, where string, args ...any) error {
	return tx.Change(`DELETE FROM noted WHERE claimant IN (SELECT c.id FROM claimant c WHERE `+where+`)`, args...)
}

// trim takes records out of a claimant's log that have come to an end: those that are done
// are forgotten, the others stand in sent. What is of records under way stays in it.
func trim(tx store.Tx, by int64, states []record.State) error {
	const mine = `c.id = ?`
	rows, err := readLog(tx.Query, mine, by)
	if err != nil || len(rows) == 0 {
		return err
	}
	done := make(map[string]bool, len(states))
	for _, s := range states {
		done[s.Key] = delivered(s)
	}
	var left latest
	for _, l := range rows {
		err := eachNote(l.data, func(n note) error {
			end, over := done[string(n.key)]
			switch {
			case !over:
				left.add(n)
			case !end:
				s, err := n.sent()
				if err != nil {
					return err
				}
				return Note(tx.Change, l.run, l.claimant, l.place, []calls.Sent{s}, time.UnixMilli(l.at))
			}
			return nil
		})
		if err != nil {
			return err
		}
	}
	if err := dropLog(tx, mine, by); err != nil || len(left.notes) == 0 {
		return err
	}
	last := rows[len(rows)-1]
	return log(tx.Change, last.claimant, last.place.Database, time.UnixMilli(last.at), left.pack())
}

// latest are notes of requests, of each the one that was added last. It keeps what
// they are packed in.
type latest struct {
	notes [][]byte
	at    map[string]int
}

func (l *latest) add(n note) {
	if l.at == nil {
		l.at = map[string]int{}
	}
	i, again := l.at[string(n.request)]
	if !again {
		i, l.notes = len(l.notes), append(l.notes, nil)
		l.at[string(n.request)] = i
	}
	l.notes[i] = n.all
}

func (l *latest) pack() (b []byte) {
	for _, n := range l.notes {
		b = append(b, n...)
	}
	return b
}

// The form of notes in the log: for each key, call and element, what is known, the
// hash, and what is kept.

// What is known of a request, as a sum.
const (
	noteAnswered = 1 << iota
	noteGone
)

func packNotes(list []calls.Sent) (b []byte, err error) {
	for _, s := range list {
		known := byte(0)
		if s.Answered {
			known |= noteAnswered
		}
		if s.Gone {
			known |= noteGone
		}
		b = append(text(text(text(b, s.Key, true), s.Call, true), s.Element, true), known)
		kept, err := keptOf(s)
		if err != nil {
			return nil, err
		}
		b = text(binary.BigEndian.AppendUint64(b, s.Hash), kept, kept != nil)
	}
	return b, nil
}

// note is one of the log, as it stands in it.
type note struct {
	all, request, key, call, element []byte // request: all three together
	known                            byte
	hash                             uint64
	kept                             []byte
}

func eachNote(b []byte, do func(note) error) error {
	for r := (reader{b: b}); len(r.b) > 0; {
		from := r.b
		n := note{key: r.text(), call: r.text(), element: r.text()}
		n.request = from[:len(from)-len(r.b)]
		n.known, n.hash, n.kept = r.byte(), r.fixed(), r.text()
		n.all = from[:len(from)-len(r.b)]
		if r.bad {
			return damaged("what is noted of requests")
		}
		if err := do(n); err != nil {
			return err
		}
	}
	return nil
}

func (n note) sent() (calls.Sent, error) {
	s := calls.Sent{Key: string(n.key), Call: string(n.call), Element: string(n.element), Hash: n.hash,
		Answered: n.known&noteAnswered != 0, Gone: n.known&noteGone != 0}
	var err error
	s.Kept, err = record.DecodeObject(n.kept)
	return s, err
}

// unpackNotes reads notes again: those of some keys, nil for all.
func unpackNotes(b []byte, keys map[string]bool) (list []calls.Sent, err error) {
	err = eachNote(b, func(n note) error {
		if keys != nil && !keys[string(n.key)] {
			return nil
		}
		s, err := n.sent()
		list = append(list, s)
		return err
	})
	return list, err
}

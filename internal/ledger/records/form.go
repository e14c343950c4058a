package records

import (
	"bytes"
	"database/sql"
	"encoding/binary"
	"iter"
	"slices"
	"strings"

	"godwit/internal/fault"
	"godwit/internal/record"
)

// atOnce is how many keys a statement asks for: always as many, so that there is
// one text of it to be kept prepared. What is too much repeats the last key.
const atOnce = 500

var (
	marks = strings.TrimSuffix(strings.Repeat("?,", atOnce), ",")
	among = ` AND key IN (` + marks + `)`
)

const selectRow = `SELECT key, state, attempts, hash, kept, chunk FROM record WHERE place = ?`

func scanRow(r *sql.Rows, o *row) error {
	return r.Scan(&o.key, &o.state, &o.attempts, &o.hash, &o.kept, &o.chunk)
}

// listed are keys as the arguments of marks.
func listed(keys []string) iter.Seq[[]any] {
	return func(yield func([]any) bool) {
		for part := range slices.Chunk(keys, atOnce) {
			args := make([]any, atOnce)
			for i := range args {
				args[i] = part[min(i, len(part)-1)]
			}
			if !yield(args) {
				return
			}
		}
	}
}

// scan reads all rows and closes them; one reads a row into what it is given.
func scan[T any](query func(string, ...any) (*sql.Rows, error), one func(*sql.Rows, *T) error, text string, args ...any) ([]T, error) {
	rows, err := query(text, args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var all []T
	for rows.Next() {
		var v T
		if err := one(rows, &v); err != nil {
			return nil, err
		}
		all = append(all, v)
	}
	return all, rows.Err()
}

// The form that a chunk's states are stored in until it is settled: for each the
// key, the number of its outcome, its hash and what is kept. A text stands behind
// its length, which is 0 for none, else one more. Behind them is the claimant that has
// them; there is none in what older versions have prepared.

func text[T string | []byte](b []byte, s T, is bool) []byte {
	if !is {
		return binary.AppendUvarint(b, 0)
	}
	return append(binary.AppendUvarint(b, uint64(len(s))+1), s...)
}

func pack(by int64, states []record.State) []byte {
	b := binary.AppendUvarint(nil, uint64(len(states)))
	for _, s := range states {
		b = text(b, s.Key, true)
		b = append(b, byte(slices.Index(outcomes, s.Outcome)))
		b = binary.BigEndian.AppendUint64(b, s.Hash)
		b = text(b, s.Kept, s.Kept != nil)
	}
	if by != 0 {
		b = binary.AppendUvarint(b, uint64(by))
	}
	return b
}

func unpack(b []byte) (by int64, states []record.State, err error) {
	r := reader{b: b}
	states = make([]record.State, 0, min(r.number(), uint64(len(b))))
	for range cap(states) {
		key := r.text()
		states = append(states, record.State{Key: string(key), Outcome: outcomes[min(int(r.byte()), len(outcomes)-1)], Hash: r.fixed(), Kept: r.text()})
	}
	if len(r.b) > 0 {
		by = int64(r.number())
	}
	return by, states, r.end()
}

// packUndo writes all keys of a chunk, and the rows that were there before.
func packUndo(states []record.State, before map[string]row) []byte {
	b := binary.AppendUvarint(nil, uint64(len(states)))
	for _, s := range states {
		b = text(b, s.Key, true)
		was, known := before[s.Key]
		if !known {
			b = append(b, 0)
			continue
		}
		b = append(b, 1)
		for _, n := range []int64{was.state, was.attempts, was.chunk} {
			b = binary.AppendUvarint(b, uint64(n))
		}
		b = binary.BigEndian.AppendUint64(b, uint64(was.hash))
		b = text(b, was.kept, was.kept != nil)
	}
	return b
}

func unpackUndo(b []byte) (keys []string, before map[string]row, err error) {
	r := reader{b: b}
	before = map[string]row{}
	for range min(r.number(), uint64(len(b))) {
		was := row{key: string(r.text())}
		keys = append(keys, was.key)
		if r.byte() == 0 {
			continue
		}
		was.state, was.attempts, was.chunk = int64(r.number()), int64(r.number()), int64(r.number())
		was.hash, was.kept = int64(r.fixed()), r.text()
		before[was.key] = was
	}
	return keys, before, r.end()
}

// What is kept of a row of a table, by far the most that there is, stands in the
// table without what is the same in all of them: {"row":{"id":17}} as "id":17. Of
// one call {"create":{"id":17}} stands as :create":{"id":17. Stubs stand as they are.
const (
	rowBegin  = `{"` + record.CallRow + `":{`
	callBegin = `{"`
	callShort = ':'
	rowEnd    = `}}`
)

func short(kept []byte) []byte {
	if b, is := bytes.CutPrefix(kept, []byte(rowBegin)); is && bytes.HasPrefix(b, []byte{'"'}) && bytes.HasSuffix(b, []byte(rowEnd)) {
		return b[:len(b)-len(rowEnd)]
	}
	if b, is := bytes.CutPrefix(kept, []byte(callBegin)); is && !stub(kept) && bytes.HasSuffix(b, []byte(rowEnd)) {
		return append([]byte{callShort}, b[:len(b)-len(rowEnd)]...)
	}
	return kept
}

func long(stored []byte) []byte {
	switch {
	case bytes.HasPrefix(stored, []byte{'"'}):
		return slices.Concat([]byte(rowBegin), stored, []byte(rowEnd))
	case bytes.HasPrefix(stored, []byte{callShort}):
		return slices.Concat([]byte(callBegin), stored[1:], []byte(rowEnd))
	}
	return stored
}

// reader takes a stored form apart; what is not whole is found by end.
type reader struct {
	b   []byte
	bad bool
}

func (r *reader) take(n uint64) []byte {
	if r.bad = r.bad || n > uint64(len(r.b)); r.bad {
		return make([]byte, min(n, 8))
	}
	out := r.b[:n:n]
	r.b = r.b[n:]
	return out
}

func (r *reader) byte() byte    { return r.take(1)[0] }
func (r *reader) fixed() uint64 { return binary.BigEndian.Uint64(r.take(8)) }

func (r *reader) number() uint64 {
	n, size := binary.Uvarint(r.b)
	if size <= 0 {
		r.bad = true
		return 0
	}
	r.b = r.b[size:]
	return n
}

func (r *reader) text() []byte {
	n := r.number()
	if n == 0 {
		return nil
	}
	return r.take(n - 1)
}

func (r *reader) end() error {
	if r.bad || len(r.b) > 0 {
		return damaged("what a chunk says about its records")
	}
	return nil
}

func damaged(what string) error {
	return fault.New(fault.Data, "ledger.damaged", "%s cannot be read", what)
}

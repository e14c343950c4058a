// Package record holds the words for what is moved and counted: the sum of a
// set of rows, the account of what became of them, the mark that lives and
// dies with them in the target.
package record

import (
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"math/bits"
	"time"

	"github.com/zeebo/xxh3"
)

// Sum counts rows and adds up their 128-bit hashes: two sets of rows have the
// same Sum whatever their order, and a lost, changed or doubled row changes
// it. Never an XOR: pairs of duplicates would vanish. The zero value is the
// sum of no rows. Not safe for concurrent use.
type Sum struct {
	Rows  int64  `json:"rows"`
	Bytes int64  `json:"bytes"`
	Hi    uint64 `json:"hi"`
	Lo    uint64 `json:"lo"`
}

// Add counts one row in its canonical form (xxh3-128).
func (s *Sum) Add(row []byte) {
	h := xxh3.Hash128(row)
	s.AddHash(h.Hi, h.Lo, int64(len(row)))
}

// AddHash counts one row whose hash was computed piece by piece.
func (s *Sum) AddHash(hi, lo uint64, size int64) {
	var carry uint64
	s.Lo, carry = bits.Add64(s.Lo, lo, 0)
	s.Hi, _ = bits.Add64(s.Hi, hi, carry)
	s.Rows++
	s.Bytes += size
}

// Merge adds another set's sum.
func (s *Sum) Merge(o Sum) {
	var carry uint64
	s.Lo, carry = bits.Add64(s.Lo, o.Lo, 0)
	s.Hi, _ = bits.Add64(s.Hi, o.Hi, carry)
	s.Rows += o.Rows
	s.Bytes += o.Bytes
}

// Hash is the sum of the hashes as 16 bytes, most significant first.
func (s Sum) Hash() []byte {
	b := make([]byte, 0, 16)
	b = binary.BigEndian.AppendUint64(b, s.Hi)
	return binary.BigEndian.AppendUint64(b, s.Lo)
}

// SumOf is the Sum of a stored count, size and hash. A hash that is not 16
// bytes long is an error.
func SumOf(rows, size int64, hash []byte) (Sum, error) {
	if len(hash) != 16 {
		return Sum{}, fmt.Errorf("a sum's hash has 16 bytes, not %d", len(hash))
	}
	return Sum{rows, size, binary.BigEndian.Uint64(hash), binary.BigEndian.Uint64(hash[8:])}, nil
}

// Equal compares rows and hash; sizes follow from the rows.
func (s Sum) Equal(o Sum) bool { return s.Rows == o.Rows && s.Hi == o.Hi && s.Lo == o.Lo }

// String is the fingerprint as people see it: 32 hex digits.
func (s Sum) String() string { return hex.EncodeToString(s.Hash()) }

// Account says what became of the records of one chunk. Read is the source's
// own count, Applied the target's own; Pending is counted, never subtracted: what
// a chunk processes of the records that are blocked was counted as read by
// another one, so it reads none and says with a minus how many it took.
// Only accounts with Current count: a repaired or repeated chunk writes a new
// generation and its earlier account stays for the report.
type Account struct {
	Step        string `json:"step"`
	Entity      string `json:"entity"`
	Chunk       int    `json:"chunk"` // 0 = written by a repair of the whole entity
	Generation  int    `json:"generation"`
	Unit        string `json:"unit"`
	Current     bool   `json:"current"`
	Read        int64  `json:"read"`
	Applied     int64  `json:"applied"`
	Adopted     int64  `json:"adopted,omitempty"` // the part of Applied that was found at the target, not made
	Equal       int64  `json:"equal,omitempty"`
	Superseded  int64  `json:"superseded,omitempty"`
	Redelivered int64  `json:"redelivered,omitempty"`
	Filtered    int64  `json:"filtered,omitempty"`
	Rejected    int64  `json:"rejected,omitempty"`
	Dead        int64  `json:"dead,omitempty"`
	Pending     int64  `json:"pending,omitempty"`
	Blocked     int64  `json:"blocked,omitempty"` // the part of Pending that waits for another record: its parent, a dead one before it
	Written     int64  `json:"written,omitempty"` // objects at the target; one record may be many
	Bytes       int64  `json:"bytes,omitempty"`
	Hash        []byte `json:"hash,omitempty"` // Sum.Hash of the rows read
}

// Settled is the sum of all outcomes but pending.
func (a Account) Settled() int64 {
	return a.Applied + a.Equal + a.Superseded + a.Redelivered + a.Filtered + a.Rejected + a.Dead
}

// Closes reports whether read = sum of outcomes and whatever is pending is
// blocked: records that wait for others.
func (a Account) Closes() bool {
	return a.Read == a.Settled()+a.Pending && a.Pending == a.Blocked
}

// Balances reports whether read = sum of outcomes, pending among them: records may
// be on their way.
func (a Account) Balances() bool { return a.Read == a.Settled()+a.Pending }

// Plus adds up two accounts' numbers; names are kept from a.
func (a Account) Plus(b Account) Account {
	a.Read += b.Read
	a.Applied += b.Applied
	a.Adopted += b.Adopted
	a.Equal += b.Equal
	a.Superseded += b.Superseded
	a.Redelivered += b.Redelivered
	a.Filtered += b.Filtered
	a.Rejected += b.Rejected
	a.Dead += b.Dead
	a.Pending += b.Pending
	a.Blocked += b.Blocked
	a.Written += b.Written
	a.Bytes += b.Bytes
	return a
}

// MarkKey names a mark. Run is the run's uid (32 hex digits), not its number:
// after a lost ledger the next copy-1 must not trust another's marks.
type MarkKey struct {
	Run        string `json:"run"`
	Unit       string `json:"unit"`
	Chunk      int    `json:"chunk"`
	Generation int    `json:"generation"`
	Attempt    int    `json:"attempt"`
	// Over lets the mark take the place of one of an earlier generation: for
	// what may be done twice. Without it a mark that is there refuses.
	Over     bool `json:"over,omitempty"`
	Unlogged bool `json:"unlogged,omitempty"` // it lives and dies with rows that a crash of the target empties
}

// Mark is the row in the target that was committed together with a chunk's
// rows; it proves their presence.
type Mark struct {
	MarkKey
	Read    int64
	Applied int64
	Bytes   int64
	Hash    []byte
	At      time.Time
}

// Account is the account that the mark proves, without step and entity.
func (m Mark) Account() Account {
	return Account{
		Chunk: m.Chunk, Generation: m.Generation, Unit: m.Unit, Current: true,
		Read: m.Read, Applied: m.Applied, Written: m.Applied, Bytes: m.Bytes, Hash: m.Hash,
	}
}

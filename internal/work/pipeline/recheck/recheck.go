// Package recheck notes which rules, broken by records in earlier runs, the same
// records fulfil when they are read again. Start at Open.
package recheck

import (
	"context"
	"encoding/binary"
	"slices"

	"godwit/internal/record"
	"godwit/internal/unit"
	"godwit/internal/work/pipeline/mapping"

	"github.com/zeebo/xxh3"
)

// Book is the ledger's side of it.
type Book interface {
	// Broken gives what records of the unit's step and entity broke in earlier
	// runs of the same flow in the same environment and have not fulfilled since, of
	// those that were not loaded and not read since record.RuleRead; of those that the unit
	// itself has left out record.RuleTwice.
	Broken(ctx context.Context, u unit.Unit, again *unit.Redrive, do func(record.IssueID)) error
	// Pass keeps what records of a chunk fulfil now, instead of what was kept for
	// it and those behind it before. It counts as long as the chunk does.
	Pass(ctx context.Context, u unit.Unit, number int, again *unit.Redrive, passed []record.IssueID) error
	// Unaccepted counts the records that the unit did not load and that are open:
	// those of which not every issue that kept them out was accepted.
	Unaccepted(ctx context.Context, id string) (int64, error)
}

// rule is one that records broke.
type rule struct{ name, field string }

// Watch knows what records broke and notes what they fulfil, and of those that the unit
// has left out whether they come again. Nil knows nothing. Keys are held as hashes and the
// sets of rules once, about 30 bytes for a key; a key taken for another one
// passes what it never broke, which closes nothing.
type Watch struct {
	broken map[uint64]int32 // index of sets
	sets   [][]rule
	fields map[string]bool // of which all rules but the map's own are asked of each record
	own    map[string]bool // the map's own rules: a broken field may keep them from being asked
	passed []record.IssueID

	left  map[uint64]bool // keys, hashed, of records that the unit has left out; nil: it is not to know
	twice map[string]bool // those of them that the chunk has read behind that: left out again
	leave bool            // the chunk has left some out
}

// Open reads what was broken. Of the map, nil for none, and the columns of the
// first target it takes which rules are asked of each record, whatever else it
// breaks. What an attempt that ended left for chunks from next on is forgotten. With
// twice it notes which records come again behind one that was left out.
func Open(ctx context.Context, book Book, u unit.Unit, again *unit.Redrive, next int, m *mapping.Map, columns []string, twice bool) (*Watch, error) {
	w := &Watch{broken: map[uint64]int32{}, sets: [][]rule{nil}, fields: map[string]bool{}, own: map[string]bool{}}
	if twice {
		w.left, w.twice = map[uint64]bool{}, map[string]bool{}
	}
	known := map[string]int32{"": 0}
	rules := map[rule]uint32{}
	err := book.Broken(ctx, u, again, func(id record.IssueID) {
		if id.Rule == record.RuleTwice {
			if twice {
				w.left[xxh3.HashString(id.Key)] = true
			}
			return
		}
		r := rule{id.Rule, id.Field}
		if _, is := rules[r]; !is {
			rules[r] = uint32(len(rules))
		}
		h := xxh3.HashString(id.Key)
		set := w.sets[w.broken[h]]
		if slices.Contains(set, r) {
			return
		}
		set = append(slices.Clone(set), r)
		name := make([]byte, 0, 4*len(set))
		for _, r := range set {
			name = binary.BigEndian.AppendUint32(name, rules[r])
		}
		n, is := known[string(name)]
		if !is {
			n = int32(len(w.sets))
			known[string(name)], w.sets = n, append(w.sets, set)
		}
		w.broken[h] = n
	})
	if err != nil || len(w.broken) == 0 && !twice {
		return nil, err
	}
	if len(w.broken)+len(w.left) == 0 {
		return w, nil
	}
	for _, name := range columns {
		w.fields[name] = true
	}
	if m != nil {
		for _, f := range m.Fields {
			w.fields[f.Name] = true
		}
		for _, r := range m.Rules {
			w.own[r.Name] = true
		}
	}
	return w, book.Pass(ctx, u, next, again, nil)
}

// Note takes in what became of a record, once all its issues are known. One that
// the flow leaves out has no rules to fulfil any more.
func (w *Watch) Note(m *record.Mapped) {
	if w == nil || m.Record.Key == "" || len(w.broken) == 0 {
		return
	}
	for _, r := range w.sets[w.broken[xxh3.HashString(m.Record.Key)]] {
		if w.fulfils(m, r) {
			w.passed = append(w.passed, record.IssueID{Key: m.Record.Key, Rule: r.name, Field: r.field})
		}
	}
}

// fulfils reports whether a record was asked about a rule and fulfils it. Of one
// that is rejected, or waits for others, only those fields are sure to have been
// asked in full that have no issue at all and name nothing that it waits for.
func (w *Watch) fulfils(m *record.Mapped, r rule) bool {
	if r.name == record.RuleRead {
		return true
	}
	if m.Record.Broken != nil || m.Record.Op == record.Delete { // it was asked about none
		return false
	}
	aside := m.Reject || len(m.Waits) > 0
	for _, i := range m.Issues {
		if i.Field == r.field && (i.Rule == r.name || aside) {
			return false
		}
	}
	for _, ref := range m.Waits {
		if ref.Field == r.field {
			return false
		}
	}
	return !aside || w.fields[r.field] && !w.own[r.name]
}

// Keep hands over what the chunk's records fulfil, before it is prepared, and
// begins the next one.
func (w *Watch) Keep(ctx context.Context, book Book, u unit.Unit, number int, again *unit.Redrive) error {
	if w == nil || len(w.passed) == 0 && len(w.twice) == 0 && !w.leave { // else what an attempt had noted of it may be wrong
		return nil
	}
	for key, left := range w.twice {
		id := record.IssueID{Key: key, Rule: record.RuleTwice}
		if left {
			id.Field = record.RuleTwice
		}
		w.passed = append(w.passed, id)
	}
	err := book.Pass(ctx, u, number, again, w.passed)
	clear(w.twice)
	w.passed, w.leave = w.passed[:0], false
	return err
}

// Twice notes that a record was read, and whether it was left out.
func (w *Watch) Twice(key string, left bool) {
	if w == nil || w.left == nil || key == "" || !left && len(w.left) == 0 {
		return
	}
	h := xxh3.HashString(key)
	if w.left[h] {
		w.twice[key] = left
	}
	if left {
		w.left[h], w.leave = true, true
	}
}

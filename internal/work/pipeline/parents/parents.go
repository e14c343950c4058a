// Package parents knows what a target keeps of the records that other records
// refer to: the ledger's word, and that of the attempt itself. Start at Known.
package parents

import (
	"context"
	"maps"
	"slices"
	"sync"

	"godwit/internal/connector"
	"godwit/internal/fault"
	"godwit/internal/record"
	"godwit/internal/work/pipeline/mapping"
)

// Book is where it is remembered.
type Book interface {
	// Find gives what is kept of records by their keys; nothing of those that wait
	// themselves. Others of which nothing is kept are not in it.
	Find(ctx context.Context, p record.Place, keys []string) (map[string]record.Remembered, error)
	// Aliases gives the keys that others have become, by the old ones; of most keys
	// there is none.
	Aliases(ctx context.Context, p record.Place, keys []string) (map[string][]string, error)
}

// most is how many records are held in memory. When there are more it is begun
// anew: what is not held is asked for again.
const most = 1_000_000

// Known is what one attempt at a unit knows. What is not known is not held: it
// may come at any time. Safe for concurrent use.
type Known struct {
	book Book
	at   record.Place // of all entities
	own  Own
	mu   sync.RWMutex
	held map[string]map[string]any // by entity and key
	n    int
	wait map[record.Reference]bool // by entity and key, as of the last time they were asked for
	// Of rows that only stand in for records.
	stubs map[record.Reference]any
	seen  int // times that all was forgotten
	// Of keys that others have become: today's, and why there is none.
	became map[record.Reference]string
	odd    map[record.Reference]why
	// What the ledger said and nobody has looked for yet, what of it does not hold at
	// the target, and what the tables are that this was held against.
	unproved map[record.Reference]told
	lost     map[record.Reference]lost
	tables   map[connector.KnownBy]connector.Standing
}

// why a key leads to no record, and the rule that it breaks.
type why struct{ rule, text string }

// Seen tells what was known before all was forgotten from what is known now.
func (k *Known) Seen() int {
	if k == nil {
		return 0
	}
	k.mu.RLock()
	defer k.mu.RUnlock()
	return k.seen
}

// Forget takes nothing for known any more: the target may have lost it.
func (k *Known) Forget() {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.held, k.n, k.wait = map[string]map[string]any{}, 0, map[record.Reference]bool{}
	k.stubs, k.unproved, k.lost = map[record.Reference]any{}, map[record.Reference]told{}, map[record.Reference]lost{}
	k.seen++
}

// Own is what is different of records of a load's own entity when their table comes to
// hold these and no others; nothing of one that does not.
type Own struct {
	Entity string
	By     string // how record.Remembered.By of the load's step begins: what others told of goes away
	Beside bool   // until all of them are there they stand beside their table: they are not looked for in it
}

// New knows nothing yet. Only connection, environment and database of the place
// count.
func New(book Book, at record.Place, own Own) *Known {
	return &Known{book: book, at: at, own: own, held: map[string]map[string]any{}, wait: map[record.Reference]bool{},
		became: map[record.Reference]string{}, odd: map[record.Reference]why{}, stubs: map[record.Reference]any{},
		unproved: map[record.Reference]told{}, lost: map[record.Reference]lost{}, tables: map[connector.KnownBy]connector.Standing{}}
}

// Kept is mapping.Parents'.
func (k *Known) Kept(entity, key string, stub bool) (any, bool) {
	k.mu.RLock()
	defer k.mu.RUnlock()
	key = k.now(entity, key)
	v, known := k.held[entity][key]
	if !known && stub {
		v, known = k.stubs[record.Reference{Entity: entity, Key: key}]
	}
	return v, known
}

// Now is the key that a record has today, as far as it was asked for.
func (k *Known) Now(entity, key string) string {
	k.mu.RLock()
	defer k.mu.RUnlock()
	return k.now(entity, key)
}

// now is the key that a record has today, as far as it was asked for.
func (k *Known) now(entity, key string) string {
	if now, is := k.became[record.Reference{Entity: entity, Key: key}]; is {
		return now
	}
	return key
}

// Odd is mapping.Parents'.
func (k *Known) Odd(entity, key string) (rule, text string) {
	k.mu.RLock()
	defer k.mu.RUnlock()
	w := k.odd[record.Reference{Entity: entity, Key: key}]
	return w.rule, w.text
}

// Waits reports whether a record waits itself for another one.
func (k *Known) Waits(entity, key string) bool {
	k.mu.RLock()
	defer k.mu.RUnlock()
	return k.wait[record.Reference{Entity: entity, Key: k.now(entity, key)}]
}

// Add notes what was written just now: it is there for those that are written
// behind it, in the same transaction or later.
func (k *Known) Add(entity, key string, v any) {
	k.mu.Lock()
	defer k.mu.Unlock()
	at := record.Reference{Entity: entity, Key: key}
	delete(k.unproved, at)
	delete(k.lost, at)
	k.add(entity, key, v)
}

func (k *Known) add(entity, key string, v any) {
	if k.n >= most {
		k.held, k.n = map[string]map[string]any{}, 0
	}
	if k.held[entity] == nil {
		k.held[entity] = map[string]any{}
	}
	k.held[entity][key] = v
	k.n++
}

// AddStub notes a row that stands in for a record until that comes: who may not
// refer to it waits.
func (k *Known) AddStub(entity, key string, v any) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.addStub(entity, key, v)
}

func (k *Known) addStub(entity, key string, v any) {
	if len(k.stubs) >= most {
		clear(k.stubs)
	}
	k.stubs[record.Reference{Entity: entity, Key: key}] = v
	k.wait[record.Reference{Entity: entity, Key: key}] = true
}

// Refuse notes that nothing can stand in for a record, and why.
func (k *Known) Refuse(entity, key, text string) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.odd[record.Reference{Entity: entity, Key: key}] = why{"ref", text}
}

// Ask asks the ledger for what records refer to; what is known already it does
// not ask for.
func (k *Known) Ask(ctx context.Context, refs []record.Reference) error {
	wanted := map[string]map[string]bool{}
	for _, r := range refs {
		if _, known := k.Kept(r.Entity, r.Key, r.Orphan == mapping.Stand); known {
			continue
		}
		if wanted[r.Entity] == nil {
			wanted[r.Entity] = map[string]bool{}
		}
		wanted[r.Entity][r.Key] = true
	}
	for entity, set := range wanted {
		if err := k.find(ctx, entity, slices.Collect(maps.Keys(set))); err != nil {
			return err
		}
	}
	return nil
}

// several notes that a key, or those that became it, lead to no one record.
func (k *Known) several(entity, key string) {
	several := why{"alias", "is the key of several records of " + entity}
	k.mu.Lock()
	defer k.mu.Unlock()
	k.odd[record.Reference{Entity: entity, Key: key}] = several
	for was, now := range k.became {
		if was.Entity == entity && now == key {
			k.odd[was] = several
		}
	}
}

// find asks for records of an entity by their keys, or those that they have now.
func (k *Known) find(ctx context.Context, entity string, keys []string) error {
	p := k.at
	p.Entity = entity
	keys, err := k.follow(ctx, p, keys)
	if err != nil {
		return err
	}
	found, err := k.book.Find(ctx, p, keys)
	if err != nil {
		return fault.Wrap(err, "look up %d records of %s", len(keys), entity)
	}
	k.mu.Lock()
	for _, key := range keys {
		at := record.Reference{Entity: entity, Key: key}
		if r, known := found[key]; known && len(r.Kept) == 0 {
			k.wait[at] = true
		} else {
			delete(k.wait, at)
		}
	}
	k.mu.Unlock()
	for key, r := range found {
		if len(r.Kept) == 0 {
			continue
		}
		if err := k.take(p, key, r); err != nil {
			return err
		}
	}
	return nil
}

// take takes what the ledger says of a record for known, if it may be believed.
func (k *Known) take(p record.Place, key string, r record.Remembered) error {
	kept, err := record.ReadKept(r.Kept)
	if err != nil {
		return fault.New(fault.Data, "ledger.damaged", "what is kept of %s/%s cannot be read: %w", p.Entity, key, err)
	}
	if kept.Several() {
		k.several(p.Entity, key)
		return nil
	}
	v, one := kept.Only()
	if !one {
		return fault.New(fault.Config, "ref.several", "a record of %s is known by several values at %s: a field holds one", p.Entity, p.At).
			Hint("the table of %s needs a key of one column to be referred to", p.Entity)
	}
	t := told{Remembered: r, value: v}
	for _, row := range kept { // the only one, or none of a row
		for column := range row {
			t.column = column
		}
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	at := record.Reference{Entity: p.Entity, Key: key}
	if _, written := k.held[p.Entity][key]; written || !k.holds(at, t) { // written: just now, by the attempt itself
		return nil
	}
	if kept.Stub() {
		k.addStub(p.Entity, key, v)
	} else {
		k.add(p.Entity, key, v)
	}
	return nil
}

package produce

import (
	"context"
	"slices"

	"godwit/internal/connector"
	"godwit/internal/fault"
	"godwit/internal/record"
	"godwit/internal/unit/calls"

	"github.com/zeebo/xxh3"
)

// Book is the ledger's side.
type Book interface {
	// Standing gives how records stand at a place beyond runs, and how far calls of
	// theirs have come; of one that nothing is known of there is none.
	Standing(ctx context.Context, by calls.Claimant, at record.Place, keys []string) (map[string]calls.Standing, error)
	// Draft begins to keep the items of a unit's chunk.
	Draft(unit string, chunk int) calls.Draft
	// Spooled are the chunks of a unit that are kept.
	Spooled(ctx context.Context, unit string) ([]int, error)
	// Items gives those of some partitions that units have produced.
	Items(ctx context.Context, units []string, parts []int) (calls.Items, error)
	// Known gives keys, in their order, of records that a step has delivered, in this
	// run or those before of the same flow and inputs: at most n, behind a key.
	Known(ctx context.Context, at record.Place, step, after string, n int) ([]string, error)
}

// Most that a chunk has where it may end, and that of it stands in memory.
const (
	mostItems = 20_000
	mostBytes = 16 << 20
)

// mostChanged are the keys that a unit holds in memory, some 20 bytes each. A variable, so
// that binaries built for tests can hold few.
var mostChanged = 1 << 20

// Target takes the records of one unit.
type Target struct {
	spec    *Spec
	book    Book
	unit    string
	mapped  mapped
	source  *record.Encoder
	program *calls.Program
	names   []string        // fields as they are read
	changed map[uint64]bool // keys, hashed, of which the target has something else than was spooled last
	unsure  bool            // not all of them are in changed: nothing is called unchanged here any more
}

// New makes the target of a unit.
func New(spec *Spec, book Book, unit string, columns []string) (*Target, error) {
	t := &Target{spec: spec, book: book, unit: unit, mapped: newMapped(columns), source: record.NewEncoder(spec.Schema), changed: map[uint64]bool{}}
	var err error
	if t.program, err = spec.Program(); err != nil {
		return nil, fault.New(fault.Internal, "unit.spec", "%s: %w", unit, err)
	}
	for _, f := range spec.Schema.Fields {
		t.names = append(t.names, f.Name)
	}
	return t, nil
}

// Marks are the unit's chunks that are kept.
func (t *Target) Marks(ctx context.Context, run string) ([]record.Mark, error) {
	numbers, err := t.book.Spooled(ctx, t.unit)
	t.unsure = t.unsure || len(numbers) > 0
	var marks []record.Mark
	for _, n := range numbers {
		marks = append(marks, record.Mark{MarkKey: record.MarkKey{Run: run, Unit: t.unit, Chunk: n}})
	}
	return marks, fault.Wrap(err, "look what is spooled")
}

// BeginRecords begins a chunk. Of the transaction only Commit and Close are there:
// a load asks for nothing else.
func (t *Target) BeginRecords(_ context.Context, marks []record.MarkKey) (connector.Transaction, connector.RecordLoad, error) {
	c := &chunk{of: t, draft: t.book.Draft(t.unit, marks[0].Chunk)}
	return c, c, nil
}

// chunk collects what a chunk spools.
type chunk struct {
	connector.Transaction
	of    *Target
	draft calls.Draft
	page  []spooled       // of the page that is at work
	items []calls.Spooled // of those before it, that are not in the draft yet
	held  int             // bytes of both
	count int             // of all
	bytes int
	seen  []byte // keys that were read, hashed
	twins []byte // of items, where there are groups
}

// Full reports whether it has to end.
func (c *chunk) Full() bool { return c.count >= mostItems || c.bytes >= mostBytes }

// WriteRecords spools records. Those that were delivered as they are now are equal,
// the others pending.
func (c *chunk) WriteRecords(ctx context.Context, _ string, _ []connector.Into, page []record.Mapped) ([]connector.Became, error) {
	keys := make([]string, len(page))
	for i := range page {
		keys[i] = page[i].Record.Key
	}
	standing, err := c.of.book.Standing(ctx, calls.Claimant{}, c.of.spec.Place, keys)
	if err != nil {
		return nil, fault.Wrap(err, "look up how %d records of %s stand", len(page), c.of.spec.Entity)
	}
	became := make([]connector.Became, len(page))
	for i := range page {
		item, err := c.of.item(&page[i])
		if err != nil {
			return nil, err
		}
		was, h := standing[item.Key], xxh3.HashString(item.Key)
		if was.Hash == item.Hash && len(was.Calls) == 0 && !c.of.changed[h] && !c.of.unsure { // else it is decided when it is its turn
			became[i].Outcome = record.Equal
			continue
		}
		if was.Hash != 0 && !c.of.unsure {
			c.of.changed[h] = true
			if c.of.unsure = len(c.of.changed) > mostChanged; c.of.unsure {
				c.of.changed = nil
			}
		}
		became[i].Outcome = record.Pending
		if err := c.behind(page[i].Record.Order); err != nil {
			return nil, err
		}
		c.put(item)
	}
	return became, nil
}

func (t *Target) item(m *record.Mapped) (i *calls.Texts, err error) {
	i = &calls.Texts{Key: m.Record.Key, Group: m.Record.Group, Turn: m.Record.Turn}
	if !t.spec.Anew {
		i.Exception = m.Record.Exception
	}
	slots := m.Record.AsRead()
	doc, err := record.EncodeValue(t.program.Part(t.names, func(name string) any { return slots[slices.Index(t.names, name)] }))
	if err == nil {
		room := m.Record.Size + m.Record.Size/4 + 512
		both := append(make([]byte, 0, room), '[') // what the hash is of is a list of both
		if both, err = t.mapped.append(both, m.Rows[0].Slots); err == nil {
			n := len(both)
			both = append(append(append(both, ','), doc...), ']')
			i.Record, i.Doc, i.Hash = both[1:n], doc, max(1, xxh3.Hash(both)) // 0 is none
			i.Source, err = t.source.Append(make([]byte, 0, room), slots)
		}
	}
	if err != nil {
		return nil, fault.New(fault.Internal, "record.state", "spool %s/%s: %w", t.spec.Entity, i.Key, err)
	}
	return i, nil
}

// add puts what is in memory into the draft.
func (c *chunk) add() error {
	err := c.draft.Add(c.items)
	clear(c.items)
	c.items, c.held = c.items[:0], 0
	return err
}

// Commit keeps the chunk, durably.
func (c *chunk) Commit(context.Context, []record.Account) error {
	if c.seen != nil {
		c.items = append(c.items, calls.Spooled{Part: calls.Seen, Text: c.seen})
	}
	if c.twins != nil {
		c.items = append(c.items, calls.Spooled{Part: calls.Twins, Text: c.twins})
	}
	if err := c.add(); err != nil {
		return err
	}
	return c.draft.Keep()
}

// Close forgets what was not kept.
func (c *chunk) Close() error {
	c.items, c.page = nil, nil
	c.draft.Drop()
	return nil
}

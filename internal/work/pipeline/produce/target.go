package produce

import (
	"context"
	"slices"

	"godwit/internal/connector"
	"godwit/internal/expression/path"
	"godwit/internal/fault"
	"godwit/internal/record"
	"godwit/internal/unit/calls"

	"github.com/zeebo/xxh3"
)

// Book is the ledger's side.
type Book interface {
	// Standing gives how records stand at a place beyond runs, and how far calls of
	// theirs have come; of one that nothing is known of there is none.
	Standing(ctx context.Context, at record.Place, keys []string) (map[string]calls.Standing, error)
	// Spool keeps the items of a unit's chunk, in order within a partition, instead
	// of what was kept for it before: durably, when it returns.
	Spool(ctx context.Context, unit string, chunk int, items []calls.Spooled) error
	// Spooled are the chunks of a unit that are kept.
	Spooled(ctx context.Context, unit string) ([]int, error)
	// Items gives those of some partitions that units have produced.
	Items(ctx context.Context, units []string, parts []int) (calls.Items, error)
	// Known gives keys, in their order, of records that a step has delivered, in this
	// run or those before of the same flow and inputs: at most n, behind a key.
	Known(ctx context.Context, at record.Place, step, after string, n int) ([]string, error)
}

// Most that is held of a chunk before it is kept: what is spooled stands in memory
// until then.
const (
	mostItems = 20_000
	mostBytes = 16 << 20
)

// Target takes the records of one unit.
type Target struct {
	spec    *Spec
	book    Book
	unit    string
	columns []string // of the mapped records
	program *calls.Program
	names   []string // fields as they are read
	group   path.Path
	changed map[uint64]bool // keys, hashed, of which the target has something else than was spooled last
}

// New makes the target of a unit.
func New(spec *Spec, book Book, unit string, columns []string) (*Target, error) {
	t := &Target{spec: spec, book: book, unit: unit, columns: columns, changed: map[uint64]bool{}}
	var err error
	if t.program, err = spec.Program(); err != nil {
		return nil, fault.New(fault.Internal, "unit.spec", "%s: %w", unit, err)
	}
	if t.group, err = spec.group(); err != nil {
		return nil, err
	}
	for _, f := range spec.Schema.Fields {
		t.names = append(t.names, f.Name)
	}
	return t, nil
}

// Marks are the unit's chunks that are kept.
func (t *Target) Marks(ctx context.Context, run string) ([]record.Mark, error) {
	numbers, err := t.book.Spooled(ctx, t.unit)
	var marks []record.Mark
	for _, n := range numbers {
		marks = append(marks, record.Mark{MarkKey: record.MarkKey{Run: run, Unit: t.unit, Chunk: n}})
	}
	return marks, fault.Wrap(err, "look what is spooled")
}

// BeginRecords begins a chunk. Of the transaction only Commit and Close are there:
// a load asks for nothing else.
func (t *Target) BeginRecords(_ context.Context, marks []record.MarkKey) (connector.Transaction, connector.RecordLoad, error) {
	c := &chunk{of: t, number: marks[0].Chunk}
	return c, c, nil
}

// chunk collects what a chunk spools.
type chunk struct {
	connector.Transaction
	of     *Target
	number int
	items  []calls.Spooled
	bytes  int
	seen   []byte // keys that were read, hashed
}

// Full reports whether it has to end.
func (c *chunk) Full() bool { return len(c.items) >= mostItems || c.bytes >= mostBytes }

// WriteRecords spools records. Those that were delivered as they are now are equal,
// the others pending.
func (c *chunk) WriteRecords(ctx context.Context, _ string, _ []connector.Into, page []record.Mapped) ([]connector.Became, error) {
	keys := make([]string, len(page))
	for i := range page {
		keys[i] = page[i].Record.Key
	}
	standing, err := c.of.book.Standing(ctx, c.of.spec.Place, keys)
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
		if was.Hash == item.Hash && len(was.Calls) == 0 && !c.of.changed[h] {
			became[i].Outcome = record.Equal
			continue
		}
		if was.Hash != 0 {
			c.of.changed[h] = true
		}
		text, err := item.Encode()
		if err != nil {
			return nil, fault.New(fault.Internal, "record.state", "spool %s/%s: %w", c.of.spec.Entity, item.Key, err)
		}
		became[i].Outcome = record.Pending
		c.items = append(c.items, calls.Spooled{Part: part(item), Text: text})
		c.bytes += len(text)
	}
	return became, nil
}

// part is the partition of a record: that of its group, so that there is one order.
func part(i *calls.Item) int {
	of := i.Group
	if of == "" {
		of = i.Key
	}
	return int(xxh3.HashString(of) % calls.Partitions)
}

func (t *Target) item(m *record.Mapped) (*calls.Item, error) {
	i := &calls.Item{Key: m.Record.Key, Record: record.Object{}}
	if !t.spec.Anew {
		i.Exception = m.Record.Exception
	}
	for n, name := range t.columns {
		if v := m.Rows[0].Slots[n]; v != record.Missing {
			i.Record[name] = v
		}
	}
	slots := m.Record.AsRead()
	i.Doc = t.program.Part(t.names, func(name string) any { return slots[slices.Index(t.names, name)] })
	if t.group != nil {
		if v := value(t.spec.Schema, slots, t.group); v != nil {
			i.Group = record.KeyText(v)
		}
	}
	text, err := record.EncodeValue([]any{i.Record, i.Doc})
	if err == nil {
		i.Hash = max(1, xxh3.Hash(text)) // 0 is none
		i.Source, err = record.Encode(t.spec.Schema, slots)
	}
	if err != nil {
		return nil, fault.New(fault.Internal, "record.state", "spool %s/%s: %w", t.spec.Entity, i.Key, err)
	}
	return i, nil
}

// Commit keeps the chunk, durably.
func (c *chunk) Commit(ctx context.Context, _ []record.Account) error {
	items := c.items
	if c.seen != nil {
		items = append(items, calls.Spooled{Part: calls.Seen, Text: c.seen})
	}
	return c.of.book.Spool(ctx, c.of.unit, c.number, items)
}

// Close forgets what was not kept.
func (c *chunk) Close() error {
	c.items = nil
	return nil
}

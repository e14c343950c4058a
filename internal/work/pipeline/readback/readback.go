// Package readback compares records with what an API says of them: the object of
// each, and what calls have made for it beside that. It sends only what reads; with
// Repair the ledger is told what the next delivery has to mend. Start at Open.
package readback

import (
	"context"
	"sync"

	"godwit/internal/catalog"
	"godwit/internal/connector"
	"godwit/internal/expression"
	"godwit/internal/fault"
	"godwit/internal/record"
	"godwit/internal/unit/calls"

	"golang.org/x/sync/errgroup"
)

// Book is the ledger's side.
type Book interface {
	// Standing gives how records stand at a place beyond runs, and how far calls of
	// theirs have come; of one that nothing is known of there is none.
	Standing(ctx context.Context, by calls.Claimant, at record.Place, keys []string) (map[string]calls.Standing, error)
	// Anew changes what is known of records, so that their next delivery mends what is
	// not at the target as it was delivered. It may be called twice. By nobody: only of
	// those that stand as they did when they were compared.
	Anew(ctx context.Context, by calls.Claimant, at record.Place, list []calls.Anew) error
}

// atOnce is how many records are read at the same time; the connection's limits say how many
// requests there are.
const atOnce = 16

// Page is how many records are compared without a pause to look whether they still
// should be.
const Page = 100

// Into are the things that stand for a record, for people and for counting: its
// object first, then what each call has made that is read back.
func Into(d *calls.Delivery, key []string) (list []catalog.Into) {
	name := "key"
	if len(key) == 1 {
		name = key[0]
	}
	if d.Read != nil {
		list = append(list, catalog.Into{Table: catalog.Name{Schema: d.To, Object: d.Entity}, Key: []string{name}})
	}
	for _, c := range d.Calls {
		if c.Read == nil {
			continue
		}
		to := catalog.Into{Table: catalog.Name{Schema: d.To, Object: d.Entity + "/" + c.Name}, Key: []string{name}}
		if c.Each != "" {
			to.Key = append(to.Key, c.Name)
		}
		list = append(list, to)
	}
	return list
}

// Problem says why a delivery cannot be read back, empty when it can.
func Problem(list []calls.Call, read *calls.Read) string {
	for _, c := range list {
		if c.Read != nil {
			return ""
		}
	}
	if read == nil {
		return "nothing says how what was given to the API is read: write read in to, or in one of the calls"
	}
	return ""
}

// Comparison is a connector.RecordComparison of objects behind an API.
type Comparison struct {
	d       *calls.Delivery
	program *calls.Program
	columns []string // of the mapped records
	names   []string // of fields as they are read
	book    Book
	caller  connector.Lister
	open    connector.Opener
	patient *patience

	anew []calls.Anew // records of which something differs

	records int64 // that were compared
	all     connector.Compared
	mu      sync.Mutex
	idle    []*expression.Machine
}

// Open begins a comparison with what was given to calls.
func Open(ctx context.Context, open connector.Opener, d *calls.Delivery, columns []string, book Book) (*Comparison, error) {
	c := &Comparison{d: d, columns: columns, book: book, open: open, patient: newPatience()}
	var err error
	if c.program, err = d.Program(); err != nil {
		return nil, fault.New(fault.Internal, "unit.spec", "%s: %w", d.Entity, err)
	}
	for _, f := range d.Schema.Fields {
		c.names = append(c.names, f.Name)
	}
	c.all.Tables = make([]connector.ComparedTable, len(Into(d, nil)))
	c.caller, err = connector.Capable[connector.Lister](ctx, open, d.To, "take calls")
	return c, err
}

// Compare is the connector.RecordComparison's.
func (c *Comparison) Compare(ctx context.Context, page []record.Mapped) ([]connector.Unlike, error) {
	keys := make([]string, len(page))
	for i := range page {
		keys[i] = page[i].Record.Key
	}
	standing, err := c.book.Standing(ctx, calls.Claimant{}, c.d.Place, keys)
	if err != nil {
		return nil, fault.Wrap(err, "look up how %d records of %s stand", len(page), c.d.Entity)
	}
	found := make([]*comparing, len(page))
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(atOnce)
	for i := range page {
		g.Go(func() error {
			m := c.machine()
			found[i] = &comparing{c: c, m: m, key: keys[i], counts: make([]connector.ComparedTable, len(c.all.Tables))}
			err := found[i].record(ctx, &page[i], standing[keys[i]])
			c.mu.Lock()
			c.idle = append(c.idle, m)
			c.mu.Unlock()
			return fault.Wrap(err, "read %s/%s", c.d.Entity, keys[i])
		})
	}
	if err := g.Wait(); err != nil {
		return nil, err
	}
	var list []connector.Unlike
	told := make([]int, len(c.all.Tables))
	for i, f := range found {
		for n, t := range f.counts {
			of := &c.all.Tables[n]
			of.Equal, of.Changed, of.Missing, of.Extra = of.Equal+t.Equal, of.Changed+t.Changed, of.Missing+t.Missing, of.Extra+t.Extra
		}
		if a := f.anew(standing[keys[i]]); a != nil {
			c.anew = append(c.anew, *a)
		}
		for _, u := range f.unlike {
			u.Record = c.records + int64(i)
			switch {
			case u.What == connector.RowExtra:
				c.extra(u)
			case told[u.Into] < connector.MostUnlike:
				told[u.Into]++
				list = append(list, u)
			}
		}
	}
	c.records += int64(len(page))
	return list, nil
}

// extra keeps one that no record stands for, of each kind the first ones.
func (c *Comparison) extra(u connector.Unlike) {
	n := 0
	for _, e := range c.all.Extra {
		if e.Into == u.Into {
			n++
		}
	}
	if n < connector.MostUnlike {
		c.all.Extra = append(c.all.Extra, u)
	}
}

func (c *Comparison) machine() *expression.Machine {
	c.mu.Lock()
	defer c.mu.Unlock()
	if n := len(c.idle); n > 0 {
		m := c.idle[n-1]
		c.idle = c.idle[:n-1]
		return m
	}
	return expression.NewMachine(c.program.Env)
}

// Result is the connector.RecordComparison's. None is told to be replaced.
func (c *Comparison) Result(context.Context, []int64) (*connector.Compared, error) {
	return &c.all, nil
}

// Close has nothing to end.
func (c *Comparison) Close() error { return nil }

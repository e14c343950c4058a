// Package alias reads which keys of an entity became which others, before its
// records are loaded, so that whoever refers to an old one finds the new one. Start
// at Spec.
package alias

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"time"

	"godwit/internal/catalog"
	"godwit/internal/connector"
	"godwit/internal/fault"
	"godwit/internal/record"
	"godwit/internal/unit"
)

// Kind is that of the unit, Noted the tag that others wait for.
const (
	Kind  = "alias"
	Noted = "aliased"
)

// Place is where a flow says that they are: records with an old and a new key.
type Place struct {
	At      string            `flow:"at,required,name" help:"connection"`
	Table   string            `flow:"table" help:"table, as schema.table"`
	Where   string            `flow:"where,sql" help:"which of its rows"`
	Query   string            `flow:"query,sql" help:"statement that gives them, or a file that ends in .sql; :path binds a value in scope"`
	With    map[string]string `flow:"with,exprs" help:"values for :names in query and where"`
	Objects string            `flow:"objects" help:"of files: one of them, or a pattern with * and ?"`
	Format  string            `flow:"format" enum:"csv,ndjson,json" help:"of files: what they hold; default by their names"`
	Old     string            `flow:"old" default:"old" help:"field that holds a key that records had"`
	New     string            `flow:"new" default:"new" help:"field that holds the key that they have now"`
	Args    []byte            `flow:",args"`
}

// Problem says what is wrong with it, "" nothing.
func (p *Place) Problem() string {
	n := 0
	for _, text := range []string{p.Table, p.Query, p.Objects} {
		if text != "" {
			n++
		}
	}
	switch {
	case n != 1:
		return "alias needs one of table, query and objects"
	case p.Where != "" && p.Table == "":
		return "where belongs to a table: a query has its own"
	case p.Format != "" && p.Objects == "":
		return "format belongs to objects"
	}
	if p.Table != "" {
		if _, err := catalog.ParseName(p.Table); err != nil {
			return err.Error()
		}
	}
	return ""
}

// Spec is a unit of kind Kind.
type Spec struct {
	From  string          `json:"from"`
	Query catalog.Query   `json:"query"`
	Args  json.RawMessage `json:"args,omitempty"` // as record.EncodeValue wrote them
	Old   string          `json:"old"`
	New   string          `json:"new"`
	Place record.Place    `json:"place"` // of the entity
}

// Unit is the one of a step that reads them.
func (p *Place) Unit(step string, of record.Place) (unit.Unit, error) {
	s := Spec{From: p.At, Query: catalog.Query{Where: p.Where, SQL: p.Query, Objects: p.Objects, Format: p.Format}, Args: p.Args, Old: p.Old, New: p.New, Place: of}
	if p.Table != "" {
		var err error
		if s.Query.Table, err = catalog.ParseName(p.Table); err != nil {
			return unit.Unit{}, err
		}
	}
	return unit.Unit{ID: unit.ID(step, Kind, of.Entity, 1), Step: step, Kind: Kind, Entity: of.Entity, Class: "other", Weight: 1,
		Tags: []string{Noted}, Spec: unit.Body(s)}, nil
}

// Book is where they are remembered.
type Book interface {
	// Alias notes all pairs of old and new key of a place that a step tells, instead
	// of what that step told before.
	Alias(ctx context.Context, step string, p record.Place, pairs [][2]string) error
}

// most is how many are read: all of them are held in memory.
const most = 1_000_000

// Executor does units of kind Kind. Done twice it notes the same, or what has
// changed since.
func Executor(open connector.Opener, book Book) unit.Executor { return &reader{open, book} }

type reader struct {
	open connector.Opener
	book Book
}

// Done finds nothing out: to note them again costs little.
func (*reader) Done(context.Context, unit.Unit, unit.Lease) (unit.Effect, error) {
	return unit.Effect{}, nil
}

// Do reads all of them, and notes them at once.
func (x *reader) Do(ctx context.Context, u unit.Unit, l unit.Lease, report unit.Report) (unit.Result, error) {
	var s Spec
	if err := json.Unmarshal(u.Spec, &s); err != nil {
		return unit.Result{}, fault.New(fault.Internal, "unit.spec", "%s: read spec: %w", u.ID, err)
	}
	pairs, err := x.read(ctx, s, l, func(n int) {
		report.Progress(unit.Progress{Unit: u.ID, At: time.Now(), Rows: int64(n), Total: 1, Doing: "read aliases"})
	})
	if err != nil {
		return unit.Result{}, fault.Wrap(err, "read aliases of %s", s.Place.Entity)
	}
	report.At("alias.read")
	if err := x.book.Alias(ctx, u.Step, s.Place, pairs); err != nil {
		return unit.Result{}, err
	}
	report.At("alias.noted")
	return unit.Result{}, nil
}

func (x *reader) read(ctx context.Context, s Spec, l unit.Lease, tell func(int)) (pairs [][2]string, err error) {
	source, err := connector.Capable[connector.RecordSource](ctx, x.open, s.From, "be read record by record")
	if err != nil {
		return nil, err
	}
	if s.Query.Args, err = unit.Frozen(s.Args); err != nil {
		return nil, err
	}
	r, err := source.ReadRecords(ctx, s.Query, l.Snapshot(s.From))
	if err != nil {
		return nil, err
	}
	defer r.Close()
	was, is := r.Schema().Index(s.Old), r.Schema().Index(s.New)
	for name, slot := range map[string]int{s.Old: was, s.New: is} {
		if slot < 0 {
			return nil, fault.New(fault.Config, "query.invalid", "alias: the records have no field %q", name).Hint("old and new name the fields")
		}
	}
	for {
		page, err := r.Next(ctx)
		if errors.Is(err, io.EOF) {
			return pairs, nil
		}
		if err != nil {
			return nil, err
		}
		for i := range page.Records {
			slots := page.Records[i].Slots
			if page.Records[i].Broken != nil || empty(slots[was]) || empty(slots[is]) {
				return nil, fault.New(fault.Data, "alias.invalid", "record %d of the aliases has no old or no new key", len(pairs)+1).Hint("mend it at %s, or leave it out by where", s.From)
			}
			pairs = append(pairs, [2]string{text(slots[was]), text(slots[is])})
		}
		if len(pairs) > most {
			return nil, fault.New(fault.Config, "alias.invalid", "there are more than %d aliases", most).Hint("where takes those that are still referred to")
		}
		tell(len(pairs))
	}
}

func empty(v any) bool { return v == nil || v == record.Missing }

// text is a key as records have it; of several columns it is a list.
func text(v any) string {
	if list, is := v.([]any); is {
		return record.KeyText(list...)
	}
	return record.KeyText(v)
}

// Package held keeps what a load writes back at its target until all of its
// records are read: all rows of a replacement, or the keys that tell which rows
// are gone. It knows what stands around a load, not what a load is. Start at
// Place.Units and Executors.
package held

import (
	"context"
	"encoding/json"
	"slices"

	"godwit/internal/catalog"
	"godwit/internal/connector"
	"godwit/internal/fault"
	"godwit/internal/record"
	"godwit/internal/unit"
)

// Kinds of units about what a step holds back at its target until all of its
// records are read.
const (
	kindStage   = "stage"   // makes the tables for it
	kindPublish = "publish" // makes the targets hold it and nothing else
	kindGone    = "gone"    // deletes or marks the rows whose keys were not read
)

// Kinds says what units of these kinds are like.
func Kinds(all map[string]unit.Kind) map[string]unit.Kind {
	all[kindStage], all[kindGone], all[kindPublish] = unit.Kind{Marked: true}, unit.Kind{Marked: true}, unit.Kind{Marked: true, Publishes: true}
	return all
}

// Spec is a unit of these kinds.
type Spec struct {
	To    string         `json:"to"`
	Into  []catalog.Into `json:"into"`
	Gone  string         `json:"gone,omitempty"`  // what to do with rows that are gone; "" = rows are replaced
	Mark  string         `json:"mark,omitempty"`  // column that says so
	Loads []string       `json:"loads,omitempty"` // units whose records are read
	// Remembered is the place of records that are remembered beyond the run.
	Remembered *record.Place `json:"remembered,omitempty"`
}

// Changed is what such a unit leaves behind for people.
type Changed struct {
	Tables  []connector.Published `json:"tables,omitempty"`
	Gone    string                `json:"gone,omitempty"`
	Table   string                `json:"table,omitempty"` // whose rows are gone
	Removed connector.Removed     `json:"removed,omitzero"`
}

// Book is the ledger's side: the chunks of a load's unit.
type Book interface {
	Chunks(ctx context.Context, id string) ([]record.Chunk, error)
	// Emptied says that a place holds no records any more but those that these
	// units have read. It may be called twice.
	Emptied(ctx context.Context, p record.Place, loads []string) error
}

// Executors adds those of these kinds to a load's.
func Executors(open connector.Opener, book Book, all map[string]unit.Executor) map[string]unit.Executor {
	x := &held{open: open, book: book}
	all[kindStage], all[kindPublish], all[kindGone] = x, x, x
	return all
}

// held does units of these kinds.
type held struct {
	open connector.Opener
	book Book
}

// Done looks for the mark, which has the numbers too.
func (x *held) Done(ctx context.Context, u unit.Unit, l unit.Lease) (unit.Effect, error) {
	spec, target, err := x.begin(ctx, u)
	if err != nil {
		return unit.Effect{}, err
	}
	marks, err := target.Marks(ctx, l.Run)
	if err != nil {
		return unit.Effect{}, fault.Wrap(err, "read marks at %s", spec.To)
	}
	marks = slices.DeleteFunc(marks, func(m record.Mark) bool { return m.Unit != u.ID })
	if len(marks) == 0 {
		return unit.Effect{}, nil
	}
	slices.SortFunc(marks, func(a, b record.Mark) int { return a.Chunk - b.Chunk })
	var n []int64
	for _, m := range marks {
		n = append(n, m.Read, m.Applied)
	}
	return unit.Effect{State: unit.Complete, Result: spec.result(u.Kind, n)}, nil
}

// Do works in one transaction with its marks: it is there as a whole, or not.
func (x *held) Do(ctx context.Context, u unit.Unit, l unit.Lease, report unit.Report) (unit.Result, error) {
	spec, target, err := x.begin(ctx, u)
	if err != nil {
		return unit.Result{}, err
	}
	var rows int64
	for _, id := range spec.Loads {
		chunks, err := x.book.Chunks(ctx, id)
		if err != nil {
			return unit.Result{}, fault.Wrap(err, "look up chunks")
		}
		for _, c := range chunks {
			rows += c.Account.Written
		}
	}
	report.Progress(unit.Progress{Unit: u.ID, Total: 1, Doing: u.Kind})
	var marks []record.MarkKey
	for i := range spec.numbers(u.Kind) / 2 {
		marks = append(marks, record.MarkKey{Run: l.Run, Unit: u.ID, Chunk: i + 1, Generation: l.Attempt, Attempt: l.Attempt})
	}
	tx, _, err := target.BeginRecords(ctx, marks)
	if err != nil {
		return unit.Result{}, fault.Wrap(err, "begin on %s", spec.To)
	}
	defer tx.Close()
	if err := l.Check(ctx); err != nil {
		return unit.Result{}, err
	}
	report.At(u.Kind + ".begun")
	if spec.empties(u.Kind) { // before it is so: nothing must refer to rows that are gone
		if err := x.book.Emptied(ctx, *spec.Remembered, spec.Loads); err != nil {
			return unit.Result{}, fault.Wrap(err, "note which records are gone")
		}
		report.At(u.Kind + ".noted")
	}
	n, err := spec.do(ctx, u.Kind, target.Stage(tx, connector.Holder{Run: l.Run, Step: u.Step}), rows)
	if err != nil {
		return unit.Result{}, fault.Wrap(err, "%s of %s", u.Kind, spec.To)
	}
	report.At(u.Kind + ".written")
	accounts := make([]record.Account, len(marks))
	for i := range accounts {
		accounts[i] = record.Account{Chunk: i + 1, Generation: l.Attempt, Read: n[2*i], Applied: n[2*i+1]}
	}
	if err := tx.Commit(ctx, accounts); err != nil {
		return unit.Result{}, fault.Wrap(err, "commit %s on %s", u.Kind, spec.To)
	}
	report.At(u.Kind + ".committed")
	return spec.result(u.Kind, n), nil
}

func (x *held) begin(ctx context.Context, u unit.Unit) (Spec, connector.Stager, error) {
	var spec Spec
	if err := json.Unmarshal(u.Spec, &spec); err != nil {
		return spec, nil, fault.New(fault.Internal, "unit.spec", "%s: read spec: %w", u.ID, err)
	}
	target, err := connector.Capable[connector.Stager](ctx, x.open, spec.To, "hold records back")
	return spec, target, err
}

// empties reports whether it removes rows of records that are remembered.
func (s *Spec) empties(kind string) bool {
	return s.Remembered != nil && (kind == kindPublish || kind == kindGone && s.Gone == connector.GoneDelete)
}

// do gives the numbers of what it did; two of them stand in each mark.
func (s *Spec) do(ctx context.Context, kind string, stage connector.Stage, rows int64) ([]int64, error) {
	switch kind {
	case kindPublish:
		done, err := stage.Publish(ctx, s.Into, rows)
		var n []int64
		for _, t := range done {
			n = append(n, t.Rows, t.Inserted, t.Updated, t.Deleted)
		}
		return n, err
	case kindGone:
		done, err := stage.Remove(ctx, s.Into, s.Gone, s.Mark)
		return []int64{done.Rows, done.Parts, done.Back, done.Untold}, err
	}
	if s.Gone == "" {
		return []int64{0, 0}, stage.Hold(ctx, s.Into)
	}
	return []int64{0, 0}, stage.HoldKeys(ctx, s.Into, s.Gone)
}

// numbers is how many do gives.
func (s *Spec) numbers(kind string) int {
	switch kind {
	case kindPublish:
		return 4 * len(s.tables())
	case kindGone:
		return 4
	}
	return 2
}

// tables are those of into, each once, in their order.
func (s *Spec) tables() []string {
	var list []string
	for _, t := range s.Into {
		if name := t.Table.String(); !slices.Contains(list, name) {
			list = append(list, name)
		}
	}
	return list
}

// result puts the numbers into words for the report.
func (s *Spec) result(kind string, n []int64) unit.Result {
	var c Changed
	switch kind {
	case kindPublish:
		for i, name := range s.tables() {
			c.Tables = append(c.Tables, connector.Published{Table: name, Rows: n[4*i], Inserted: n[4*i+1], Updated: n[4*i+2], Deleted: n[4*i+3]})
		}
	case kindGone:
		c.Gone, c.Table = s.Gone, s.tables()[0]
		c.Removed = connector.Removed{Rows: n[0], Parts: n[1], Back: n[2], Untold: n[3]}
	default:
		return unit.Result{}
	}
	return unit.Result{Facts: unit.Body(c)}
}

package pipeline

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"godwit/internal/connector"
	"godwit/internal/fault"
	"godwit/internal/record"
	"godwit/internal/record/collector"
	"godwit/internal/unit"
	"godwit/internal/unit/calls"
	"godwit/internal/work/pipeline/alias"
	"godwit/internal/work/pipeline/assembly"
	"godwit/internal/work/pipeline/blocked"
	"godwit/internal/work/pipeline/exceptions"
	"godwit/internal/work/pipeline/groups"
	"godwit/internal/work/pipeline/held"
	"godwit/internal/work/pipeline/limit"
	"godwit/internal/work/pipeline/mapping"
	"godwit/internal/work/pipeline/parents"
	"godwit/internal/work/pipeline/produce"
	"godwit/internal/work/pipeline/recheck"
	"godwit/internal/work/pipeline/setrules"
	"godwit/internal/work/pipeline/shelf"
	"godwit/internal/work/pipeline/snapshot"
	"godwit/internal/work/pipeline/stub"
	"godwit/internal/work/pipeline/watermark"
)

// Executors returns those of the load verb, by kind of unit.
func Executors(open connector.Opener, book Book) map[string]unit.Executor {
	load := &loader{open: open, book: book, shelf: shelf.New(book), snapshots: snapshot.New(open, book)}
	return held.Executors(open, book, map[string]unit.Executor{
		"load": load, calls.KindProduce: load, calls.KindAbsent: produce.Absent(book), blocked.Release: load, alias.Kind: alias.Executor(open, book), blocked.Kind: blocked.Executor(book, releasing), "groups": groups.Executor(book), "watermark": watermark.Executor(book),
	})
}

// loader does units of kind load: all records of one range; and of kind release:
// those that were blocked.
type loader struct {
	open      connector.Opener
	book      Book
	shelf     *shelf.Shelf
	snapshots *snapshot.Watch
}

// Done finds nothing out: what an earlier attempt left is settled by Do, which
// begins behind it.
func (*loader) Done(context.Context, unit.Unit, unit.Lease) (unit.Effect, error) {
	return unit.Effect{}, nil
}

// Do loads chunk after chunk, from behind the last one that is settled. Drained
// it yields at a chunk's border. The result holds the accounts of all chunks.
func (x *loader) Do(ctx context.Context, u unit.Unit, l unit.Lease, report unit.Report) (unit.Result, error) {
	defer collector.Relax()()
	r, err := x.prepare(ctx, u, l, report)
	if err != nil {
		return unit.Result{}, err
	}
	from := r.spec.From
	if r.spec.Again != nil { // the ledger
		from = ""
	}
	ctx, leave, err := limit.Both(ctx, x.open, from, r.spec.To)
	if err != nil {
		return unit.Result{}, err
	}
	defer leave()
	if err := x.begin(ctx, r); err != nil {
		return unit.Result{}, err
	}
	defer r.close()
	yielded, err := r.run(ctx)
	if err != nil {
		return unit.Result{}, err
	}
	if yielded {
		return unit.Result{Yielded: true}, nil
	}
	chunks, err := x.book.Chunks(ctx, u.ID)
	if err != nil {
		return unit.Result{}, fault.Wrap(err, "look up chunks")
	}
	var res unit.Result
	for _, c := range chunks {
		res.Accounts = append(res.Accounts, c.Account)
		res.Open = res.Open || bad(c.Account) > 0
	}
	if res.Open { // unless somebody has accepted all of it
		n, err := x.book.Unaccepted(ctx, u.ID)
		if err != nil {
			return res, fault.Wrap(err, "look up what is accepted")
		}
		res.Open = n > 0
	}
	return res, nil
}

// prepare makes a unit's attempt, which holds nothing yet.
func (x *loader) prepare(ctx context.Context, u unit.Unit, l unit.Lease, report unit.Report) (*loading, error) {
	r := &loading{book: x.book, unit: u, lease: l, report: report, doubt: -1}
	if err := json.Unmarshal(u.Spec, &r.spec); err != nil {
		return nil, fault.New(fault.Internal, "unit.spec", "%s: read spec: %w", u.ID, err)
	}
	lookups, err := x.shelf.Of(ctx, r.spec.Map)
	if err != nil {
		return nil, err
	}
	program, err := r.spec.compile(lookups)
	if err != nil {
		return nil, err
	}
	r.program = program
	if err := r.refers(lookups); err != nil {
		return nil, err
	}
	return r, r.spec.setAside(ctx, x.open)
}

// begin puts right what earlier attempts left and opens both ends.
func (x *loader) begin(ctx context.Context, r *loading) (err error) {
	u, l := r.unit, r.lease
	if r.target, err = r.aim(ctx, x.open); err != nil {
		return err
	}
	after, err := r.recover(ctx)
	if err != nil || r.over {
		return err
	}
	if r.judge, err = r.newJudge(ctx); err != nil {
		return fault.Wrap(err, "read what records said to rules")
	}
	if r.watch, err = recheck.Open(ctx, x.book, u, r.spec.Again, r.next, r.spec.Map, r.program.Columns(0), r.spec.oneOfKey()); err != nil {
		return fault.Wrap(err, "read what records broke before")
	}
	if again, release := r.spec.Again, r.spec.Release; again != nil {
		if release == nil || !release.Taken {
			if err := exceptions.Take(ctx, x.book, *again); err != nil {
				return err
			}
			r.report.At("load.taken")
		}
		to := exceptions.Target{Into: r.spec.Into, Tables: r.spec.Tables}
		if r.reader, err = exceptions.Open(x.book, *again, to, after, release != nil); err != nil {
			return err
		}
		return r.inOrder()
	}
	if r.reader, r.point, err = r.spec.read(ctx, x.open, l, u.Step, after); err != nil {
		return err
	}
	if r.point == "" {
		r.point = fmt.Sprintf("%s %d", u.ID, l.Fence) // its own
	}
	read := snapshot.Read{Step: u.Step, From: r.spec.From, Into: r.spec.Into[0], Lost: r.spec.SnapshotLost}
	if err = x.snapshots.Notice(ctx, read, l, r.report); err == nil {
		err = r.inOrder()
	}
	if err != nil {
		r.close()
	}
	return err
}

// oneOfKey reports whether the target holds one of each key: what comes behind takes the
// place of what came before. Exceptions come again with the order that they had.
func (s *LoadSpec) oneOfKey() bool {
	return s.Again == nil && (s.Calls != nil || s.Mode == connector.ModeMerge)
}

// read opens the records, from behind a place on, and tells the point in time
// that they are read at, "" when the source knows none.
func (s *LoadSpec) read(ctx context.Context, open connector.Opener, l unit.Lease, step string, after []byte) (connector.RecordReader, string, error) {
	source, err := connector.Capable[connector.RecordSource](ctx, open, s.From, "be read record by record")
	if err != nil {
		return nil, "", err
	}
	q := s.Query
	if q.Args, err = unit.Frozen(s.Args); err != nil {
		return nil, "", err
	}
	if after != nil {
		q.After = after
	}
	r, err := source.ReadRecords(ctx, q, l.Snapshot(s.From))
	if err != nil {
		return nil, "", fault.Wrap(err, "read %s", s.From)
	}
	if u, ok := r.(connector.Unread); ok && s.Calls == nil { // whose calls may read what the map does not
		u.LeaveJSON()
	}
	at := ""
	if p, ok := r.(connector.PointInTime); ok {
		at = p.At()
	}
	if len(s.Parts) > 0 {
		r = assembly.New(r, s.Schema, s.Query.Key[0], s.sources(open, q.Args, l))
	}
	if string(encode(r.Schema())) != string(encode(s.Schema)) {
		r.Close()
		return nil, "", fault.New(fault.Data, "source.changed", "the records of %s have other fields than when they were planned with", s.From).
			Hint("start again: a new run plans anew")
	}
	paced, err := limit.Read(ctx, open, s.From, l.Run, step, s.Rate, r)
	return paced, at, err
}

// loading is one attempt at a unit.
type loading struct {
	book    Book
	unit    unit.Unit
	lease   unit.Lease
	report  unit.Report
	spec    LoadSpec
	program *mapping.Program
	target  target
	reader  connector.RecordReader
	point   string          // in time, that is read at
	judge   *setrules.Judge // nil without rules over many records
	watch   *recheck.Watch  // nil without issues of earlier runs
	parents *parents.Known  // nil when the map refers to nothing
	worker  *mapping.Worker
	stubs   *stub.Maker    // nil when the map has none
	doubt   int64          // of the target, as of which parents are known
	next    int            // number of the next chunk
	total   record.Account // of the settled chunks
	over    bool           // nothing is left to read
}

func (r *loading) close() {
	r.judge.Close()
	if r.reader != nil {
		r.reader.Close()
	}
}

// recover settles or discards what was prepared when an attempt ended, and
// discards settled chunks that the target has lost. It returns where to begin.
func (r *loading) recover(ctx context.Context) ([]byte, error) {
	chunks, err := unit.Recover(ctx, r.book, r.unit.ID, r.lease.Fence, r.marks)
	if err != nil {
		return nil, err
	}
	r.next = 1
	var after []byte
	for _, c := range chunks {
		after = c.After
		r.next, r.total, r.over = c.Number+1, r.total.Plus(c.Account), c.After == nil
	}
	return after, nil
}

func (r *loading) marks(ctx context.Context) (map[int]bool, error) {
	marks, err := r.target.Marks(ctx, r.lease.Run)
	if err != nil {
		return nil, fault.Wrap(err, "read marks at %s", r.spec.To)
	}
	there := map[int]bool{}
	for _, m := range marks {
		if m.Unit == r.unit.ID {
			there[m.Chunk] = true
		}
	}
	return there, nil
}

func (r *loading) progress(c *chunk) {
	a := r.total
	if c != nil {
		a = a.Plus(c.Account)
	}
	r.report.Progress(unit.Progress{
		Unit: r.unit.ID, At: time.Now(), Rows: a.Read, Bytes: a.Bytes, Done: min(a.Read, r.unit.Weight), Total: r.unit.Weight, Doing: "load",
	})
}

package bulk

import (
	"context"
	"errors"
	"slices"
	"time"

	"godwit/internal/catalog"
	"godwit/internal/connector"
	"godwit/internal/fault"
	"godwit/internal/record"
	"godwit/internal/unit"
)

// data copies the chunks of one unit in one transaction of the target, which
// their marks live and die with.
type data struct {
	open      connector.Opener
	snapshots *snapshots
	past      History
}

// Do reads, writes, marks and commits. Twice is once: the second attempt finds
// the first one's mark and is refused by the target. With bad rows to be left
// out it does so only when the target refuses one, and from then on for good.
func (d *data) Do(ctx context.Context, u unit.Unit, l unit.Lease, report unit.Report) (unit.Result, error) {
	spec, err := decode[DataSpec](u)
	if err != nil {
		return unit.Result{}, err
	}
	begun, err := d.isolating(ctx, u, spec)
	if err != nil {
		return unit.Result{}, err
	}
	if !begun {
		res, err := d.whole(ctx, u, l, report, spec)
		if err == nil || !spec.Isolate || !aboutRow(err) {
			return res, err
		}
		report.At("isolate.refused")
	}
	return d.isolate(ctx, u, l, report, spec)
}

// isolating reports whether an earlier attempt has begun to leave rows out.
func (d *data) isolating(ctx context.Context, u unit.Unit, spec DataSpec) (bool, error) {
	if !spec.Isolate {
		return false, nil
	}
	chunks, err := d.past.Chunks(ctx, u.ID)
	return len(chunks) > 0, fault.Wrap(err, "look up chunks")
}

// whole copies all chunks of the unit as they are, or none.
func (d *data) whole(ctx context.Context, u unit.Unit, l unit.Lease, report unit.Report, spec DataSpec) (unit.Result, error) {
	reader, id, err := d.snapshots.join(ctx, u, l, report, spec.From, spec.Policy)
	if err != nil {
		return unit.Result{}, err
	}
	defer reader.Close()
	writer, err := connector.Capable[connector.Writer](ctx, d.open, spec.To, "be written in marked transactions")
	if err != nil {
		return unit.Result{}, err
	}
	report.At("data.reading")
	load, err := writer.Begin(ctx, markKeys(u, l, spec.Chunks[0].Unlogged, numbers(spec.Chunks)...))
	if err != nil {
		return unit.Result{}, fault.Wrap(err, "begin on %s", spec.To)
	}
	defer load.Close()
	if err := l.Check(ctx); err != nil {
		return unit.Result{}, err
	}
	report.At("data.begun")
	accounts, err := copyChunks(ctx, u, l, report, spec, reader, load)
	if err != nil {
		if fault.CodeOf(err) == "data.unique" && spec.Policy == Reconcile && !spec.Isolate && d.snapshots.lost(l, spec.From) {
			load.Close()
			return d.leave(ctx, u, l, spec, writer)
		}
		return unit.Result{}, refused(redefined(err, l), spec, l)
	}
	report.At("data.copied")
	if err := load.Commit(ctx, numbered(accounts, spec.Chunks)); err != nil {
		return unit.Result{}, fault.Wrap(err, "commit on %s", spec.To)
	}
	report.At("data.committed")
	return unit.Result{Accounts: accounts, Facts: unit.Body(dataFacts{id})}, nil
}

// leave settles a unit without its rows, to be brought by the repair of their
// tables: at a later snapshot a row that moved is there already, from a chunk
// of the earlier one, and the target's unique key refuses its new version.
func (d *data) leave(ctx context.Context, u unit.Unit, l unit.Lease, spec DataSpec, writer connector.Writer) (unit.Result, error) {
	load, err := writer.Begin(ctx, markKeys(u, l, spec.Chunks[0].Unlogged, numbers(spec.Chunks)...))
	if err != nil {
		return unit.Result{}, fault.Wrap(err, "begin on %s", spec.To)
	}
	defer load.Close()
	if err := l.Check(ctx); err != nil {
		return unit.Result{}, err
	}
	var none record.Sum
	accounts := make([]record.Account, 0, len(spec.Chunks))
	for _, c := range spec.Chunks {
		accounts = append(accounts, record.Account{
			Step: u.Step, Entity: c.Table.String(), Chunk: c.Number, Generation: l.Attempt, Unit: u.ID, Current: true, Hash: none.Hash(),
		})
	}
	if err := load.Commit(ctx, numbered(accounts, spec.Chunks)); err != nil {
		return unit.Result{}, fault.Wrap(err, "commit on %s", spec.To)
	}
	return unit.Result{Accounts: accounts, Facts: unit.Body(dataFacts{left})}, nil
}

// numbers are the marks' chunk numbers: of a large table the chunk's own, of
// small ones their place in the unit.
func numbers(chunks []catalog.Chunk) []int {
	n := make([]int, len(chunks))
	for i, c := range chunks {
		n[i] = markNumber(chunks, i, c)
	}
	return n
}

func markNumber(chunks []catalog.Chunk, i int, c catalog.Chunk) int {
	if len(chunks) == 1 {
		return c.Number
	}
	return i + 1
}

// numbered gives the accounts the numbers of their marks.
func numbered(accounts []record.Account, chunks []catalog.Chunk) []record.Account {
	marks := slices.Clone(accounts)
	for i, c := range chunks {
		marks[i].Chunk = markNumber(chunks, i, c)
	}
	return marks
}

// holder is a Reader that can lock and look at many tables in one go.
type holder interface {
	Hold(ctx context.Context, chunks []catalog.Chunk) error
}

func copyChunks(ctx context.Context, u unit.Unit, l unit.Lease, report unit.Report, spec DataSpec, from connector.Reader, to connector.Transaction) ([]record.Account, error) {
	p := unit.Progress{Unit: u.ID, Total: u.Weight, Doing: "copy"}
	if h, ok := from.(holder); ok && len(spec.Chunks) > 1 {
		if err := h.Hold(ctx, spec.Chunks); err != nil {
			return nil, fault.Wrap(err, "copy %s", u.ID)
		}
	}
	accounts := make([]record.Account, 0, len(spec.Chunks))
	for _, c := range spec.Chunks {
		done := p.Bytes
		sum, rows, err := relay(ctx, from, c, func(n int64) {
			p.At, p.Bytes, p.Done = time.Now(), done+n, min(u.Weight, done+n)
			report.Progress(p)
		}, into(to, c))
		if err != nil {
			return nil, fault.Wrap(err, "copy %s chunk %d", c.Table, c.Number)
		}
		if sum.Rows != rows {
			return nil, fault.New(fault.Internal, "account.open",
				"copy %s chunk %d: %s sent %d rows, %s took %d", c.Table, c.Number, spec.From, sum.Rows, spec.To, rows)
		}
		p.Rows += rows
		accounts = append(accounts, record.Account{
			Step: u.Step, Entity: c.Table.String(), Chunk: c.Number, Generation: l.Attempt, Unit: u.ID, Current: true,
			Read: sum.Rows, Applied: rows, Written: rows, Bytes: sum.Bytes, Hash: sum.Hash(),
		})
	}
	return accounts, nil
}

// refused adds to the refusal of a row what can be done.
func refused(err error, spec DataSpec, l unit.Lease) error {
	var e *fault.Error
	if !errors.As(err, &e) {
		return err
	}
	if e.Code == "data.unique" {
		e.Hint("rows with the same key are at %s already: take them away there, then godwit resume %s", spec.To, l.Name).
			Hint("or godwit cancel %s, then the same command with --new and --existing truncate or replace", l.Name)
	}
	if !spec.Isolate && aboutRow(err) {
		e.Hint("or load the other rows and put those that are refused away: godwit cancel %s, then the same with bad_rows: isolate (--bad-rows isolate)", l.Name)
	}
	return err
}

// What stands for the snapshot of a unit of which only the mark is left, and of
// one whose rows were left to the repair of their table.
const (
	unknown = "unknown"
	left    = "left"
)

// Done reads the marks: a unit that committed left all of them. What was left
// out of one they do not know: that is settled by Do, which goes on behind it.
func (d *data) Done(ctx context.Context, u unit.Unit, l unit.Lease) (unit.Effect, error) {
	spec, err := decode[DataSpec](u)
	if err != nil {
		return unit.Effect{}, err
	}
	if begun, err := d.isolating(ctx, u, spec); err != nil || begun {
		return unit.Effect{}, err
	}
	writer, err := connector.Capable[connector.Writer](ctx, d.open, spec.To, "be written in marked transactions")
	if err != nil {
		return unit.Effect{}, err
	}
	found, err := marked(ctx, writer, l.Run, u.ID)
	if err != nil || len(found) < len(spec.Chunks) {
		return unit.Effect{}, err
	}
	byChunk := map[int]record.Mark{}
	for _, m := range found {
		byChunk[m.Chunk] = m
	}
	var r unit.Result
	for i, c := range spec.Chunks {
		m, ok := byChunk[markNumber(spec.Chunks, i, c)]
		if !ok {
			return unit.Effect{}, nil
		}
		a := m.Account()
		a.Step, a.Entity, a.Chunk = u.Step, c.Table.String(), c.Number
		r.Accounts = append(r.Accounts, a)
	}
	// The mark does not say which snapshot was read: an unknown one is
	// reconciled like a lost one.
	r.Facts = unit.Body(dataFacts{unknown})
	d.snapshots.doubt(l, spec.From)
	return unit.Effect{State: unit.Complete, Result: r}, nil
}

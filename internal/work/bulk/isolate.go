package bulk

import (
	"cmp"
	"context"
	"io"
	"maps"
	"slices"
	"strings"
	"time"

	"godwit/internal/catalog"
	"godwit/internal/connector"
	"godwit/internal/fault"
	"godwit/internal/record"
	"godwit/internal/unit"
)

// Bounds of what is put away of one chunk: beyond them it is no matter of
// single rows.
const (
	leastForShare  = 1000 // rows
	mostShare      = 0.20
	mostRefused    = 100_000
	mostOfPayloads = 32 << 20 // bytes
)

// aboutRow reports whether a refused chunk may be one of which single rows are
// refused. The connector decides of each; a foreign key is none of it, since
// what a row refers to may be on its way.
func aboutRow(err error) bool {
	code := fault.CodeOf(err)
	return fault.KindOf(err) == fault.Data && strings.HasPrefix(code, "data.") && code != "data.foreign-key" && code != "data.corrupt"
}

// isolation is one attempt at a unit whose rows are taken one by one where the
// target refuses some. Each chunk is a transaction of its own: prepared in the
// ledger, committed at the target, settled in the ledger.
type isolation struct {
	*data
	u        unit.Unit
	l        unit.Lease
	report   unit.Report
	spec     DataSpec
	writer   connector.Writer
	accounts []record.Account // of the settled chunks
	progress unit.Progress
}

// isolate goes on behind the chunks that earlier attempts have settled.
func (d *data) isolate(ctx context.Context, u unit.Unit, l unit.Lease, report unit.Report, spec DataSpec) (unit.Result, error) {
	i := &isolation{data: d, u: u, l: l, report: report, spec: spec, progress: unit.Progress{Unit: u.ID, Total: u.Weight, Doing: "copy without bad rows"}}
	var err error
	if i.writer, err = connector.Capable[connector.Writer](ctx, d.open, spec.To, "be written in marked transactions"); err != nil {
		return unit.Result{}, err
	}
	if err := i.recover(ctx); err != nil {
		return unit.Result{}, err
	}
	id := unknown // of what was settled before
	if len(i.accounts) > 0 {
		d.snapshots.doubt(l, spec.From)
	}
	if len(i.accounts) < len(spec.Chunks) {
		reader, now, err := d.snapshots.join(ctx, u, l, report, spec.From, spec.Policy)
		if err != nil {
			return unit.Result{}, err
		}
		defer reader.Close()
		if len(i.accounts) == 0 {
			id = now
		}
		for n := len(i.accounts); n < len(spec.Chunks); n++ {
			if err := i.chunk(ctx, n, reader); err != nil {
				return unit.Result{}, redefined(err, l)
			}
		}
	}
	res := unit.Result{Accounts: i.accounts, Facts: unit.Body(dataFacts{id})}
	for _, a := range i.accounts {
		res.Open = res.Open || a.Dead > 0
	}
	return res, nil
}

// recover settles or discards what was prepared when an attempt ended, and
// discards settled chunks that the target has lost.
func (i *isolation) recover(ctx context.Context) error {
	chunks, err := unit.Recover(ctx, i.past, i.u.ID, i.l.Fence, i.there)
	for _, c := range chunks {
		i.accounts = append(i.accounts, c.Account)
	}
	return err
}

// there tells by its mark of which chunk the target has the rows.
func (i *isolation) there(ctx context.Context) (map[int]bool, error) {
	marks, err := marked(ctx, i.writer, i.l.Run, i.u.ID)
	there := map[int]bool{}
	for n, c := range i.spec.Chunks {
		number := markNumber(i.spec.Chunks, n, c)
		there[n+1] = slices.ContainsFunc(marks, func(m record.Mark) bool { return m.Chunk == number })
	}
	return there, err
}

// chunk copies one without the rows that are refused.
func (i *isolation) chunk(ctx context.Context, n int, reader connector.Reader) error {
	c := i.spec.Chunks[n]
	keys := markKeys(i.u, i.l, c.Unlogged, markNumber(i.spec.Chunks, n, c))
	load, err := i.writer.Begin(ctx, keys)
	if err != nil {
		return fault.Wrap(err, "begin on %s", i.spec.To)
	}
	defer load.Close()
	if err := i.l.Check(ctx); err != nil {
		return err
	}
	i.report.At("isolate.begun")
	account, got, err := i.good(ctx, c, reader, load)
	if err != nil {
		return fault.Wrap(err, "copy %s chunk %d", c.Table, c.Number)
	}
	exceptions, err := i.letters(c, got)
	if err != nil {
		return fault.Wrap(err, "put rows of %s away", c.Table)
	}
	i.report.At("isolate.copied")
	of := record.Chunk{Number: n + 1, State: record.Prepared, Account: account}
	if err := i.past.Prepare(ctx, i.u.ID, i.l.Fence, of, exceptions, nil); err != nil {
		return fault.Wrap(err, "prepare chunk %d", of.Number)
	}
	i.report.At("isolate.prepared")
	mark := account
	mark.Chunk = keys[0].Chunk
	if err := load.Commit(ctx, []record.Account{mark}); err != nil {
		return fault.Wrap(err, "commit on %s", i.spec.To)
	}
	i.report.At("isolate.committed")
	load.Close()
	if err := i.past.Settle(ctx, i.u.ID, i.l.Fence, of.Number); err != nil {
		return fault.Wrap(err, "settle chunk %d", of.Number)
	}
	i.report.At("isolate.settled")
	i.accounts = append(i.accounts, account)
	i.progress.Rows += account.Applied
	return nil
}

// good relays a chunk and counts it: what was read by the source, what was
// taken by the target.
func (i *isolation) good(ctx context.Context, c catalog.Chunk, reader connector.Reader, load connector.Transaction) (record.Account, connector.Isolated, error) {
	a := record.Account{Step: i.u.Step, Entity: c.Table.String(), Chunk: c.Number, Generation: i.l.Attempt, Unit: i.u.ID, Current: true}
	var got connector.Isolated
	to, ok := load.(connector.Isolator)
	if !ok {
		return a, got, fault.New(fault.Config, "connection.unable", "connection %q cannot tell bad rows from good ones", i.spec.To)
	}
	bad := &refusals{to: i.spec.To, causes: map[string]int{}}
	done := i.progress.Bytes
	sum, _, err := relay(ctx, reader, c, func(n int64) {
		i.progress.At, i.progress.Bytes, i.progress.Done = time.Now(), done+n, min(i.u.Weight, done+n)
		i.report.Progress(i.progress)
	}, func(ctx context.Context, r io.Reader) (int64, error) {
		var err error
		got, err = to.CopyInGood(ctx, c, r, bad.add)
		return got.Rows, err
	})
	if err != nil {
		return a, got, err
	}
	a.Read, a.Applied, a.Written, a.Dead, a.Bytes, a.Hash = sum.Rows, got.Rows, got.Rows, int64(len(got.Refused)), sum.Bytes, sum.Hash()
	if !a.Closes() {
		return a, got, fault.New(fault.Internal, "account.open", "%s sent %d rows, %s took %d and refused %d",
			i.spec.From, a.Read, i.spec.To, a.Applied, a.Dead)
	}
	return a, got, bad.share(a)
}

// refusals counts what is refused of a chunk.
type refusals struct {
	to     string
	rows   int64
	bytes  int64
	causes map[string]int
}

// add counts a row; its error ends a chunk of which too much would have to be
// put away.
func (r *refusals) add(why record.Refusal, bytes int) error {
	r.rows, r.bytes = r.rows+1, r.bytes+int64(bytes)
	r.causes[strings.TrimSpace(why.Code+" "+why.Where+" "+why.Field)]++
	if r.rows <= mostRefused && r.bytes <= mostOfPayloads {
		return nil
	}
	return r.tooMany("%s refuses more than %d rows, or %d MiB of them", r.to, mostRefused, mostOfPayloads>>20)
}

// share refuses a chunk of which too large a part is bad.
func (r *refusals) share(a record.Account) error {
	if a.Read < leastForShare || float64(a.Dead) < mostShare*float64(a.Read) {
		return nil
	}
	return r.tooMany("%s refuses %d of %d rows: from %g %% on it is no matter of single rows", r.to, a.Dead, a.Read, mostShare*100)
}

// tooMany names the causes, the most frequent first.
func (r *refusals) tooMany(format string, args ...any) error {
	causes := slices.SortedFunc(maps.Keys(r.causes), func(x, y string) int {
		return cmp.Or(r.causes[y]-r.causes[x], strings.Compare(x, y))
	})
	e := fault.New(fault.Data, "records.too-many-bad", format, args...)
	for n, cause := range causes {
		if n == 5 {
			e = e.With("", "and %d more causes", len(causes)-n)
			break
		}
		e = e.With("cause", "%s: %d rows", cause, r.causes[cause])
	}
	return e.Hint("mend the source or the target's constraints; nothing of this chunk was written")
}

// letters are the refused rows as dead letters. Their key is the one that the
// table's rows are told apart by; a table without one gives none.
func (i *isolation) letters(c catalog.Chunk, got connector.Isolated) ([]record.Exception, error) {
	now := time.Now().UTC().Truncate(time.Millisecond)
	list := make([]record.Exception, 0, len(got.Refused))
	for _, r := range got.Refused {
		e := record.Exception{
			Outcome: record.Dead, Refusal: &r.Refusal, Code: r.Refusal.Code, Text: r.Refusal.Text, Attempts: 1, First: now, Last: now,
		}
		if r.Refusal.Field != "" {
			e.Fields = strings.Split(r.Refusal.Field, ", ")
		}
		var key []any
		for _, name := range c.Key {
			if at := slices.Index(c.Columns, name); at >= 0 {
				key = append(key, r.Slots[at])
			}
		}
		if len(key) > 0 {
			e.Key = record.KeyText(key...)
		}
		var err error
		if e.Source, err = record.Encode(got.Schema, r.Slots); err != nil {
			return nil, fault.New(fault.Internal, "copy.row", "%w", err)
		}
		list = append(list, e)
	}
	return list, nil
}

package produce

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"slices"
	"time"

	"godwit/internal/connector"
	"godwit/internal/fault"
	"godwit/internal/record"
	"godwit/internal/record/seen"
	"godwit/internal/unit"
	"godwit/internal/unit/calls"
	"godwit/internal/work/pipeline/held"

	"github.com/zeebo/xxh3"
)

// Ender is told of each page of records what became of them, before the next one.
type Ender interface {
	End(page []record.Mapped) error
}

// see notes the keys of a page. One without a key may be any of those that seem gone.
func (c *chunk) see(page []record.Mapped) {
	if !c.of.spec.Gone || c.of.spec.Anew {
		return
	}
	for i := range page {
		h := hashed(page[i].Record.Key)
		c.seen = append(c.seen, h[:]...)
	}
}

func hashed(key string) seen.Digest {
	if key == "" {
		return seen.Digest{}
	}
	return xxh3.HashString128(key).Bytes()
}

// Chunks is the ledger's side of what is spooled beside a load.
type Chunks interface {
	Book
	unit.Chunks
}

// Absent does units of kind absent.
func Absent(book Chunks) unit.Executor { return absent{book} }

type absent struct{ book Chunks }

// Done finds nothing out: Do goes on behind what is settled.
func (absent) Done(context.Context, unit.Unit, unit.Lease) (unit.Effect, error) {
	return unit.Effect{}, nil
}

// keysAtOnce is how many records are looked at, and at most spooled, at once.
const keysAtOnce = 10_000

// Do spools a delete for each record that is known and was not read. Nothing is
// deleted when the key of one that was read is not known: it may be any of them.
func (x absent) Do(ctx context.Context, u unit.Unit, l unit.Lease, report unit.Report) (unit.Result, error) {
	var d calls.Delivery
	if err := json.Unmarshal(u.Spec, &d); err != nil {
		return unit.Result{}, fault.New(fault.Internal, "unit.spec", "%s: read spec: %w", u.ID, err)
	}
	next, after, err := x.recover(ctx, u, l)
	if err != nil {
		return unit.Result{}, err
	}
	read := seen.NewIndex()
	defer read.Close()
	untold, err := x.read(ctx, d.Sources, read)
	if err != nil {
		return unit.Result{}, err
	}
	for !untold {
		keys, err := x.book.Known(ctx, d.Place, d.Step, after, keysAtOnce)
		if err != nil {
			return unit.Result{}, err
		}
		if len(keys) == 0 {
			break
		}
		if read.Len() == 0 {
			return unit.Result{}, fault.New(fault.Data, "records.none-read", "no record was read, and %s has some of %s: with gone: delete all of them would be deleted", d.To, d.Entity).
				Hint("see whether the source is the one that is meant; to delete them all leave one in it")
		}
		after = keys[len(keys)-1]
		gone := slices.DeleteFunc(keys, func(key string) bool {
			_, there := read.Find(hashed(key))
			return there
		})
		if len(gone) == 0 {
			continue
		}
		if err := x.spool(ctx, u, l, report, d, next, after, gone); err != nil {
			return unit.Result{}, err
		}
		next++
	}
	chunks, err := x.book.Chunks(ctx, u.ID)
	if err != nil {
		return unit.Result{}, fault.Wrap(err, "look up chunks")
	}
	res := unit.Result{}
	for _, c := range chunks {
		res.Accounts = append(res.Accounts, c.Account)
	}
	if untold {
		res.Facts = unit.Body(held.Changed{Gone: connector.GoneDelete, Table: d.To + "." + d.Entity, Removed: connector.Removed{Untold: 1}})
	}
	return res, nil
}

// spool keeps a chunk of deletes: the same steps as of a load.
func (x absent) spool(ctx context.Context, u unit.Unit, l unit.Lease, report unit.Report, d calls.Delivery, number int, after string, gone []string) error {
	n := int64(len(gone))
	c := record.Chunk{Number: number, State: record.Prepared,
		Account: record.Account{Step: d.Step, Entity: d.Entity, Unit: u.ID, Generation: 1, Current: true, Read: n, Pending: n}}
	var err error
	if c.After, err = json.Marshal(after); err != nil {
		return err
	}
	source, err := record.EncodeValue("gone from the source")
	if err != nil {
		return fault.New(fault.Internal, "record.state", "spool what is gone of %s: %w", d.Entity, err)
	}
	empty := []byte("{}")
	items := make([]calls.Spooled, 0, len(gone))
	for _, key := range gone {
		i := &calls.Texts{Key: key, Gone: true, Hash: calls.GoneHash(key), Record: empty, Doc: empty, Source: source}
		items = append(items, calls.Spooled{Part: calls.TwinOf(i).Part(), Text: i.Append(nil)})
	}
	if err := x.book.Prepare(ctx, u.ID, l.Fence, c, nil, nil); err != nil {
		return fault.Wrap(err, "prepare chunk %d", number)
	}
	report.At("absent.prepared")
	draft := x.book.Draft(u.ID, number)
	defer draft.Drop()
	if err := draft.Add(items); err != nil {
		return err
	}
	if err := draft.Keep(); err != nil {
		return err
	}
	report.At("absent.spooled")
	report.Progress(unit.Progress{Unit: u.ID, At: time.Now(), Rows: n, Doing: "deliver"})
	return fault.Wrap(x.book.Settle(ctx, u.ID, l.Fence, number), "settle chunk %d", number)
}

// recover settles what an earlier attempt has spooled, and tells where it was.
func (x absent) recover(ctx context.Context, u unit.Unit, l unit.Lease) (next int, after string, err error) {
	chunks, err := unit.Recover(ctx, x.book, u.ID, l.Fence, func(ctx context.Context) (map[int]bool, error) {
		numbers, err := x.book.Spooled(ctx, u.ID)
		there := map[int]bool{}
		for _, n := range numbers {
			there[n] = true
		}
		return there, fault.Wrap(err, "look what is spooled")
	})
	if err != nil || len(chunks) == 0 {
		return 1, "", err
	}
	last := chunks[len(chunks)-1]
	if err := json.Unmarshal(last.After, &after); err != nil {
		return 0, "", fault.New(fault.Internal, "ledger.damaged", "how far %s has come cannot be read: %w", u.ID, err)
	}
	return last.Number + 1, after, nil
}

// read puts the keys that were read, hashed, into an index; untold that of one is not known.
func (x absent) read(ctx context.Context, units []string, index *seen.Index) (untold bool, err error) {
	items, err := x.book.Items(ctx, units, []int{calls.Seen})
	if err != nil {
		return false, fault.Wrap(err, "open the spool")
	}
	defer items.Close()
	for {
		text, err := items.Next()
		if errors.Is(err, io.EOF) {
			return untold, nil
		}
		if err != nil {
			return false, err
		}
		for part := range slices.Chunk(text, len(seen.Digest{})) {
			h := seen.Digest(part)
			untold = untold || h == seen.Digest{}
			if _, _, err := index.First(h, h); err != nil {
				return false, err
			}
		}
	}
}

package ledger

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"reflect"

	"godwit/internal/ledger/chunks"
	"godwit/internal/ledger/records"
	"godwit/internal/record"
)

// heldChunk is a chunk's row with what is there for it.
type heldChunk struct {
	record.Chunk
	ids      int64 // exceptions that were given to it
	found    int64 // that are there and name it
	payloads int64 // of these
	again    int64 // exceptions that were processed again in it and failed again
	tried    int64 // that were processed again in it
}

func (c *checking) readChunks(ctx context.Context, v *View, run int64) error {
	type named struct {
		unit string
		heldChunk
	}
	rows, err := read(ctx, v, func(r scanner) (named, error) {
		var n named
		var figures string
		err := r.Scan(&n.unit, &n.Number, &n.State, &figures, &n.ids, &n.found, &n.payloads, &n.again, &n.tried)
		if err == nil {
			err = json.Unmarshal([]byte(figures), &n.Account)
		}
		return n, err
	}, chunks.Held, run)
	if err != nil {
		return err
	}
	c.chunks = map[string][]heldChunk{}
	for _, n := range rows {
		c.chunks[n.unit] = append(c.chunks[n.unit], n.heldChunk)
	}
	c.strays, err = read(ctx, v, func(r scanner) (string, error) {
		var id, times int64
		var what, closed string
		err := r.Scan(&what, &id, &closed, &times)
		switch {
		case what == "homeless":
			return fmt.Sprintf("exception %d is of no chunk", id), err
		case what == "dismissed":
			return fmt.Sprintf("exception %d is closed, %s, but nothing in the journal did so", id, closed), err
		case closed == "":
			return fmt.Sprintf("exception %d is open, but %d settled chunks of other runs loaded it", id, times), err
		}
		return fmt.Sprintf("exception %d is closed, %s, but %d settled chunks did so", id, closed, times), err
	}, chunks.Strays, run, run, run)
	if err == nil {
		var waiting Counts
		waiting, err = v.Exceptions().Count(ctx, run, ExceptionFilter{Code: "record.blocked", Outcome: record.Pending})
		c.waiting = waiting.Records
	}
	if err == nil {
		var more []string
		more, err = records.Check(ctx, v.db, run)
		c.strays = append(c.strays, more...)
	}
	return err
}

// free are the numbers of a step and entity that were given to chunks which
// were discarded or have not settled yet.
func (c *checking) free(p place) map[int]bool {
	free := map[int]bool{}
	for _, chunks := range c.chunks {
		for _, k := range chunks {
			if k.State != record.Settled && k.Account.Step == p.step && k.Account.Entity == p.name {
				free[k.Account.Chunk] = true
			}
		}
	}
	return free
}

// loads proves the chunks of loads against units, accounts and exceptions.
func (c *checking) loads() {
	for _, s := range c.strays {
		c.breach("", "", "%s", s)
	}
	type name struct {
		step, entity      string
		chunk, generation int
		unit              string
	}
	accounts := map[name]record.Account{}
	newest := map[place]map[int]int{}
	for _, a := range c.accounts {
		accounts[name{a.Step, a.Entity, a.Chunk, a.Generation, a.Unit}] = a
		p := place{a.Step, a.Entity}
		if newest[p] == nil {
			newest[p] = map[int]int{}
		}
		if a.Current {
			newest[p][a.Chunk] = a.Generation
		}
	}
	for _, row := range c.rows {
		var rows, size int64
		next := 1
		for _, k := range c.chunks[row.ID] {
			if k.State == dropped {
				if k.found+k.payloads > 0 {
					c.breach(row.Step, row.Entity, "unit %s: chunk %d was discarded, but %d exceptions and %d payloads of it are there",
						row.ID, k.Number, k.found, k.payloads)
				}
				continue
			}
			c.load(row, k, next)
			next = k.Number + 1
			if k.State != record.Settled {
				continue
			}
			a := k.Account
			rows, size = rows+a.Read, size+a.Bytes
			p := place{a.Step, a.Entity}
			written, ok := accounts[name{a.Step, a.Entity, a.Chunk, a.Generation, row.ID}]
			_, whole := newest[p][0]
			_, covered := newest[p][a.Chunk]
			switch {
			case !ok:
				c.breach(a.Step, a.Entity, "unit %s: chunk %d is settled, but its account %d is not there", row.ID, k.Number, a.Chunk)
			case !sameNumbers(written, a):
				c.breach(a.Step, a.Entity, "unit %s: chunk %d says other numbers than its account %d", row.ID, k.Number, a.Chunk)
			case row.State == Done && !written.Current && !whole && !covered:
				c.breach(a.Step, a.Entity, "unit %s is done, but the account of its chunk %d does not count", row.ID, k.Number)
			}
		}
		if u := c.folded.Units[row.ID]; u != nil && row.State == Done && len(c.chunks[row.ID]) > 0 && (rows != u.Last.Rows || size != u.Last.Bytes) {
			c.breach(row.Step, row.Entity, "unit %s: its chunks say %d rows and %d bytes, its end in the journal %d and %d",
				row.ID, rows, size, u.Last.Rows, u.Last.Bytes)
		}
	}
	for id := range c.chunks {
		if c.folded.Units[id] == nil {
			c.breach("", "", "there are chunks of unit %s, which is not in the journal", id)
		}
	}
}

// load proves one chunk that is not discarded by itself.
func (c *checking) load(row Unit, k heldChunk, next int) {
	a := k.Account
	say := func(format string, args ...any) {
		c.breach(a.Step, a.Entity, "unit %s: chunk %d "+format, append([]any{row.ID, k.Number}, args...)...)
	}
	if k.Number != next {
		say("follows chunk %d: those between are not there", next-1)
	}
	if k.State == record.Prepared && row.State == Done {
		say("is not settled, but the unit is done")
	}
	if bad := a.Rejected + a.Dead + max(0, a.Blocked); bad != k.found+k.again {
		say("says %d rejected, dead and blocked records, but %d exceptions and %d that failed again are there", bad, k.found, k.again)
	}
	if a.Blocked < 0 && k.tried != -a.Blocked {
		say("took %d records out of those that are blocked, but tried %d again", -a.Blocked, k.tried)
	}
	if k.ids != k.found || k.payloads != k.found {
		say("was given %d exceptions; %d are there, %d with payload", k.ids, k.found, k.payloads)
	}
}

// sameNumbers compares all but whether they count.
func sameNumbers(a, b record.Account) bool {
	hash := bytes.Equal(a.Hash, b.Hash)
	a.Current, a.Hash, b.Current, b.Hash = false, nil, false, nil
	return hash && reflect.DeepEqual(a, b)
}

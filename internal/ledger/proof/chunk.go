package proof

import (
	"bytes"
	"reflect"

	"godwit/internal/ledger/fold"
	"godwit/internal/record"
)

// Chunk is a chunk's row with what is there for it.
type Chunk struct {
	record.Chunk
	Dropped  bool  // it was discarded, and its number may be given again
	IDs      int64 // exceptions that were given to it
	Found    int64 // that are there and name it
	Payloads int64 // of these
	Again    int64 // exceptions that were processed again in it and failed again
	Tried    int64 // that were processed again in it
}

// free are the numbers of a step and entity that were given to chunks which
// were discarded or have not settled yet.
func (c *checking) free(p place) map[int]bool {
	free := map[int]bool{}
	for _, chunks := range c.Chunks {
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
	for _, s := range c.Strays {
		c.breach("", "", "%s", s)
	}
	told := accountsOf(c.Accounts)
	for _, row := range c.Rows {
		c.chunksOf(row, told)
	}
	for id := range c.Chunks {
		if c.Journal.Units[id] == nil {
			c.breach("", "", "there are chunks of unit %s, which is not in the journal", id)
		}
	}
}

// accounts finds the account that a chunk says it has, and tells whether the
// records of a number are counted at all.
type accounts struct {
	by      map[name]record.Account
	current map[place]map[int]bool // by number
}

type name struct {
	step, entity      string
	chunk, generation int
	unit              string
}

func accountsOf(list []record.Account) accounts {
	told := accounts{map[name]record.Account{}, map[place]map[int]bool{}}
	for _, a := range list {
		told.by[name{a.Step, a.Entity, a.Chunk, a.Generation, a.Unit}] = a
		p := place{a.Step, a.Entity}
		if told.current[p] == nil {
			told.current[p] = map[int]bool{}
		}
		if a.Current {
			told.current[p][a.Chunk] = true
		}
	}
	return told
}

// counts reports whether some account counts the records of a's number: one of
// it, or of the whole.
func (t accounts) counts(a record.Account) bool {
	numbers := t.current[place{a.Step, a.Entity}]
	return numbers[0] || numbers[a.Chunk]
}

// chunksOf proves those of a unit.
func (c *checking) chunksOf(row fold.Unit, told accounts) {
	var rows, size int64
	next := 1
	for _, k := range c.Chunks[row.ID] {
		if k.Dropped {
			if k.Found+k.Payloads > 0 {
				c.breach(row.Step, row.Entity, "unit %s: chunk %d was discarded, but %d exceptions and %d payloads of it are there",
					row.ID, k.Number, k.Found, k.Payloads)
			}
			continue
		}
		c.load(row, k, next)
		next = k.Number + 1
		if k.State == record.Settled {
			c.settled(row, k, told)
			rows, size = rows+k.Account.Read, size+k.Account.Bytes
		}
	}
	if u := c.Journal.Units[row.ID]; u != nil && row.State == fold.Done && len(c.Chunks[row.ID]) > 0 && (rows != u.Last.Rows || size != u.Last.Bytes) {
		c.breach(row.Step, row.Entity, "unit %s: its chunks say %d rows and %d bytes, its end in the journal %d and %d",
			row.ID, rows, size, u.Last.Rows, u.Last.Bytes)
	}
}

// settled proves that a settled chunk has its account.
func (c *checking) settled(row fold.Unit, k Chunk, told accounts) {
	a := k.Account
	written, ok := told.by[name{a.Step, a.Entity, a.Chunk, a.Generation, row.ID}]
	switch {
	case !ok:
		c.breach(a.Step, a.Entity, "unit %s: chunk %d is settled, but its account %d is not there", row.ID, k.Number, a.Chunk)
	case !sameNumbers(written, a):
		c.breach(a.Step, a.Entity, "unit %s: chunk %d says other numbers than its account %d", row.ID, k.Number, a.Chunk)
	case row.State == fold.Done && !written.Current && !told.counts(a):
		c.breach(a.Step, a.Entity, "unit %s is done, but the account of its chunk %d does not count", row.ID, k.Number)
	}
}

// load proves one chunk that is not discarded by itself.
func (c *checking) load(row fold.Unit, k Chunk, next int) {
	a := k.Account
	say := func(format string, args ...any) {
		c.breach(a.Step, a.Entity, "unit %s: chunk %d "+format, append([]any{row.ID, k.Number}, args...)...)
	}
	if k.Number != next {
		say("follows chunk %d: those between are not there", next-1)
	}
	if k.State == record.Prepared && row.State == fold.Done {
		say("is not settled, but the unit is done")
	}
	if bad := a.Rejected + a.Dead + max(0, a.Blocked); bad != k.Found+k.Again {
		say("says %d rejected, dead and blocked records, but %d exceptions and %d that failed again are there", bad, k.Found, k.Again)
	}
	if a.Blocked < 0 && k.Tried != -a.Blocked {
		say("took %d records out of those that are blocked, but tried %d again", -a.Blocked, k.Tried)
	}
	if k.IDs != k.Found || k.Payloads != k.Found {
		say("was given %d exceptions; %d are there, %d with payload", k.IDs, k.Found, k.Payloads)
	}
}

// sameNumbers compares all but whether they count.
func sameNumbers(a, b record.Account) bool {
	hash := bytes.Equal(a.Hash, b.Hash)
	a.Current, a.Hash, b.Current, b.Hash = false, nil, false, nil
	return hash && reflect.DeepEqual(a, b)
}

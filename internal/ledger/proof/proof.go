// Package proof holds a run's evidence together, what the journal says, what the
// rows say, accounts, chunks and exceptions, and names what cannot be true. It
// reads nothing. Start at Evidence.Breaches.
package proof

import (
	"fmt"
	"slices"

	"godwit/internal/ledger/fold"
	"godwit/internal/record"
)

// Breach is something in the ledger that cannot be true.
type Breach struct {
	Run    string `json:"run"`
	Step   string `json:"step,omitempty"`
	Entity string `json:"entity,omitempty"`
	What   string `json:"what"` // in words, with the numbers
}

// Evidence is all that a ledger holds of a run, at one moment.
type Evidence struct {
	Run      string
	Journal  fold.Run
	Row      fold.Run    // as the run's row has it; its Units are not filled in
	Rows     []fold.Unit // as the units' rows have them, by id
	Accounts []record.Account
	Chunks   map[string][]Chunk // by unit
	Blocked  int64              // exceptions that are open and blocked
	Strays   []string           // exceptions and the like that cannot be, in words
	Damage   []string           // what could not be read, in words
}

// Breaches is what does not hold: every current account closes and is the only
// one of its records, chunks are complete, every account has the end of its unit
// and every such unit its accounts, with the rows that the journal says, and the
// rows of run and units are what the journal folds to; of loads each settled
// chunk has its account, as many exceptions as that says, each once.
func (e *Evidence) Breaches() []Breach {
	c := &checking{Evidence: e}
	for _, s := range e.Damage {
		c.breach("", "", "%s", s)
	}
	c.journal()
	c.closing()
	c.standing()
	c.units()
	c.loads()
	return c.found
}

// checking is one look at the evidence.
type checking struct {
	*Evidence
	counted map[place]bool // step and kind whose units leave accounts
	found   []Breach
}

type place struct{ step, name string }

func (c *checking) breach(step, entity, format string, args ...any) {
	c.found = append(c.found, Breach{Run: c.Run, Step: step, Entity: entity, What: fmt.Sprintf(format, args...)})
}

// journal compares the rows of run and units with the fold of their events.
func (c *checking) journal() {
	if r, f := c.Row, c.Journal; r.State != f.State || r.Outcome != f.Outcome || r.Exit != f.Exit {
		c.breach("", "", "the run's row says %s %s exit %d, its journal %s %s exit %d",
			r.State, r.Outcome, r.Exit, f.State, f.Outcome, f.Exit)
	}
	seen := make(map[string]bool, len(c.Rows))
	for _, u := range c.Rows {
		seen[u.ID] = true
		f := c.Journal.Units[u.ID]
		if f == nil {
			c.breach(u.Step, u.Entity, "unit %s is not in the journal", u.ID)
			continue
		}
		if row, told := u.String(), f.String(); row != told {
			c.breach(u.Step, u.Entity, "unit %s: its row says %s; the journal says %s", u.ID, row, told)
		}
	}
	for id, f := range c.Journal.Units {
		if !seen[id] {
			c.breach(f.Step, f.Entity, "unit %s of the journal has no row", id)
		}
	}
}

// closing proves the equation, per account and per step.
func (c *checking) closing() {
	var steps []string
	sums := map[string]record.Account{}
	for _, a := range c.Accounts {
		if !a.Current {
			continue
		}
		if !a.Balances() { // what one says is on its way, others have to say what became of it
			c.breach(a.Step, a.Entity, "chunk %d does not close: read %d, outcomes %d, pending %d of which %d blocked",
				a.Chunk, a.Read, a.Settled(), a.Pending, a.Blocked)
		}
		if _, ok := sums[a.Step]; !ok {
			steps = append(steps, a.Step)
		}
		sums[a.Step] = sums[a.Step].Plus(a)
	}
	blocked := int64(0)
	for _, step := range steps {
		blocked += sums[step].Blocked
		if a := sums[step]; !a.Balances() || !a.Closes() && c.whole(step) {
			c.breach(step, "", "the step does not close: read %d, outcomes %d, pending %d of which %d blocked",
				a.Read, a.Settled(), a.Pending, a.Blocked)
		}
	}
	if c.Row.Outcome == "done" && c.Blocked > blocked {
		c.breach("", "", "%d records are blocked, but the accounts say %d", c.Blocked, blocked)
	}
}

// standing proves that current accounts cover each record once: one
// generation per chunk, chunk 0 alone, chunks 1..n without a gap.
func (c *checking) standing() {
	chunks := map[place][]record.Account{}
	var order []place
	for _, a := range c.Accounts {
		p := place{a.Step, a.Entity}
		if chunks[p] == nil {
			order = append(order, p)
		}
		chunks[p] = append(chunks[p], a)
	}
	for _, p := range order {
		c.entity(p, chunks[p])
	}
}

func (c *checking) entity(p place, all []record.Account) {
	current := slices.DeleteFunc(slices.Clone(all), func(a record.Account) bool { return !a.Current })
	free := c.free(p)
	next := 1
	for i, a := range current {
		for next < a.Chunk && free[next] {
			next++
		}
		switch {
		case i > 0 && a.Chunk == current[i-1].Chunk:
			c.breach(p.step, p.name, "chunk %d counts twice: generations %d and %d", a.Chunk, current[i-1].Generation, a.Generation)
		case i > 0 && current[0].Chunk == 0:
			c.breach(p.step, p.name, "chunk %d generation %d counts beside generation %d of the whole", a.Chunk, a.Generation, current[0].Generation)
		case a.Chunk == 0:
		case a.Chunk != next && c.over(p.step):
			c.breach(p.step, p.name, "chunk %d follows chunk %d: those between have no account", a.Chunk, next-1)
			next = a.Chunk + 1
		default:
			next = a.Chunk + 1
		}
	}
	if len(current) == 0 && c.over(p.step) {
		c.breach(p.step, p.name, "none of its %d accounts counts", len(all))
	}
}

// over reports whether all units of the step that leave accounts are done.
func (c *checking) over(step string) bool {
	for _, u := range c.Rows {
		if u.Step == step && u.State != fold.Done && c.leaves(u.Step, u.Kind) {
			return false
		}
	}
	return true
}

// whole reports whether all units of the step are done.
func (c *checking) whole(step string) bool {
	return !slices.ContainsFunc(c.Rows, func(u fold.Unit) bool { return u.Step == step && u.State != fold.Done })
}

// leaves reports whether units of this step and kind leave accounts: one did.
// Those that reconcile may find nothing to do.
func (c *checking) leaves(step, kind string) bool {
	if kind == "reconcile" {
		return false
	}
	if c.counted == nil {
		c.counted = map[place]bool{}
		for _, a := range c.Accounts {
			if u := c.Journal.Units[a.Unit]; u != nil {
				c.counted[place{u.Step, u.Kind}] = true
			}
		}
	}
	return c.counted[place{step, kind}]
}

// units proves that accounts and ended units belong together.
func (c *checking) units() {
	type left struct {
		accounts    int
		rows, bytes int64
	}
	sums := map[string]left{}
	for _, a := range c.Accounts {
		u := c.Journal.Units[a.Unit]
		switch {
		case u == nil:
			c.breach(a.Step, a.Entity, "chunk %d is of unit %s, which is not in the journal", a.Chunk, a.Unit)
		case a.Current && u.Kept == 0 && c.Chunks[a.Unit] == nil:
			c.breach(a.Step, a.Entity, "chunk %d counts, but its unit %s is %s", a.Chunk, a.Unit, u.State)
		}
		s := sums[a.Unit]
		sums[a.Unit] = left{s.accounts + 1, s.rows + a.Read, s.bytes + a.Bytes}
	}
	for _, row := range c.Rows {
		u, s := c.Journal.Units[row.ID], sums[row.ID]
		switch {
		case u == nil || u.Kept == 0 || c.Chunks[row.ID] != nil: // see loads
		case s.accounts == 0 && (u.Rows > 0 || u.State == fold.Done && c.leaves(u.Step, u.Kind)):
			c.breach(u.Step, u.Entity, "unit %s is %s with %d rows, but has no account", u.ID, u.State, u.Rows)
		case s.accounts > 0 && !u.Again && (s.rows != u.Rows || s.bytes != u.Bytes):
			c.breach(u.Step, u.Entity, "unit %s: its accounts say %d rows and %d bytes, its end in the journal %d and %d",
				u.ID, s.rows, s.bytes, u.Rows, u.Bytes)
		}
	}
}

package ledger

import (
	"context"
	"database/sql"
	"encoding/json"
	"math"
	"strings"
	"time"

	"godwit/internal/fault"
	"godwit/internal/ledger/accounts"
	"godwit/internal/ledger/chunks"
	"godwit/internal/ledger/exception"
	"godwit/internal/ledger/store"
	"godwit/internal/record"
	"godwit/internal/unit"
)

// View looks into a ledger, from any process, and changes nothing. Each call
// sees one moment. Safe for concurrent use; it ends with its ledger.
type View struct {
	ledger *Ledger
	pool   *sql.DB
	db     store.Reader // the pool, or a transaction of it
}

// View is for reading only.
func (l *Ledger) View() *View { return l.view }

// Moment calls fn with a view that stands still: all it reads is of one
// moment. fn must not keep it. Long moments let the ledger's files grow.
func (v *View) Moment(ctx context.Context, fn func(*View) error) error {
	tx, err := v.pool.BeginTx(ctx, &sql.TxOptions{ReadOnly: true})
	if err != nil {
		return v.ledger.fault(err)
	}
	defer tx.Rollback()
	return fn(&View{ledger: v.ledger, pool: v.pool, db: tx})
}

// Exceptions looks at the records that were not loaded, and at issues.
func (v *View) Exceptions() exception.Look {
	return exception.Look{DB: v.db, Fault: v.ledger.fault}
}

// Reader is what rooms of the ledger read with.
func (v *View) Reader() store.Reader { return v.db }

// Often is Reader for questions that are asked again and again, always in the same
// words. Not of one moment.
func (l *Ledger) Often() store.Reader { return l.often }

// Events returns a run's journal after a seq, at most limit events; 0 is all.
func (v *View) Events(ctx context.Context, run, after int64, limit int) ([]unit.Event, error) {
	return read(ctx, v, scanEvent, selectEvents+` ORDER BY seq LIMIT ?`, run, after, atMost(limit))
}

// UnitEvents returns a unit's part of the journal.
func (v *View) UnitEvents(ctx context.Context, run int64, id string) ([]unit.Event, error) {
	return read(ctx, v, scanEvent, selectEvents+` AND unit = ? ORDER BY seq`, run, 0, id)
}

// LastEventAt is the time of a run's newest event, zero when it has none.
func (v *View) LastEventAt(ctx context.Context, run int64) (time.Time, error) {
	at, err := read(ctx, v, func(r scanner) (int64, error) {
		var ms int64
		err := r.Scan(&ms)
		return ms, err
	}, `SELECT at FROM event WHERE run = ? ORDER BY seq DESC LIMIT 1`, run)
	if err != nil || len(at) == 0 {
		return time.Time{}, err
	}
	return clock(at[0]), nil
}

// Idle is how long nobody went on with a run: from the last event of one owner
// to the next one's first.
func (v *View) Idle(ctx context.Context, run int64) (time.Duration, error) {
	ms, err := read(ctx, v, func(r scanner) (int64, error) {
		var ms int64
		err := r.Scan(&ms)
		return ms, err
	}, idleTime, run)
	if err != nil || len(ms) == 0 {
		return 0, err
	}
	return time.Duration(ms[0]) * time.Millisecond, nil
}

// Accounts returns all accounts of a run, the superseded ones too, by step,
// entity, chunk and generation.
func (v *View) Accounts(ctx context.Context, run int64) ([]record.Account, error) {
	return read(ctx, v, scanAccount, accounts.Select+` ORDER BY step, entity, chunk, generation`, run)
}

// Totals adds up the current accounts per step and entity. Chunk is their
// number, Hash the sum of their hashes.
func (v *View) Totals(ctx context.Context, run int64) ([]record.Account, error) {
	current, err := read(ctx, v, scanAccount, accounts.Select+` AND current ORDER BY step, entity, chunk, generation`, run)
	if err != nil {
		return nil, err
	}
	var totals []record.Account
	var sums []record.Sum
	for _, a := range current {
		n := len(totals) - 1
		if n < 0 || totals[n].Step != a.Step || totals[n].Entity != a.Entity {
			totals = append(totals, record.Account{Step: a.Step, Entity: a.Entity, Current: true})
			sums = append(sums, record.Sum{})
			n++
		}
		totals[n] = totals[n].Plus(a)
		totals[n].Chunk++
		if len(a.Hash) == 0 {
			continue
		}
		sum, err := record.SumOf(a.Read, a.Bytes, a.Hash)
		if err != nil {
			return nil, fault.New(fault.Data, "ledger.damaged", "account of %s %s chunk %d: %w", a.Step, a.Entity, a.Chunk, err)
		}
		sums[n].Merge(sum)
		totals[n].Hash = sums[n].Hash()
	}
	return totals, nil
}

// Unit is a unit with what became of it.
type Unit struct {
	unit.Unit
	State   string
	Attempt int // number of the last one, 0 = none yet
	Tries   int // attempts that ended by themselves
	Crashes int // owners that died with it, in a row
	Started time.Time
	Ended   time.Time
	Fault   *fault.Fault
	Result  json.RawMessage // unit.Ended of the last end
}

// Filter selects units; an empty field selects all.
type Filter struct{ Step, Kind, State, Entity string }

// Units returns units by id, at most limit; 0 is all.
func (v *View) Units(ctx context.Context, run int64, f Filter, limit int) ([]Unit, error) {
	query := strings.Builder{}
	query.WriteString(selectUnits)
	args := []any{run}
	for _, c := range [...]struct{ column, want string }{{"step", f.Step}, {"kind", f.Kind}, {"state", f.State}, {"entity", f.Entity}} {
		if c.want != "" {
			query.WriteString(" AND " + c.column + " = ?")
			args = append(args, c.want)
		}
	}
	query.WriteString(" ORDER BY id LIMIT ?")
	return read(ctx, v, scanUnit, query.String(), append(args, atMost(limit))...)
}

// Count is the number of units of a step and kind in a state, and their
// weight together.
type Count struct {
	Step, Kind, Class, State string
	Units                    int
	Weight                   int64
	Settled                  int64 // of the weight, in chunks of units that are not done
}

// Counts counts a run's units by step, kind, class and state.
func (v *View) Counts(ctx context.Context, run int64) ([]Count, error) {
	counts, err := read(ctx, v, func(r scanner) (Count, error) {
		var c Count
		err := r.Scan(&c.Step, &c.Kind, &c.Class, &c.State, &c.Units, &c.Weight)
		return c, err
	}, countUnits, run)
	if err != nil {
		return nil, err
	}
	for i, c := range counts {
		if c.State == Done || !chunks.Many(c.Kind) {
			continue
		}
		if counts[i].Settled, err = chunks.SettledOf(ctx, v.db, run, c.Step, c.Kind, c.State); err != nil {
			return nil, v.ledger.fault(err)
		}
	}
	return counts, nil
}

// Progress returns the passing state of the units under way, as of the last
// renewal of the lease.
func (v *View) Progress(ctx context.Context, run int64) ([]unit.Progress, error) {
	return read(ctx, v, func(r scanner) (unit.Progress, error) {
		var p unit.Progress
		var at int64
		var waits string
		err := r.Scan(&p.Unit, &at, &p.Done, &p.Total, &p.Rows, &p.Bytes, &p.Doing, &waits)
		p.At = clock(at)
		if err == nil && waits != "" {
			err = json.Unmarshal([]byte(waits), &p.Waits)
		}
		return p, err
	}, selectProgress, run)
}

// Answered counts the records of a run that are in no account yet, see chunks.Answered.
func (v *View) Answered(ctx context.Context, run int64) (int64, error) {
	n, err := chunks.Answered(ctx, v.db, run)
	return n, v.ledger.fault(err)
}

func scanUnit(r scanner) (Unit, error) {
	var u Unit
	var started, ended int64
	var why, result, spec string
	var at unit.Unit // what is looked for by column is shown from there
	if err := r.Scan(&at.ID, &at.Step, &at.Kind, &at.Entity, &at.Class, &at.Weight, &spec, &u.State, &u.Attempt, &u.Tries, &u.Crashes, &started, &ended, &why, &result); err != nil {
		return u, err
	}
	u.Started, u.Ended, u.Result = clock(started), clock(ended), text(result)
	if why != "" {
		u.Fault = new(fault.Fault)
		if err := json.Unmarshal([]byte(why), u.Fault); err != nil {
			return u, err
		}
	}
	err := json.Unmarshal([]byte(spec), &u.Unit)
	u.ID, u.Step, u.Kind, u.Entity, u.Class, u.Weight = at.ID, at.Step, at.Kind, at.Entity, at.Class, at.Weight
	return u, err
}

// read is one question to the view.
func read[T any](ctx context.Context, v *View, scan func(scanner) (T, error), query string, args ...any) ([]T, error) {
	rows, err := v.db.QueryContext(ctx, query, args...)
	all, err := collect(rows, err, scan)
	if err != nil {
		return nil, v.ledger.fault(err)
	}
	return all, nil
}

func atMost(limit int) int {
	if limit <= 0 {
		return math.MaxInt64
	}
	return limit
}

// Unit returns one unit; the fault of an unknown one has code unit.unknown.
func (v *View) Unit(ctx context.Context, run int64, id string) (Unit, error) {
	units, err := read(ctx, v, scanUnit, selectUnits+` AND id = ?`, run, id)
	if err == nil && len(units) == 0 {
		err = fault.New(fault.Config, "unit.unknown", "there is no unit %q in this run", id)
	}
	if err != nil {
		return Unit{}, err
	}
	return units[0], nil
}

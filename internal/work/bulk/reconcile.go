package bulk

import (
	"context"
	"encoding/json"
	"io"
	"strings"

	"godwit/internal/catalog"
	"godwit/internal/connector"
	"godwit/internal/fault"
	"godwit/internal/record"
	"godwit/internal/unit"
)

// reconcile brings all rows to one snapshot after an earlier one was lost.
// The unit of all tables looks which ones were read at another snapshot than
// today's and asks for one unit each; that one compares the source's sum with
// what the accounts hold and copies the buckets that differ again.
type reconcile struct {
	open      connector.Opener
	snapshots *snapshots
	past      History
}

// RepairFacts tells the report what a repair found.
type RepairFacts struct {
	Snapshot string `json:"snapshot"`
	Differs  bool   `json:"differs,omitempty"`
	Buckets  int    `json:"buckets,omitempty"` // copied again
	Of       int    `json:"of,omitempty"`
	Rows     int64  `json:"rows,omitempty"` // copied again
}

func (r *reconcile) Do(ctx context.Context, u unit.Unit, l unit.Lease, report unit.Report) (unit.Result, error) {
	spec, err := decode[RepairSpec](u)
	if err != nil {
		return unit.Result{}, err
	}
	if spec.Mixed {
		if !r.snapshots.lost(l, spec.From) { // the rule: nothing to look up
			return unit.Result{}, nil
		}
		if mixed, err := r.mixed(ctx, u.Step, u.Entity); err != nil || !mixed {
			return unit.Result{}, err
		}
	}
	reader, id, err := r.snapshots.join(ctx, u, l, report, spec.From, spec.Policy)
	if err != nil {
		return unit.Result{}, err
	}
	defer reader.Close()
	if !spec.Repair {
		if err := spec.Source.same(ctx, reader, id, spec.From); err != nil {
			return unit.Result{}, err
		}
		return r.look(ctx, u, l, spec, id)
	}
	res, err := r.repair(ctx, u, l, report, spec, reader, id)
	return res, redefined(err, l)
}

// Done: looking has no effect, and a repair that is done twice finds nothing
// to do the second time.
func (r *reconcile) Done(context.Context, unit.Unit, unit.Lease) (unit.Effect, error) {
	return unit.Effect{}, nil
}

// look expands into one repair per table that has rows of another snapshot.
func (r *reconcile) look(ctx context.Context, u unit.Unit, l unit.Lease, spec RepairSpec, now string) (unit.Result, error) {
	old, err := r.old(ctx, u.Step, now)
	if err != nil {
		return unit.Result{}, err
	}
	res := unit.Result{Facts: unit.Body(RepairFacts{Snapshot: now})}
	for _, t := range spec.Tables {
		if !old[t.Table.String()] {
			continue
		}
		one := spec
		one.Repair, one.Number, one.Tables, one.Source = true, l.Attempt+1, []catalog.Chunk{t}, nil
		res.Units = append(res.Units, unit.Unit{
			ID: unit.ID(u.Step, "reconcile", t.Table.String(), one.Number), Step: u.Step, Kind: "reconcile",
			Entity: t.Table.String(), Class: "verify", Weight: t.Bytes, Tags: []string{tagReconciled}, After: []string{tagData},
			// An earlier look's repair of the same table may still be to do.
			Uses: []string{workers, unit.Alone + t.Table.String()}, Spec: unit.Body(one),
		})
	}
	again, err := r.again(ctx, u, l, now)
	res.Units = append(res.Units, again...)
	return res, err
}

// old lists the entities with a chunk that was read at another snapshot and
// not reconciled since under today's.
func (r *reconcile) old(ctx context.Context, step, now string) (map[string]bool, error) {
	old, missing := map[string]bool{}, map[string]bool{}
	err := r.read(ctx, step, func(entity, snapshot string) {
		old[entity] = old[entity] || snapshot != now
		missing[entity] = missing[entity] || snapshot == left
	})
	if err != nil {
		return nil, err
	}
	done, err := r.past.Settled(ctx, step, "reconcile")
	if err != nil {
		return nil, fault.Wrap(err, "look up earlier repairs")
	}
	for _, d := range done {
		var f RepairFacts
		if d.Unit.Entity != "" && !missing[d.Unit.Entity] && json.Unmarshal(d.Facts, &f) == nil && f.Snapshot == now {
			delete(old, d.Unit.Entity)
		}
	}
	return old, nil
}

// mixed reports whether the chunks of an entity were read at several snapshots.
func (r *reconcile) mixed(ctx context.Context, step, entity string) (bool, error) {
	seen := map[string]bool{}
	err := r.read(ctx, step, func(e, snapshot string) {
		if e == entity {
			seen[snapshot] = true
		}
	})
	return len(seen) > 1 || seen[unknown] || seen[left], err
}

// read tells of each chunk which snapshot it was read at.
func (r *reconcile) read(ctx context.Context, step string, tell func(entity, snapshot string)) error {
	for _, kind := range []string{"data", "small"} {
		done, err := r.past.Settled(ctx, step, kind)
		if err != nil {
			return fault.Wrap(err, "look up earlier chunks")
		}
		for _, d := range done {
			f := dataFacts{unknown}
			if len(d.Facts) > 0 {
				if err := json.Unmarshal(d.Facts, &f); err != nil {
					return fault.New(fault.Internal, "unit.facts", "%s: read facts: %w", d.Unit.ID, err)
				}
			}
			spec, err := decode[DataSpec](d.Unit)
			if err != nil {
				return err
			}
			for _, c := range spec.Chunks {
				tell(c.Table.String(), f.Snapshot)
			}
		}
	}
	return nil
}

func (r *reconcile) repair(ctx context.Context, u unit.Unit, l unit.Lease, report unit.Report, spec RepairSpec, reader connector.Reader, id string) (unit.Result, error) {
	t := spec.Tables[0]
	past, err := r.past.Accounts(ctx, u.Step, u.Entity)
	if err != nil {
		return unit.Result{}, fault.Wrap(err, "look up accounts of %s", u.Entity)
	}
	now, err := reader.CopyOut(ctx, t, io.Discard)
	if err != nil {
		return unit.Result{}, fault.Wrap(err, "fingerprint %s", t.Table)
	}
	facts := RepairFacts{Snapshot: id}
	had, repaired := total(past)
	if had.Equal(now) && !repaired {
		return unit.Result{Facts: unit.Body(facts)}, nil
	}
	facts.Differs = !had.Equal(now)
	if t.Unlogged && now.Rows == 0 && had.Rows > 0 {
		return unit.Result{}, fault.New(fault.Data, "source.emptied",
			"%s is unlogged and empty at %s now, and had %d rows when it was copied: a crash of the source empties such tables", u.Entity, spec.From, had.Rows).
			Hint("the copied rows were left at %s; if the table is to be empty, delete them there, then godwit resume %s", spec.To, l.Name)
	}
	if facts.Differs && spec.Append {
		return unit.Result{}, fault.New(fault.Data, "reconcile.append",
			"%s changed at %s after its snapshot was lost, and at %s it holds rows of its own", u.Entity, spec.From, spec.To).
			Hint("what was appended of it is of two points in time: take it away there, then godwit resume %s", l.Name)
	}
	if dead := refusedOf(past); facts.Differs && dead > 0 {
		return unit.Result{}, fault.New(fault.Data, "reconcile.dead",
			"%s changed at %s after its snapshot was lost, and %d of its rows were left out as the target refused them", u.Entity, spec.From, dead).
			Hint("what was copied of it is of two points in time: godwit cancel %s, then the same command with --new and --existing truncate or replace", l.Name)
	}
	account, err := r.copyAgain(ctx, u, l, report, spec, reader, now, &facts)
	if err != nil {
		return unit.Result{}, err
	}
	report.Note("reconciled", struct {
		Entity string `json:"entity"`
		RepairFacts
	}{u.Entity, facts})
	return unit.Result{Accounts: []record.Account{account}, Facts: unit.Body(facts)}, nil
}

// total adds up the sums of an entity's current accounts and tells whether a
// repair is among them.
func total(past []record.Account) (sum record.Sum, repaired bool) {
	for _, a := range past {
		s, err := record.SumOf(a.Read, a.Bytes, a.Hash)
		if err != nil {
			return record.Sum{Rows: -1}, repaired // never equal
		}
		sum.Merge(s)
		repaired = repaired || a.Chunk == 0
	}
	return sum, repaired
}

// refusedOf is how many rows of an entity were left out.
func refusedOf(past []record.Account) (n int64) {
	for _, a := range past {
		n += a.Dead
	}
	return n
}

// copyAgain replaces, in one transaction of the target, the rows of all
// buckets in which the two sides differ, and counts the table there.
func (r *reconcile) copyAgain(ctx context.Context, u unit.Unit, l unit.Lease, report unit.Report, spec RepairSpec, reader connector.Reader, now record.Sum, facts *RepairFacts) (record.Account, error) {
	t := spec.Tables[0]
	part := connector.Part{Table: t.Table, Columns: t.Columns, Key: t.Key, Of: connector.Divide(now.Rows)}
	differ, err := r.differing(ctx, l, spec, reader, part)
	if err != nil {
		return record.Account{}, err
	}
	writer, err := connector.Capable[connector.Writer](ctx, r.open, spec.To, "be written in marked transactions")
	if err != nil {
		return record.Account{}, err
	}
	marks := markKeys(u, l, t.Unlogged, 0)
	marks[0].Over = true // a repair that is done twice finds nothing to do
	load, err := writer.Begin(ctx, marks)
	if err != nil {
		return record.Account{}, fault.Wrap(err, "begin on %s", spec.To)
	}
	defer load.Close()
	if err := l.Check(ctx); err != nil {
		return record.Account{}, err
	}
	facts.Of, facts.Buckets = part.Of, len(differ)
	if len(differ) > 0 {
		if err := quiet(ctx, l, load, spec); err != nil {
			return record.Account{}, err
		}
		if err := load.Empty(ctx, part, differ); err != nil {
			return record.Account{}, fault.Wrap(err, "empty %d buckets of %s", len(differ), t.Table)
		}
		t.Of, t.Buckets = part.Of, differ
		p := unit.Progress{Unit: u.ID, Total: u.Weight, Doing: "copy again"}
		_, facts.Rows, err = relay(ctx, reader, t, func(n int64) { p.Bytes = n; report.Progress(p) }, into(load, t))
		if err != nil {
			return record.Account{}, fault.Wrap(err, "copy %s again", t.Table)
		}
	}
	rows, err := load.Count(ctx, t.Into)
	if err != nil {
		return record.Account{}, fault.Wrap(err, "count %s", t.Into)
	}
	if rows != now.Rows {
		return record.Account{}, fault.New(fault.Internal, "account.open", "%s has %d rows at %s, %d at %s after it was put right",
			u.Entity, now.Rows, spec.From, rows, spec.To)
	}
	a := record.Account{
		Step: u.Step, Entity: u.Entity, Generation: spec.Number, Unit: u.ID, Current: true,
		Read: now.Rows, Applied: rows, Written: facts.Rows, Bytes: now.Bytes, Hash: now.Hash(),
	}
	report.At("reconcile.copied")
	mark := a
	mark.Generation = l.Attempt
	if err := load.Commit(ctx, []record.Account{mark}); err != nil {
		return a, fault.Wrap(err, "commit on %s", spec.To)
	}
	report.At("reconcile.committed")
	return a, nil
}

// quiet refuses a repair that would reach beyond its table: rows are deleted
// and put in again, which is nobody's business but the table's.
func quiet(ctx context.Context, l unit.Lease, load connector.Transaction, spec RepairSpec) error {
	table := spec.Tables[0].Into
	fires, err := load.Fires(ctx, table)
	if err != nil || len(fires) == 0 {
		return err
	}
	e := fault.New(fault.Config, "repair.triggers", "%s changed at %s after its snapshot was lost, and putting it right at %s would set off %s",
		table, spec.From, spec.To, strings.Join(fires, ", "))
	return e.Hint("disable them at %s (ALTER TABLE %s DISABLE TRIGGER USER; drop foreign keys that delete or change other rows), godwit resume %s, then enable them again",
		spec.To, table.SQL(), l.Name).
		Hint("or let this role keep them off: GRANT SET ON PARAMETER session_replication_role TO role (those that are ENABLE ALWAYS fire all the same)").
		Hint("or copy from the start: --new --existing replace")
}

// differing compares the bucket sums of both sides.
func (r *reconcile) differing(ctx context.Context, l unit.Lease, spec RepairSpec, source connector.Reader, part connector.Part) ([]int, error) {
	snaps, err := connector.Capable[connector.Snapshots](ctx, r.open, spec.To, "be read back")
	if err != nil {
		return nil, err
	}
	name := l.Run + " " + part.Table.String() // read back now, not as of an earlier point
	snap, err := snaps.OpenSnapshot(ctx, name)
	if err != nil {
		return nil, fault.Wrap(err, "read back %s", spec.To)
	}
	defer snaps.CloseSnapshot(name)
	target, err := snap.Read(ctx)
	if err != nil {
		return nil, fault.Wrap(err, "read back %s", spec.To)
	}
	defer target.Close()
	left, err := source.Buckets(ctx, part)
	if err != nil {
		return nil, fault.Wrap(err, "compare %s at %s", part.Table, spec.From)
	}
	right, err := target.Buckets(ctx, part)
	if err != nil {
		return nil, fault.Wrap(err, "compare %s at %s", part.Table, spec.To)
	}
	return connector.Unequal(left, right), nil
}

package verify

import (
	"context"
	"encoding/json"
	"fmt"

	"godwit/internal/catalog"
	"godwit/internal/connector"
	"godwit/internal/fault"
	"godwit/internal/record"
	"godwit/internal/unit"
)

// Proof says what was found out about one table, a Difference one thing that is
// not the same: of a column type and length stand for its values.
type (
	Proof      = unit.Proof
	Difference = unit.Difference
)

// Results of a Proof.
const (
	Equal       = unit.Equal
	Differs     = unit.Differs
	NotVerified = unit.NotVerified
	LeftAlone   = unit.LeftAlone
)

// Methods of a Proof.
const (
	Relayed = "summed while it was copied" // the target was read again
	Both    = "both sides read"
	// Defined is for a materialised view that is stale at the source.
	Defined = "its query run at the source"

	// Recorded is for what has no sum, as sequences.
	Recorded = "recorded when it was copied"
)

// History gives what a copy in the same run recorded. Safe for concurrent use.
type History interface {
	// AloneBlobs lists the large objects that a copy in the same run left as they were.
	AloneBlobs(ctx context.Context, ends unit.Ends) ([]uint32, error)
	// Copied returns the sums of the current accounts of those entities that
	// this run copied whole between these ends, in the formats given.
	Copied(ctx context.Context, ends unit.Ends, formats map[string]string) (map[string]record.Sum, error)
	// Added is how many rows of an entity this run copied between these ends.
	Added(ctx context.Context, ends unit.Ends, entity string) (int64, error)
	// Values are the sequences that this run copied, as they were set.
	Values(ctx context.Context, ends unit.Ends) (map[catalog.Name]connector.SequenceValue, error)
	// Alone lists what a copy in the same run left as it was at the target;
	// false when the run copied nothing.
	Alone(ctx context.Context, ends unit.Ends) (names map[catalog.Name]bool, copied bool, err error)
	// Held are the tables that a copy in the same run added rows to, with how
	// many they held before.
	Held(ctx context.Context, ends unit.Ends) (map[catalog.Name]int64, error)
}

// Executors returns those of the verify verb, by kind.
func Executors(open connector.Opener, past History) map[string]unit.Executor {
	return map[string]unit.Executor{"table": &table{open, past}, "around": &around{open, past}}
}

type table struct {
	open connector.Opener
	past History
}

// Done: looking leaves nothing behind.
func (t *table) Done(context.Context, unit.Unit, unit.Lease) (unit.Effect, error) {
	return unit.Effect{}, nil
}

// Do verifies the unit's tables one after the other. Differences are told as
// events, all of the unit's tables are looked at, then the unit fails with
// code verify.differs; one that could not be read fails it with its fault.
func (t *table) Do(ctx context.Context, u unit.Unit, l unit.Lease, report unit.Report) (unit.Result, error) {
	var spec TableSpec
	if err := json.Unmarshal(u.Spec, &spec); err != nil {
		return unit.Result{}, fault.New(fault.Internal, "unit.spec", "%s: read spec: %w", u.ID, err)
	}
	m := &meter{report: report, p: unit.Progress{Unit: u.ID, Total: u.Weight, Doing: "verify"}}
	s := &sides{open: t.open, lease: l, from: spec.From, to: spec.To, meter: m}
	defer s.close()
	var err error
	if s.alone, _, err = t.past.Alone(ctx, s.ends()); err != nil {
		return unit.Result{}, fault.Wrap(err, "look up what was left alone")
	}
	if s.held, err = t.past.Held(ctx, s.ends()); err != nil {
		return unit.Result{}, fault.Wrap(err, "look up what held rows before")
	}
	if s.relayed, err = t.past.Copied(ctx, s.ends(), spec.formats()); err != nil {
		return unit.Result{}, fault.Wrap(err, "look up the sums of what was copied")
	}
	s.hold(ctx, spec.Pairs)
	v := verdict{}
	for _, pair := range spec.Pairs {
		proof, err := t.prove(ctx, s, pair, report)
		if err != nil {
			return unit.Result{}, fault.Wrap(err, "verify %s", pair.Name)
		}
		report.Note(unit.VerifyTable, proof)
		v.add(proof)
		m.p.Rows += proof.Rows
		m.part(0)
		m.tell()
	}
	return unit.Result{Facts: unit.Body(v.counts)}, v.err()
}

// prove compares the sums of one table and, if they differ, names what does.
func (t *table) prove(ctx context.Context, s *sides, p Pair, report unit.Report) (Proof, error) {
	proof := Proof{Entity: p.Name.String(), Result: Differs, Method: Both}
	switch {
	case s.alone[p.Name]:
		proof.Result, proof.Why = LeftAlone, "at "+s.to+" before the copy, which left it alone"
		return proof, nil
	case p.Left == nil || p.Right == nil:
		return t.alone(ctx, s, p, report)
	case s.held[p.Name] > 0:
		return t.appended(ctx, s, p, report)
	case p.Empty:
		proof.Result = Equal
		return proof, nil
	case p.Reason != "":
		proof.Why, proof.Count = p.Reason, 1
		report.Note(unit.VerifyDiffers, Difference{Entity: proof.Entity, What: "table", Text: p.Reason})
		return proof, nil
	}
	var err error
	left, relayed := s.relayed[proof.Entity]
	share := p.Left.Bytes
	if relayed {
		proof.Method = Relayed
	} else {
		share /= 2
		s.meter.part(share)
		if left, err = s.sum(ctx, s.from, *p.Left); err != nil {
			return unreadable(proof, s.from, err)
		}
	}
	s.meter.part(share)
	right, err := s.sum(ctx, s.to, *p.Right)
	if err != nil {
		return unreadable(proof, s.to, err)
	}
	proof.Rows, proof.Left, proof.Right = left.Rows, left.String(), right.String()
	if left.Equal(right) {
		proof.Result, proof.Same = Equal, left.Rows
		return proof, nil
	}
	if p.Arrays && left.Rows == right.Rows {
		if err := s.inText(ctx, p, &proof); err != nil || proof.Result != Differs {
			return proof, err
		}
	}
	proof.Others = right.Rows
	if p.View {
		if err := s.stale(ctx, p, left, right, &proof); err != nil || proof.Result != Differs {
			return proof, err
		}
	}
	found, err := s.differences(ctx, p, max(left.Rows, right.Rows), report)
	proof.Count, proof.Extra = found.rows+found.rest, found.extra // a bucket not looked into has a row at least
	proof.Parts, proof.Same = found.rest, max(0, left.Rows-int64(found.rows-found.extra)-found.dark)
	if found.rest > 0 {
		proof.Why = fmt.Sprintf("at least so many rows: %d parts of the table differ and were not looked into", found.rest)
	}
	return proof, err
}

// formats are those that the tables with rows of the source are summed in.
func (s TableSpec) formats() map[string]string {
	all := make(map[string]string, len(s.Pairs))
	for _, p := range s.Pairs {
		if p.Left != nil && !p.Made {
			all[p.Name.String()] = p.Left.Format
		}
	}
	return all
}

// inText sums both sides once more as text, in which equal values are equal: an
// array keeps a flag that it had a NULL once, and loses it when it is copied.
func (s *sides) inText(ctx context.Context, p Pair, proof *Proof) error {
	var sums [2]record.Sum
	for i, side := range []struct {
		name  string
		chunk catalog.Chunk
	}{{s.from, *p.Left}, {s.to, *p.Right}} {
		side.chunk.Format = catalog.Text
		var err error
		if sums[i], err = s.sum(ctx, side.name, side.chunk); err != nil {
			*proof, err = unreadable(*proof, side.name, err)
			return err
		}
	}
	if sums[0].Equal(sums[1]) {
		proof.Result, proof.Method, proof.Same = Equal, Both, sums[0].Rows
		proof.Rows, proof.Left, proof.Right = sums[0].Rows, sums[0].String(), sums[1].String()
	}
	return nil
}

// stale settles a materialised view that differs: the copy refreshes the
// target's, while the source's holds what it was refreshed from last. What its
// query gives at the snapshot decides; where that cannot be told, or others lie
// between, it is not verified, with the reason.
func (s *sides) stale(ctx context.Context, p Pair, held, right record.Sum, proof *Proof) error {
	chunk := *p.Left
	chunk.Defined = true
	now, err := s.sum(ctx, s.from, chunk)
	switch {
	case err != nil:
		if *proof, err = unreadable(*proof, s.from, err); err == nil {
			proof.Why = "it may be stale at the source, where its query cannot be run: " + proof.Why
		}
		return err
	case now.Equal(right):
		proof.Result, proof.Method, proof.Why = Equal, Defined, "stale at the source: "+s.to+" holds what its query gives"
		proof.Rows, proof.Left, proof.Same = now.Rows, now.String(), now.Rows
	case !now.Equal(held):
		proof.Result, proof.Why = NotVerified, "stale at the source, and its query gives neither what the source nor what "+s.to+" holds"
	case p.Rests:
		proof.Result, proof.Why = NotVerified, "stale at the source, or what it reads is: other materialised views"
	}
	return nil
}

// appended is a table that held rows before the copy: compared whole it is
// neither equal nor different, since its rows are of two origins. That fewer
// are there than were copied is a loss all the same.
func (t *table) appended(ctx context.Context, s *sides, p Pair, report unit.Report) (Proof, error) {
	proof := Proof{Entity: p.Name.String(), Result: NotVerified, Method: Both, Held: s.held[p.Name]}
	proof.Why = fmt.Sprintf("held %d rows before the copy, which added to them", proof.Held)
	added, err := t.past.Added(ctx, s.ends(), proof.Entity)
	if err != nil {
		return proof, fault.Wrap(err, "look up what was added")
	}
	there, err := s.sum(ctx, s.to, *p.Right)
	if err != nil {
		return unreadable(Proof{Entity: proof.Entity, Method: Both}, s.to, err)
	}
	if lost := added - there.Rows; lost > 0 {
		proof.Result, proof.Rows, proof.Others, proof.Count, proof.Held = Differs, added, there.Rows, int(lost), 0
		proof.Why = fmt.Sprintf("%d rows were added to those it held, %d are there in all", added, there.Rows)
		report.Note(unit.VerifyDiffers, Difference{Entity: proof.Entity, What: "count", Text: proof.Why})
	}
	return proof, nil
}

// alone is a table that one side lacks.
func (t *table) alone(ctx context.Context, s *sides, p Pair, report unit.Report) (Proof, error) {
	proof := Proof{Entity: p.Name.String(), Result: Differs, Method: Both, Count: 1}
	side, chunk, why := s.from, p.Left, "the table is missing at "+s.to
	if p.Left == nil {
		side, chunk, why = s.to, p.Right, "the table is not at "+s.from
	}
	proof.Why = why
	report.Note(unit.VerifyDiffers, Difference{Entity: proof.Entity, What: "table", Text: why})
	if p.Empty {
		return proof, nil
	}
	s.meter.part(chunk.Bytes)
	sum, err := s.sum(ctx, side, *chunk)
	if err != nil {
		return unreadable(proof, side, err)
	}
	proof.Count = max(1, int(sum.Rows)) // every row of it
	if p.Left == nil {
		proof.Others, proof.Right, proof.Extra = sum.Rows, sum.String(), proof.Count
	} else {
		proof.Rows, proof.Left = sum.Rows, sum.String()
	}
	return proof, nil
}

// unreadable turns a refusal into a proof that says so; what may pass by
// itself stays an error and is tried again.
func unreadable(proof Proof, side string, err error) (Proof, error) {
	f := fault.Of(err)
	switch f.Kind {
	case fault.Denied, fault.Config, fault.Data:
		proof.Result, proof.Why = NotVerified, side+": "+f.Text
		return proof, nil
	}
	return proof, fault.Wrap(err, "read %s", side)
}

// sides keeps one reader per side for the tables of a unit.
type sides struct {
	open     connector.Opener
	lease    unit.Lease
	from, to string
	readers  map[string]connector.Reader
	snaps    map[string]connector.Snapshot
	ids      map[string]string      // of the snapshots they read at
	alone    map[catalog.Name]bool  // not to be verified
	held     map[catalog.Name]int64 // rows before the copy
	relayed  map[string]record.Sum  // of what the run copied
	meter    *meter
}

func (s *sides) ends() unit.Ends { return unit.Ends{From: s.from, To: s.to} }

// reader joins the step's snapshot of a side.
func (s *sides) reader(ctx context.Context, name string) (connector.Reader, error) {
	if r := s.readers[name]; r != nil {
		return r, nil
	}
	snaps, err := connector.Capable[connector.Snapshots](ctx, s.open, name, "be read at a snapshot")
	if err != nil {
		return nil, err
	}
	snap, err := snaps.OpenSnapshot(ctx, s.lease.Snapshot(name))
	if err != nil {
		return nil, fault.Wrap(err, "open snapshot of %s", name)
	}
	r, err := snap.Read(ctx)
	if err != nil {
		return nil, fault.Wrap(err, "read %s at its snapshot", name)
	}
	if s.readers == nil {
		s.readers, s.ids, s.snaps = map[string]connector.Reader{}, map[string]string{}, map[string]connector.Snapshot{}
	}
	s.readers[name], s.ids[name], s.snaps[name] = r, snap.ID(), snap
	return r, nil
}

// sum fingerprints one side's table. A session that saw a fault is of no more
// use and is replaced for the next table.
func (s *sides) sum(ctx context.Context, name string, c catalog.Chunk) (record.Sum, error) {
	r, err := s.reader(ctx, name)
	if err != nil {
		return record.Sum{}, err
	}
	sum, err := r.CopyOut(ctx, c, s.meter)
	if err != nil {
		s.drop(name)
	}
	return sum, err
}

func (s *sides) drop(name string) {
	s.readers[name].Close()
	delete(s.readers, name)
}

func (s *sides) close() {
	for _, r := range s.readers {
		r.Close()
	}
}

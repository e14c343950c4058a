package run

import (
	"cmp"
	"context"
	"encoding/json"
	"sync"

	"godwit/internal/catalog"
	"godwit/internal/connector"
	"godwit/internal/fault"
	"godwit/internal/unit"
)

// policies that make room at the target before anything is written there.
const (
	replace  = "replace"
	truncate = "truncate"
	skip     = "skip"   // makes none: what is there stays
	appends  = "append" // makes none: what is there stays, and rows come on top
)

// looking is how both sides of steps are looked at.
type looking struct {
	open     connector.Opener
	cores    int
	snapshot string // name of the run's snapshot, "" when no run is under way
	sights   *sights
}

// gather looks at both sides of a step, beside each other. With a snapshot the
// source's definitions are as of that snapshot, which stays open; else as of
// now.
func (l looking) gather(ctx context.Context, n unit.Needs) (catalog.Facts, error) {
	facts := catalog.Facts{Cores: l.cores}
	var target catalog.Facts
	var source, other error
	var both sync.WaitGroup
	both.Go(func() { source = l.source(ctx, n, &facts) })
	both.Go(func() { other = l.target(ctx, n, &target) })
	both.Wait()
	if err := cmp.Or(source, other); err != nil {
		return facts, err
	}
	facts.Target, facts.TargetDefinitions = target.Target, target.TargetDefinitions
	facts.Unread = cmp.Or(facts.Unread, target.Unread)
	err := makeRoom(ctx, l.open, n, &facts)
	return facts, err
}

func (l looking) source(ctx context.Context, n unit.Needs, facts *catalog.Facts) error {
	seen, err := l.sights.find(ctx, l, n)
	if err != nil {
		return err
	}
	if seen != nil {
		facts.Source, facts.Snapshot, facts.Definitions, facts.Unread = seen.Source, seen.Snapshot, seen.Definitions, seen.Unread
		return nil
	}
	if facts.Source, facts.Snapshot, err = l.look(ctx, n); err != nil {
		return err
	}
	if n.Definitions {
		facts.Definitions, err = definitions(ctx, l.open, n.From, n.Select, facts.Source, l.snapshotOf(n))
		if err = unread(facts, n, err); err != nil {
			return err
		}
	}
	l.sights.keep(l, n, *facts)
	return nil
}

// look inspects the source, in a run at its snapshot: what came since is no
// part of what is moved.
func (l looking) look(ctx context.Context, n unit.Needs) (*catalog.Database, string, error) {
	if l.snapshotOf(n) == "" {
		db, err := inspect(ctx, l.open, n.From, n.Select, true)
		return db, "", err
	}
	snap, err := snapshotOf(ctx, l.open, n.From, l.snapshot)
	if err != nil {
		return nil, "", err
	}
	reader, err := snap.Read(ctx)
	if err != nil {
		return nil, "", fault.Wrap(err, "read %s at its snapshot", n.From)
	}
	defer reader.Close()
	db, err := reader.Inspect(ctx, n.Select)
	return db, snap.ID(), err
}

func (l looking) target(ctx context.Context, n unit.Needs, facts *catalog.Facts) (err error) {
	if facts.Target, err = inspect(ctx, l.open, n.To, n.Select, false); err != nil || !n.Compare {
		return err
	}
	facts.TargetDefinitions, err = definitions(ctx, l.open, n.To, n.Select, facts.Target, "")
	return unread(facts, n, err)
}

func (l looking) snapshotOf(n unit.Needs) string {
	if !n.Snapshot {
		return ""
	}
	return l.snapshot
}

// unread notes definitions that may not be read. What only looks goes on with
// all that may be: a table without rights must not hide the others.
func unread(facts *catalog.Facts, n unit.Needs, err error) error {
	if err == nil || n.Existing != "" || fault.KindOf(err) != fault.Denied {
		return err
	}
	facts.Unread = err.Error()
	return nil
}

func inspect(ctx context.Context, open connector.Opener, name string, sel catalog.Selection, must bool) (*catalog.Database, error) {
	i, err := connector.Capable[connector.Inspector](ctx, open, name, "be inspected")
	if err != nil {
		return nil, err
	}
	if !must {
		sel.Include = lenient(sel.Include)
	}
	db, err := i.Inspect(ctx, sel)
	return db, err
}

// lenient keeps the patterns that a target may well not match yet from being
// refused there: what they select is what the source has.
func lenient(include []catalog.Pattern) []catalog.Pattern {
	list := make([]catalog.Pattern, 0, len(include))
	for _, p := range include {
		list = append(list, p.Lenient())
	}
	return list
}

func definitions(ctx context.Context, open connector.Opener, name string, sel catalog.Selection, db *catalog.Database, snapshot string) ([]catalog.Definition, error) {
	d, err := connector.Capable[connector.Definer](ctx, open, name, "write its definitions")
	if err != nil {
		return nil, err
	}
	id := ""
	if snapshot != "" {
		if id, err = export(ctx, open, name, snapshot); err != nil {
			return nil, err
		}
	}
	list, err := d.Definitions(ctx, id, sel, db)
	return list, err
}

func export(ctx context.Context, open connector.Opener, name, snapshot string) (string, error) {
	snap, err := snapshotOf(ctx, open, name, snapshot)
	if err != nil {
		return "", err
	}
	id, err := snap.Export(ctx)
	return id, fault.Wrap(err, "export snapshot of %s", name)
}

func snapshotOf(ctx context.Context, open connector.Opener, name, snapshot string) (connector.Snapshot, error) {
	s, err := connector.Capable[connector.Snapshots](ctx, open, name, "be read at a snapshot")
	if err != nil {
		return nil, err
	}
	snap, err := s.OpenSnapshot(ctx, snapshot)
	return snap, err
}

// inspectSpec is the unit that a step begins with.
type inspectSpec struct {
	Verb string          `json:"verb"`
	Spec json.RawMessage `json:"spec"`
}

// Found is what an inspect unit leaves behind for the report.
type Found struct {
	beside
	Schemas int    `json:"schemas"`
	Tables  int    `json:"tables"`
	Bytes   int64  `json:"bytes"`
	Units   int    `json:"units"`
	LeftOut int    `json:"leftOut,omitempty"`
	Sides   []Side `json:"sides"`
	Copies  bool   `json:"copies,omitempty"` // the step writes to the target
	// Alone are objects at the target that a copy leaves as they are; Skipped of
	// them are tables that the source has too.
	Alone   []catalog.Name `json:"alone,omitempty"`
	Skipped int            `json:"skipped,omitempty"`
	// Held are tables that rows are added to, with rows of their own before.
	Held []Held `json:"held,omitempty"`
}

// Held is a table with the rows that it held before a copy.
type Held struct {
	Table catalog.Name `json:"table"`
	Rows  int64        `json:"rows"`
}

// Side is a connection as it was found.
type Side struct {
	Name     string `json:"name"`
	System   string `json:"system"`
	Version  string `json:"version"`
	Database string `json:"database"`
}

func side(name string, db *catalog.Database) Side {
	return Side{name, db.System, db.Version, db.Name}
}

// alone lists what a copy leaves alone: what the source does not have, and with
// existing: skip what the target has already. Neither copied nor verified.
func alone(existing string, facts catalog.Facts) []catalog.Name {
	if existing == "" {
		return nil
	}
	theirs := map[catalog.Name]bool{}
	for _, t := range facts.Source.Tables {
		theirs[t.Name] = true
	}
	for _, n := range facts.Source.Sequences {
		theirs[n] = true
	}
	var list []catalog.Name
	for _, t := range facts.Target.Tables {
		if !theirs[t.Name] || existing == skip {
			list = append(list, t.Name)
		}
	}
	for _, n := range facts.Target.Sequences {
		if !theirs[n] || existing == skip {
			list = append(list, n)
		}
	}
	return list
}

// both are the tables with rows that both sides have.
func both(facts catalog.Facts) []catalog.Name {
	theirs := map[catalog.Name]bool{}
	for _, t := range facts.Source.Tables {
		theirs[t.Name] = t.Kind == catalog.Plain
	}
	var list []catalog.Name
	for _, t := range facts.Target.Tables {
		if theirs[t.Name] && t.Kind == catalog.Plain {
			list = append(list, t.Name)
		}
	}
	return list
}

// held counts, before anything is written, the rows that are added to: what
// holds rows of its own cannot be compared whole afterwards.
func held(ctx context.Context, open connector.Opener, n unit.Needs, facts catalog.Facts) ([]Held, error) {
	tables := both(facts)
	if n.Existing != appends || len(tables) == 0 {
		return nil, nil
	}
	c, err := connector.Capable[connector.Counter](ctx, open, n.To, "count the rows that it holds")
	if err != nil {
		return nil, err
	}
	rows, err := c.Count(ctx, tables)
	var list []Held
	for _, t := range tables {
		if rows[t] > 0 {
			list = append(list, Held{t, rows[t]})
		}
	}
	return list, err
}

// inspector expands a step: it gathers the facts and asks the verb's plan.
type inspector struct {
	runs   *Runs
	open   connector.Opener
	cores  int
	sights sights
}

func (i *inspector) Do(ctx context.Context, u unit.Unit, l unit.Lease, report unit.Report) (unit.Result, error) {
	verb, spec, err := i.runs.decode(u.Spec)
	if err != nil {
		return unit.Result{}, fault.Wrap(err, "%s", u.ID)
	}
	needs, err := verb.Needs(spec)
	if err != nil {
		return unit.Result{}, err
	}
	report.Progress(unit.Progress{Unit: u.ID, Total: 1, Doing: "inspect"})
	facts, err := looking{i.open, i.cores, l.Run, &i.sights}.gather(ctx, needs)
	if err != nil {
		return unit.Result{}, err
	}
	units, err := verb.Plan(u.Step, spec, facts)
	if err != nil {
		return unit.Result{}, err
	}
	found := Found{
		beside: besides(needs, facts), Schemas: len(facts.Source.Schemas), Tables: len(facts.Source.Tables), Bytes: facts.Source.Bytes,
		Units: len(units), LeftOut: len(facts.Source.LeftOut),
		Sides:  []Side{side(needs.From, facts.Source), side(needs.To, facts.Target)},
		Copies: needs.Existing != "", Alone: alone(needs.Existing, facts),
	}
	if needs.Existing == skip {
		found.Skipped = len(both(facts))
	}
	if found.Held, err = held(ctx, i.open, needs, facts); err != nil {
		return unit.Result{}, err
	}
	return unit.Result{Units: units, Facts: unit.Body(found)}, nil
}

// Done: looking leaves nothing behind.
func (i *inspector) Done(context.Context, unit.Unit, unit.Lease) (unit.Effect, error) {
	return unit.Effect{}, nil
}

// decode reads an inspect unit's verb and spec.
func (r *Runs) decode(raw json.RawMessage) (unit.Verb, any, error) {
	var s inspectSpec
	if err := json.Unmarshal(raw, &s); err != nil {
		return unit.Verb{}, nil, fault.New(fault.Internal, "unit.spec", "read spec: %w", err)
	}
	verb, ok := r.verb(s.Verb)
	if !ok {
		return verb, nil, fault.New(fault.Config, "verb.unknown", "this godwit has no verb %q", s.Verb)
	}
	spec := verb.Spec()
	if err := json.Unmarshal(s.Spec, spec); err != nil {
		return verb, nil, fault.New(fault.Internal, "unit.spec", "read spec of %s: %w", s.Verb, err)
	}
	return verb, spec, nil
}

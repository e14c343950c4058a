package run

import (
	"context"
	"encoding/json"
	"slices"

	"godwit/internal/catalog"
	"godwit/internal/connector"
	"godwit/internal/control/doctor"
	"godwit/internal/control/run/beside"
	"godwit/internal/control/run/chronicle"
	"godwit/internal/control/run/nodes"
	"godwit/internal/control/run/past"
	"godwit/internal/control/run/pinned"
	"godwit/internal/fault"
	"godwit/internal/ledger"
	"godwit/internal/unit"
)

// Policies for what is at the target: it stays as it is; it is made anew.
const (
	skip = "skip"
)

// inspectSpec is the unit that a step begins with.
type inspectSpec = nodes.Inspect

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

// inspector expands a step: it gathers the facts and asks the verb's plan.
type inspector struct {
	runs   *Runs
	run    int64
	open   connector.Opener
	frozen frozen
	flow   string // whose run it is
	sights doctor.Sights
	pinned pinned.Snapshots
	own    *ledger.Session
	fill   func(unit.Unit) (any, error) // of a step that is filled in when it begins
}

func (i *inspector) Do(ctx context.Context, u unit.Unit, l unit.Lease, report unit.Report) (unit.Result, error) {
	verb, spec, open, err := i.runs.decode(u.Spec)
	if err != nil {
		return unit.Result{}, fault.Wrap(err, "%s", u.ID)
	}
	if open {
		if spec, err = i.fill(u); err != nil {
			return unit.Result{}, err
		}
	}
	needs, err := verb.Needs(spec)
	if err != nil {
		return unit.Result{}, err
	}
	report.Progress(unit.Progress{Unit: u.ID, Total: 1, Doing: "inspect"})
	names, err := i.snapshots(ctx, u.Step, l, needs.Connections()...)
	if err != nil {
		return unit.Result{}, err
	}
	l.Snapshots = names
	at, err := i.pinned.Hold(ctx, u.Step, l)
	if err != nil {
		return unit.Result{}, err
	}
	facts, err := doctor.Looking{Open: i.open, Cores: i.frozen.Cores, Snapshot: l.Snapshot(needs.From), Sights: &i.sights}.Gather(ctx, needs)
	if err != nil {
		return unit.Result{}, err
	}
	if err := i.runs.remember(ctx, i.flow, u.Step, i.frozen.full(), needs, &facts); err != nil {
		return unit.Result{}, err
	}
	units, err := verb.Plan(u.Step, spec, facts)
	if err != nil {
		return unit.Result{}, err
	}
	if err := i.added(ctx, units, needs.Existing); err != nil {
		return unit.Result{}, err
	}
	if err := past.KeepLookups(ctx, i.own, facts.Records); err != nil { // before any unit rests on it
		return unit.Result{}, err
	}
	found := chronicle.Found{
		Omitted: facts.Source.Omitted, Schemas: len(facts.Source.Schemas), Tables: len(facts.Source.Tables), Bytes: facts.Source.Bytes,
		Units: len(units), LeftOut: len(facts.Source.LeftOut),
		Sides:     []chronicle.Side{chronicle.Looked(needs.From, facts.Source), chronicle.Looked(needs.To, facts.Target)},
		Snapshots: names, Pinned: at,
		Copies: needs.Existing != "", Alone: alone(needs.Existing, facts),
	}
	if !needs.Compare {
		found.Writes = needs.To
	}
	if needs.Existing == skip {
		found.Skipped, found.AloneBlobs = len(doctor.Both(facts)), facts.SameBlobs()
	}
	if found.Held, err = doctor.Counted(ctx, i.open, needs, facts); err != nil {
		return unit.Result{}, err
	}
	if err := doctor.Unknown(ctx, i.open, needs, facts, slices.Concat([]doctor.Held{}, found.Held), i.runs.known); err != nil {
		return unit.Result{}, err
	}
	return unit.Result{Units: units, Facts: unit.Body(found)}, nil
}

// added refuses to add rows that an unfinished run was adding: what a step brings
// may be known only when it begins.
func (i *inspector) added(ctx context.Context, units []unit.Unit, existing string) error {
	if i.frozen.New {
		return nil
	}
	at, tables := beside.Read(i.frozen.Flow), beside.Tables{}
	i.runs.brings(at, tables, units, existing)
	return i.runs.beside().Added(ctx, i.run, at, tables)
}

// Done: looking leaves nothing behind.
func (i *inspector) Done(context.Context, unit.Unit, unit.Lease) (unit.Effect, error) {
	return unit.Effect{}, nil
}

// decode reads an inspect unit's verb and spec.
func (r *Runs) decode(raw json.RawMessage) (verb unit.Verb, spec any, late bool, err error) {
	var s inspectSpec
	if err := json.Unmarshal(raw, &s); err != nil {
		return verb, nil, false, fault.New(fault.Internal, "unit.spec", "read spec: %w", err)
	}
	verb, ok := r.Verb(s.Verb)
	if !ok {
		return verb, nil, false, fault.New(fault.Config, "verb.unknown", "this godwit has no verb %q", s.Verb)
	}
	spec = verb.Spec()
	if err := json.Unmarshal(s.Spec, spec); err != nil {
		return verb, nil, false, fault.New(fault.Internal, "unit.spec", "read spec of %s: %w", s.Verb, err)
	}
	return verb, spec, s.Late, nil
}

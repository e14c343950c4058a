// Package blocked has the records of a run that wait for others processed again,
// in rounds, until a round moves none of them. It knows what stands around a
// round, not what a load is. Start at Executor.
package blocked

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"

	"godwit/internal/fault"
	"godwit/internal/unit"
)

// Kinds of the units, and the tag that those behind them wait for.
const (
	Kind     = "blocked" // looks what waits and finds a round
	Release  = "release" // one round over the records of a step
	Released = "released"
)

// Spec is a unit of kind Kind: once the loads of its step are done it has the
// records processed again that wait for others, those of earlier steps too.
type Spec struct {
	To    string           `json:"to"`
	Again *unit.Redrive    `json:"again,omitempty"`
	Round int              `json:"round,omitempty"` // that was done before
	Were  map[string]int64 `json:"were,omitempty"`  // records that waited before that round, by step
	Level int              `json:"level,omitempty"` // of that round, see Make
	Ends  []string         `json:"ends,omitempty"`  // other targets that have marks of it
}

// Unit is the one that looks after a step's blocked records, behind units with
// these tags.
func Unit(step, entity string, s Spec, after ...string) unit.Unit {
	return unit.Unit{ID: unit.ID(step, Kind, entity, 1), Step: step, Kind: Kind, Entity: entity, Class: "other", Weight: 1,
		Tags: []string{Released}, After: after, Spec: unit.Body(s)}
}

// Book is the ledger's side.
type Book interface {
	// Blocked counts the records that wait for others which may come yet, by step, and
	// all that are pending: this run's, or of those that a redrive has in hand.
	Blocked(ctx context.Context, again *unit.Redrive) (waiting map[string]int64, pending int64, err error)
	// Loads gives the units of kind load of a step, once all of them are done.
	Loads(ctx context.Context, step string) ([]unit.Unit, error)
}

// Make gives what processes the blocked records of a load again; nil when there is
// nothing to it. Run is the run's name. Level says what is not waited for where the
// map says so: 0 nothing, 1 what does not wait itself, 2 nothing any more.
type Make func(load unit.Unit, run string, level int) (*Made, error)

// Made is a unit that does so: of kind Release, writing to a connection, or of
// another one, behind which others follow.
type Made struct {
	Spec json.RawMessage
	To   string
	Kind string // "" = Release
	// Then are the units behind it: they begin when those with the tag after are done,
	// and have the tag.
	Then func(of unit.Unit, after, tag string) []unit.Unit
}

// levels is the last level.
const levels = 2

// Executor does units of kind Kind. It changes nothing itself: the units that it
// finds do.
func Executor(book Book, spec Make) unit.Executor { return &blocker{book, spec} }

type blocker struct {
	book Book
	make Make
}

// Done finds nothing out: to look again costs nothing.
func (*blocker) Done(context.Context, unit.Unit, unit.Lease) (unit.Effect, error) {
	return unit.Effect{}, nil
}

// Do looks what waits and finds the next round, or none.
func (x *blocker) Do(ctx context.Context, u unit.Unit, l unit.Lease, report unit.Report) (unit.Result, error) {
	var spec Spec
	if err := json.Unmarshal(u.Spec, &spec); err != nil {
		return unit.Result{}, fault.New(fault.Internal, "unit.spec", "%s: read spec: %w", u.ID, err)
	}
	waiting, pending, err := x.book.Blocked(ctx, spec.Again)
	if err != nil {
		return unit.Result{}, fault.Wrap(err, "look up what is blocked")
	}
	report.At("blocked.counted")
	moved := spec.Round == 0 || !maps.Equal(waiting, spec.Were)
	round := &round{make: x.make, unit: u, lease: l, spec: spec}
	if !moved {
		round.level = spec.Level + 1
	}
	if round.level <= levels {
		for _, step := range slices.Sorted(maps.Keys(waiting)) {
			loads, err := x.book.Loads(ctx, step)
			if err != nil {
				return unit.Result{}, fault.Wrap(err, "look up the loads of %s", step)
			}
			if len(loads) == 0 {
				continue // its own unit of this kind comes later
			}
			if err := round.release(step, loads[0]); err != nil {
				return unit.Result{}, err
			}
		}
	}
	open := pending > 0
	return unit.Result{Units: round.all(waiting), Blocked: &open}, nil
}

// round is what a unit of kind blocked finds.
type round struct {
	make  Make
	unit  unit.Unit
	lease unit.Lease
	spec  Spec
	level int
	units []unit.Unit
}

// id is a name that no other round, nor another attempt at this one, gives.
func (r *round) id(kind, object string) string {
	return unit.ID(r.unit.Step, kind, fmt.Sprintf("%s.%d.%d", object, r.spec.Round+1, r.lease.Attempt), 1)
}

// release adds the unit for a step.
func (r *round) release(step string, load unit.Unit) error {
	made, err := r.make(load, r.lease.Name, r.level)
	if err != nil || made == nil {
		return err
	}
	u := unit.Unit{
		Step: r.unit.Step, Kind: cmp.Or(made.Kind, Release), Entity: load.Entity, Class: "other", Weight: 1,
		Tags: []string{Released, r.tag()}, Uses: load.Uses, Spec: made.Spec,
	}
	u.ID = r.id(u.Kind, step)
	if made.Then != nil {
		own := r.tag() + " " + step
		u.Tags = append(u.Tags, own)
		r.units = append(append(r.units, u), made.Then(u, own, r.tag())...)
		return nil
	}
	if made.To != r.spec.To && !slices.Contains(r.spec.Ends, made.To) {
		r.spec.Ends = append(r.spec.Ends, made.To)
	}
	r.units = append(r.units, u)
	return nil
}

func (r *round) tag() string { return fmt.Sprintf("round %d.%d", r.spec.Round+1, r.lease.Attempt) }

// all are the units of the round with the one that looks after it; without a
// round those that take its marks away at other targets.
func (r *round) all(waiting map[string]int64) []unit.Unit {
	if len(r.units) > 0 {
		next := r.spec
		next.Round, next.Were, next.Level = r.spec.Round+1, waiting, r.level
		u := Unit(r.unit.Step, r.unit.Entity, next, r.tag())
		u.ID = r.id(Kind, r.unit.Entity)
		return append(r.units, u)
	}
	var marks []unit.Unit
	for _, to := range r.spec.Ends {
		marks = append(marks, unit.Unit{
			ID: r.id("marks", to), Step: r.unit.Step, Kind: "marks", Class: "other", Weight: 1, After: []string{Released},
			Spec: unit.Body(map[string]string{"to": to}),
		})
	}
	return marks
}

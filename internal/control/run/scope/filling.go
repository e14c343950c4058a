package scope

import (
	"godwit/internal/control/engine"
	"godwit/internal/control/flow"
	"godwit/internal/control/plan"
	"godwit/internal/fault"
	"godwit/internal/record"
	"godwit/internal/unit"
)

// Filling fills in steps with what is known where their units stand.
type Filling struct {
	Names   *Names
	Session *engine.Session
}

func (f Filling) at(u unit.Unit) (known record.Object, err error) {
	err = fault.New(fault.Internal, "unit.unknown", "%s is not a unit of %s", u.ID, f.Session.Name)
	f.Session.Look(func(m *plan.Machine) {
		if s, ok := m.Scope(u.ID); ok {
			known, err = f.Names.Known(s)
		}
	})
	return known, err
}

// Spec gives the spec of a unit's step.
func (f Filling) Spec(u unit.Unit) (any, error) {
	known, err := f.at(u)
	if err != nil {
		return nil, err
	}
	return f.Names.Step(u.Step, known)
}

// Called gives the flow that a unit's step calls.
func (f Filling) Called(u unit.Unit) (*flow.Bound, error) {
	known, err := f.at(u)
	if err != nil {
		return nil, err
	}
	return f.Names.Call(u.Step, known)
}

// Each gives the for_each of a unit's step.
func (f Filling) Each(u unit.Unit) (*flow.Each, error) {
	known, err := f.at(u)
	if err != nil {
		return nil, err
	}
	return f.Names.Each(u.Step, known)
}

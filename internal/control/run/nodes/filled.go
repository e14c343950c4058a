package nodes

import (
	"context"
	"encoding/json"

	"godwit/internal/fault"
	"godwit/internal/unit"
)

// Filled is an executor whose units hold their verb's spec, to be filled in when
// they begin. Done gets them as they are.
type Filled struct {
	unit.Executor
	Spec func(unit.Unit) (any, error)
}

// Do is the executor's.
func (f Filled) Do(ctx context.Context, u unit.Unit, l unit.Lease, report unit.Report) (unit.Result, error) {
	var s Inspect
	if err := json.Unmarshal(u.Spec, &s); err != nil {
		return unit.Result{}, fault.New(fault.Internal, "unit.spec", "%s: read spec: %w", u.ID, err)
	}
	u.Spec = s.Spec
	if s.Late {
		spec, err := f.Spec(u)
		if err != nil {
			return unit.Result{}, err
		}
		u.Spec = unit.Body(spec)
	}
	return f.Executor.Do(ctx, u, l, report)
}

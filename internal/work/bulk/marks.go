package bulk

import (
	"context"

	"godwit/internal/connector"
	"godwit/internal/fault"
	"godwit/internal/unit"
)

// marks takes a step's marks away: nothing of ours stays at the target.
type marks struct{ open connector.Opener }

func (m *marks) Do(ctx context.Context, u unit.Unit, l unit.Lease, _ unit.Report) (unit.Result, error) {
	spec, err := decode[MarksSpec](u)
	if err != nil {
		return unit.Result{}, err
	}
	writer, err := connector.Capable[connector.Writer](ctx, m.open, spec.To, "be written in marked transactions")
	if err != nil {
		return unit.Result{}, err
	}
	if err := l.Check(ctx); err != nil {
		return unit.Result{}, err
	}
	return unit.Result{}, fault.Wrap(writer.DropMarks(ctx, l.Run, u.Step), "take marks away")
}

// Done answers none: taking away twice is taking away once.
func (m *marks) Done(context.Context, unit.Unit, unit.Lease) (unit.Effect, error) {
	return unit.Effect{}, nil
}

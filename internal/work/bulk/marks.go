package bulk

import (
	"context"

	"godwit/internal/connector"
	"godwit/internal/fault"
	"godwit/internal/unit"
)

// marks takes the run's marks away: nothing of ours stays at the target.
type marks struct{ open connector.Opener }

func (m *marks) Do(ctx context.Context, u unit.Unit, l unit.Lease, _ unit.Report) (unit.Result, error) {
	writer, err := m.writer(ctx, u)
	if err != nil {
		return unit.Result{}, err
	}
	if err := l.Check(ctx); err != nil {
		return unit.Result{}, err
	}
	return unit.Result{}, fault.Wrap(writer.DropMarks(ctx, l.Run), "take marks away")
}

// Done answers none: taking away twice is taking away once.
func (m *marks) Done(context.Context, unit.Unit, unit.Lease) (unit.Effect, error) {
	return unit.Effect{}, nil
}

func (m *marks) writer(ctx context.Context, u unit.Unit) (connector.Writer, error) {
	spec, err := decode[MarksSpec](u)
	if err != nil {
		return nil, err
	}
	return connector.Capable[connector.Writer](ctx, m.open, spec.To, "be written in marked transactions")
}

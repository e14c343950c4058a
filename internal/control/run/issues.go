package run

import (
	"context"
	"time"

	"godwit/internal/connector"
	"godwit/internal/control/flow"
	"godwit/internal/control/run/issues"
	"godwit/internal/fault"
	"godwit/internal/ledger"
)

// issuesPatience is how long a run's end may take to write the table of issues.
const issuesPatience = 2 * time.Minute

// keepIssues brings the project's table of issues up to date at the end of a run,
// unless that was cut at once.
func (r *Runs) keepIssues(ctx context.Context, run Ref, open connector.Opener) *fault.Fault {
	if run.State != ledger.Ended || ctx.Err() != nil {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, issuesPatience)
	defer cancel()
	if _, err := r.writeIssues(ctx, run, open); err != nil {
		f := fault.Of(err)
		return &f
	}
	return nil
}

// KeepIssues brings the table of issues of a run's project up to date, through the
// connections of its flow, and returns how many rows it wrote: -1 when the project
// names no table. It may be called twice.
func (r *Runs) KeepIssues(ctx context.Context, run Ref, b *flow.Bound) (int, error) {
	open := r.endpoints(b.Connections)
	defer open.Close()
	return r.writeIssues(ctx, run, open)
}

func (r *Runs) writeIssues(ctx context.Context, run Ref, open connector.Opener) (int, error) {
	p, err := r.Project(run)
	if err != nil || p.Issues == nil {
		return -1, err
	}
	of, err := r.Origin(ctx, run)
	if err != nil {
		return 0, err
	}
	return issues.Keep(ctx, r.Ledger, of.ID, *p.Issues, open, func(point string) {
		if r.At != nil {
			r.At(point, "")
		}
	})
}

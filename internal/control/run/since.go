package run

import (
	"context"

	"godwit/internal/catalog"
	"godwit/internal/control/run/conclude"
	"godwit/internal/fault"
	"godwit/internal/unit"
)

// remember adds how far an earlier run of a step has read, for those that read
// on from there. Full is a run that reads everything. Who only plans may have
// no ledger.
func (r *Runs) remember(ctx context.Context, flow, step string, full bool, n unit.Needs, facts *catalog.Facts) (err error) {
	if !incremental(n) {
		return nil
	}
	if facts.Records.Full = full; full || r.Ledger == nil {
		return nil
	}
	facts.Records.Watermark, err = conclude.Watermark(ctx, r.Ledger, flow, step, facts.Source.ID, facts.Target.ID)
	return fault.Wrap(err, "look up the watermark of step %s", step)
}

func incremental(n unit.Needs) bool { return n.Records != nil && n.Records.Query.Since != nil }

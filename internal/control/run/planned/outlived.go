package planned

import (
	"context"
	"slices"

	"godwit/internal/control/flow"
	"godwit/internal/ledger"
	"godwit/internal/ledger/records"
)

// Outlived are aliases in force that earlier runs of a flow told of in steps which it
// does not have any more: nothing takes them back.
func Outlived(ctx context.Context, v *ledger.View, b *flow.Bound) ([]records.Telling, error) {
	all, err := records.Tellings(ctx, v.Reader(), b.Flow, b.Env)
	steps := b.All()
	return slices.DeleteFunc(all, func(t records.Telling) bool {
		return slices.ContainsFunc(steps, func(s flow.Step) bool { return s.ID == flow.StepOf(t.Step) })
	}), err
}

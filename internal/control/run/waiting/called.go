package waiting

import (
	"context"
	"slices"

	"godwit/internal/ledger"
	"godwit/internal/unit"
)

// Called adds to units that run another flow what the steps of that one wait
// for. A run that cannot be looked at says nothing.
func Called(ctx context.Context, v *ledger.View, rows []unit.Progress) []unit.Progress {
	rows = slices.Clone(rows)
	for i, p := range rows {
		if unit.KindOf(p.Unit) != "flow" {
			continue
		}
		run, err := v.Find(ctx, p.Doing)
		if err != nil {
			continue
		}
		inside, err := v.Progress(ctx, run.ID)
		if err != nil {
			continue
		}
		for _, one := range Called(ctx, v, inside) {
			for _, w := range one.Waits {
				if one.Doing == Doing {
					w.Text = p.Doing + " step " + one.Unit + " " + w.Text
				}
				if one.Doing == Doing || unit.KindOf(one.Unit) == "flow" {
					rows[i].Waits = append(slices.Clip(rows[i].Waits), w)
				}
			}
		}
	}
	return rows
}

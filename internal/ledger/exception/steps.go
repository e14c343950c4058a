package exception

import "context"

// Steps lists the steps of a run that have exceptions which a filter selects.
func (l Look) Steps(ctx context.Context, run int64, f Filter) ([]string, error) {
	where, args := f.Where(run)
	return ask(ctx, l, func(r scanner) (step string, err error) {
		err = r.Scan(&step)
		return step, err
	}, `SELECT DISTINCT e.step FROM exception e`+where+` ORDER BY e.step`, args...)
}

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

// Blocked counts a run's open exceptions that wait for another record, of those
// that another run has claimed only with by, and gives the steps that they are
// of to each, which may be nil.
func (l Look) Blocked(ctx context.Context, run, by int64, each func(step string, n int64)) (total int64, err error) {
	query, args := `SELECT e.step, count(*) FROM exception e WHERE e.run = ? AND e.closed = '' AND e.outcome = 'pending'`+shown, []any{run}
	if by != 0 {
		query, args = query+` AND e.claimed = ?`, append(args, by)
	}
	_, err = ask(ctx, l, func(r scanner) (step string, err error) {
		var n int64
		err = r.Scan(&step, &n)
		total += n
		if each != nil {
			each(step, n)
		}
		return step, err
	}, query+` GROUP BY e.step ORDER BY e.step`, args...)
	return total, err
}

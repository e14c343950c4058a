package exception

import "context"

// Steps lists the steps of a run that have exceptions which a filter selects, in
// the order of their first ones.
func (l Look) Steps(ctx context.Context, run int64, f Filter) ([]string, error) {
	where, args := f.Where(run)
	return ask(ctx, l, func(r scanner) (step string, err error) {
		err = r.Scan(&step)
		return step, err
	}, `SELECT e.step FROM exception e`+where+` GROUP BY e.step ORDER BY min(e.id)`, args...)
}

// Nth is the number of the nth exception that a filter selects and no redrive
// has in hand, or of the last one when there are fewer; 0 is none.
func (l Look) Nth(ctx context.Context, run int64, f Filter, n int) (int64, error) {
	where, args := free(f, run)
	ids, err := ask(ctx, l, func(r scanner) (id int64, err error) {
		err = r.Scan(&id)
		return id, err
	}, `SELECT coalesce(max(id), 0) FROM (SELECT e.id AS id FROM exception e`+where+` ORDER BY e.id LIMIT ?) AS first`, append(args, n)...)
	if err != nil || len(ids) == 0 {
		return 0, err
	}
	return ids[0], nil
}

// Unsent counts a filter's exceptions of which nothing was ever sent.
func (l Look) Unsent(ctx context.Context, run int64, f Filter) (int64, error) {
	where, args := f.Where(run)
	n, err := ask(ctx, l, func(r scanner) (n int64, err error) {
		err = r.Scan(&n)
		return n, err
	}, `SELECT count(*) FROM exception e JOIN payload p ON p.exception = e.id`+where+` AND p.sent IS NULL`, args...)
	if err != nil || len(n) == 0 {
		return 0, err
	}
	return n[0], nil
}

// Versions of the maps that a filter's exceptions were made by, each with one of
// them.
func (l Look) Versions(ctx context.Context, run int64, f Filter) (ids []int64, versions []string, err error) {
	where, args := f.Where(run)
	_, err = ask(ctx, l, func(r scanner) (id int64, err error) {
		var version string
		err = r.Scan(&version, &id)
		ids, versions = append(ids, id), append(versions, version)
		return id, err
	}, `SELECT e.mapping, min(e.id) FROM exception e`+where+` GROUP BY e.mapping ORDER BY min(e.id)`, args...)
	return ids, versions, err
}

// Blocked counts a run's open exceptions that wait for another record, of those
// that another run has claimed only with by, and gives the steps that they are
// of to each, which may be nil.
func (l Look) Blocked(ctx context.Context, run, by int64, each func(step string, n int64)) (total int64, err error) {
	query, args := `SELECT e.step, count(*) FROM exception e WHERE e.run = ? AND e.closed = '' AND e.outcome = 'pending' AND e.code = 'record.blocked'`+shown, []any{run}
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

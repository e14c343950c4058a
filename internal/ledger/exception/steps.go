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

// First selects of a filter's exceptions that no redrive and no later run has in hand the
// first n, by their ranks.
func (l Look) First(ctx context.Context, run int64, f Filter, n int) (Filter, error) {
	where, args := free(f, run)
	_, err := ask(ctx, l, func(r scanner) (int64, error) { return 0, r.Scan(&f.Turn, &f.UpTo) },
		`SELECT turn, id FROM (SELECT e.turn AS turn, e.id AS id FROM exception e`+where+` ORDER BY e.turn, e.id LIMIT ?) AS first ORDER BY turn DESC, id DESC LIMIT 1`, append(args, n)...)
	return f, err
}

// Unsent counts a filter's exceptions of which nothing was ever sent.
func (l Look) Unsent(ctx context.Context, run int64, f Filter) (int64, error) {
	where, args := f.Where(run)
	return l.number(ctx, `SELECT count(*) FROM exception e JOIN payload p ON p.exception = e.id`+where+` AND p.sent IS NULL`, args...)
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

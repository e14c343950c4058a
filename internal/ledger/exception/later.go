package exception

import "context"

// Superseded counts the exceptions that a filter selects and that a redrive would not
// write: a later run has read their records.
func (l Look) Superseded(ctx context.Context, run int64, f Filter) (int64, error) {
	where, args := f.Where(run)
	n, err := ask(ctx, l, func(r scanner) (n int64, err error) { return n, r.Scan(&n) }, `SELECT count(*) FROM exception e`+where+` AND `+older, args...)
	if err != nil || len(n) == 0 {
		return 0, err
	}
	return n[0], nil
}

// Later names the runs that have the records of exceptions open which later ones than
// theirs have read: of each the last that has.
func (l Look) Later(ctx context.Context, run int64, f Filter) ([]string, error) {
	where, args := f.Where(run)
	return l.later(ctx, where, args...)
}

// LaterThan is Later of those that a redrive has left as superseded.
func (l Look) LaterThan(ctx context.Context, redrive int64) ([]string, error) {
	return l.later(ctx, ` WHERE e.id IN (SELECT a.exception FROM attempt a WHERE a.run = ? AND a.outcome = 'superseded')`, redrive)
}

func (l Look) later(ctx context.Context, where string, args ...any) ([]string, error) {
	return ask(ctx, l, func(r scanner) (name string, err error) { return name, r.Scan(&name) },
		`SELECT r.flow || '-' || r.n FROM run r WHERE r.id IN (SELECT (SELECT max(n.run) FROM exception n JOIN run f ON f.id = n.run JOIN run h ON h.id = e.run
			WHERE n.key = e.key AND n.key <> '' AND n.entity = e.entity AND n.step = e.step AND n.run > e.run AND n.closed = '' AND`+Home+`) FROM exception e`+where+`) ORDER BY r.id`, args...)
}

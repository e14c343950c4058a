package exception

import "context"

// Superseded counts the exceptions that a filter selects and that a redrive would not
// write, since a later run has read their records, and names the runs that have some of
// these records open: of each the last that has.
func (l Look) Superseded(ctx context.Context, run int64, f Filter) (n int64, later []string, err error) {
	where, args := f.Where(run)
	where += ` AND ` + Older
	if n, err = l.number(ctx, `SELECT count(*) FROM exception e`+where, args...); err != nil || n == 0 {
		return 0, nil, err
	}
	later, err = l.later(ctx, where, args...)
	return n, later, err
}

// LaterThan names the runs that have records open which a redrive has left as superseded.
func (l Look) LaterThan(ctx context.Context, redrive int64) ([]string, error) {
	return l.later(ctx, ` WHERE e.id IN (SELECT a.exception FROM attempt a WHERE a.run = ? AND a.outcome = 'superseded')`, redrive)
}

func (l Look) later(ctx context.Context, where string, args ...any) ([]string, error) {
	return ask(ctx, l, func(r scanner) (name string, err error) { err = r.Scan(&name); return name, err },
		`SELECT r.flow || '-' || r.n FROM run r WHERE r.id IN (SELECT (SELECT max(n.run) FROM exception n JOIN run f ON f.id = n.run JOIN run h ON h.id = e.run
			WHERE n.key = e.key AND n.key <> '' AND n.entity = e.entity AND n.step = e.step AND n.run > e.run AND n.closed = '' AND`+Home+`) FROM exception e`+where+`) ORDER BY r.id`, args...)
}

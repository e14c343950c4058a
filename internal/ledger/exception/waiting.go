package exception

import (
	"context"

	"godwit/internal/record"
)

// waits says of a pending exception e of a run, its parameter, that a round of that run
// may take it: one that waits for what it refers to, or for its group, in which nobody is
// open before it but those of some codes, and those that were accepted.
func waits(codes string) string {
	return ` e.outcome = 'pending' AND (e.code = '` + record.CodeBlocked + `' OR e.code = '` + record.CodeBehind + `' AND e.id IN (SELECT id FROM (
		SELECT e.id AS id, e.code AS code, max(CASE WHEN e.code IN (` + codes + `) THEN 0 WHEN` + IsAccepted + ` THEN 0 ELSE 1 END)
			OVER (PARTITION BY e.step, e."group" ORDER BY e.turn, e.id) AS held
		FROM exception e WHERE e.run = ? AND e.closed = '' AND e."group" <> '') WHERE code = '` + record.CodeBehind + `' AND held = 0))`
}

// Those that a round takes now, and those that one may once others have been taken.
var (
	released = waits(`'` + record.CodeBehind + `'`)
	coming   = waits(`'` + record.CodeBlocked + `', '` + record.CodeBehind + `'`)
)

// Blocked counts a run's open exceptions that are pending, of those that another run has
// claimed only with by. Each, which may be nil, is given how many of each step wait for
// others that may come yet.
func (l Look) Blocked(ctx context.Context, run, by int64, each func(step string, n int64)) (total int64, err error) {
	query, args := `SELECT e.step, count(*), sum(CASE WHEN`+coming+` THEN 1 ELSE 0 END) FROM exception e WHERE e.run = ? AND e.closed = '' AND e.outcome = 'pending'`+shown, []any{run, run}
	if by != 0 {
		query, args = query+` AND e.claimed = ?`, append(args, by)
	}
	_, err = ask(ctx, l, func(r scanner) (step string, err error) {
		var n, waiting int64
		err = r.Scan(&step, &n, &waiting)
		if total += n; each != nil && waiting > 0 {
			each(step, waiting)
		}
		return step, err
	}, query+` GROUP BY e.step ORDER BY e.step`, args...)
	return total, err
}

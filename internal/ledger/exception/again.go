package exception

import "context"

// Statements of a redrive: claim exceptions for a run, note what a chunk made
// of them, and let that take effect.
const (
	Claim     = `UPDATE exception AS e SET claimed = ?`
	Claimable = ` AND (e.claimed = 0 OR e.claimed = ? OR
		NOT EXISTS (SELECT 1 FROM run r WHERE r.id = e.claimed AND r.state <> 'ended' AND r.lease_boot = ? AND r.lease_until > ?)
		AND NOT EXISTS (SELECT 1 FROM attempt a JOIN chunk c ON c.run = a.run AND c.unit = a.unit AND c.n = a.n
			WHERE a.exception = e.id AND c.state = 'prepared' AND c.run <> ?))`

	// SelectClaimed also says whether another unit has it in a chunk of which it is
	// not known whether the target has it, and whether a later run has read its record.
	SelectClaimed = `SELECT e.run, e.claimed, e.closed, e.outcome = 'pending', EXISTS (SELECT 1 FROM attempt a JOIN chunk c
			ON c.run = a.run AND c.unit = a.unit AND c.n = a.n WHERE a.exception = e.id AND c.state = 'prepared' AND NOT (a.run = ? AND a.unit = ?)),
		` + Older + ` OR ` + AtWork + `, e.step, e.entity, e.key FROM exception e WHERE e.id = ?`
	InsertAttempt  = `INSERT INTO attempt (exception, run, unit, n, outcome, at, said, sent)`
	SelectAttempts = `SELECT said, sent FROM attempt WHERE run = ? AND unit = ? AND n = ? ORDER BY exception`

	// exception <> 0 stands there for the index, which is over these alone: without
	// it all issues are read for each of them.
	Close = `UPDATE exception SET closed = ?, closed_by = ?, closed_at = ?, last = ?, attempts = attempts + 1 WHERE id = ?`
	Fail  = `UPDATE exception SET outcome = ?, cause = ?, code = ?, text = ?, field = ?, value = ?, fields = ?, refusal = ?,
		mapping = coalesce(nullif(?, ''), mapping), last = ?, attempts = attempts + 1 WHERE id = ?`
	ReplaceSent = `UPDATE payload SET sent = ? WHERE exception = ?`
	CloseIssues = `UPDATE issue SET state = 'closed', closed_by = ? WHERE exception = ? AND exception <> 0 AND id < ? AND state <> 'closed'`
	StillIssues = `UPDATE issue AS i SET state = 'still', first = (SELECT min(o.first)` + tried + `)
		WHERE exception = ? AND exception <> 0 AND id BETWEEN ? AND ? AND EXISTS (SELECT 1` + tried + `)`

	// tried are the same issues o of an exception as its issue i, of earlier tries.
	tried = ` FROM issue o WHERE o.exception = i.exception AND o.exception <> 0 AND o.rule = i.rule AND o.field = i.field AND o.id < i.id`

	// unclosed is the state that an issue had before it was closed.
	unclosed = `CASE WHEN EXISTS (SELECT 1` + tried + `) THEN 'still' ELSE 'new' END`
)

// Holders names the cancelled redrives that still hold some of the exceptions:
// what they had prepared was neither settled nor discarded.
func (l Look) Holders(ctx context.Context, run int64, f Filter) ([]string, error) {
	where, args := f.Where(run)
	return ask(ctx, l, func(r scanner) (name string, err error) {
		err = r.Scan(&name)
		return name, err
	}, `SELECT DISTINCT h.flow || '-' || h.n FROM exception e JOIN attempt a ON a.exception = e.id
		JOIN chunk c ON c.run = a.run AND c.unit = a.unit AND c.n = a.n AND c.state = 'prepared'
		JOIN run h ON h.id = c.run AND h.outcome = 'cancelled'`+where+` ORDER BY 1`, args...)
}

package exception

// Statements of a redrive: claim exceptions for a run, note what a chunk made
// of them, and let that take effect.
const (
	Claim     = `UPDATE exception AS e SET claimed = ?`
	Claimable = ` AND (e.claimed = 0 OR e.claimed = ? OR
		NOT EXISTS (SELECT 1 FROM run r WHERE r.id = e.claimed AND r.state <> 'ended' AND r.lease_boot = ? AND r.lease_until > ?)
		AND NOT EXISTS (SELECT 1 FROM attempt a JOIN chunk c ON c.run = a.run AND c.unit = a.unit AND c.n = a.n
			WHERE a.exception = e.id AND c.state = 'prepared' AND c.run <> ?))`

	SelectClaimed  = `SELECT run, claimed, closed, step, entity, key FROM exception WHERE id = ?`
	InsertAttempt  = `INSERT INTO attempt (exception, run, unit, n, outcome, at, said, sent)`
	SelectAttempts = `SELECT said, sent FROM attempt WHERE run = ? AND unit = ? AND n = ? ORDER BY exception`

	Close = `UPDATE exception SET closed = ?, closed_by = ?, closed_at = ?, last = ?, attempts = attempts + 1 WHERE id = ?`
	Fail  = `UPDATE exception SET outcome = ?, cause = ?, code = ?, text = ?, field = ?, value = ?, fields = ?, refusal = ?,
		mapping = ?, last = ?, attempts = attempts + 1 WHERE id = ?`
	ReplaceSent = `UPDATE payload SET sent = ? WHERE exception = ?`
	CloseIssues = `UPDATE issue SET state = 'closed', closed_by = ? WHERE exception = ? AND id < ? AND state <> 'closed'`
	StillIssues = `UPDATE issue AS i SET state = 'still', first = (SELECT min(o.first) FROM issue o
			WHERE o.exception = i.exception AND o.rule = i.rule AND o.field = i.field AND o.id < i.id)
		WHERE exception = ? AND id BETWEEN ? AND ? AND EXISTS (SELECT 1 FROM issue o
			WHERE o.exception = i.exception AND o.rule = i.rule AND o.field = i.field AND o.id < i.id)`
)

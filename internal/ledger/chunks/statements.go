// Package chunks holds the ledger's SQL about chunks, in words that all of its
// databases understand, with ? for parameters.
package chunks

// Of chunks, and of the numbers of their accounts.
const (
	Select = `SELECT n, state, position, figures, exception_from, exception_to, issue_from, issue_to, seen FROM chunk WHERE run = ?`
	Insert = `INSERT INTO chunk (run, unit, n, state, step, entity, account, position, figures,
		exception_from, exception_to, issue_from, issue_to, at, seen)`
	Last = `SELECT coalesce(max(n), 0), coalesce(sum(CASE state WHEN 'prepared' THEN 1 ELSE 0 END), 0)
		FROM chunk WHERE run = ? AND unit = ? AND state <> 'dropped'`
	Settle = `UPDATE chunk SET state = 'settled', at = ? WHERE run = ? AND unit = ? AND n = ?`
	Drop   = `UPDATE chunk SET state = 'dropped', position = NULL, at = ? WHERE run = ? AND unit = ? AND n = ?`
	Forget = `DELETE FROM chunk WHERE run = ? AND unit = ? AND n = ? AND state = 'dropped'`

	DroppedNumber = `SELECT account FROM chunk WHERE run = ? AND unit = ? AND n = ? AND state = 'dropped' AND step = ? AND entity = ?`
	NextNumber    = `SELECT 1 + coalesce(max(n), 0) FROM (SELECT max(account) AS n FROM chunk WHERE run = ? AND step = ? AND entity = ?
		UNION ALL SELECT max(chunk) FROM account WHERE run = ? AND step = ? AND entity = ?) AS given`
	LastIDs = `SELECT (SELECT coalesce(max(exception_to), 0) FROM chunk), (SELECT coalesce(max(issue_to), 0) FROM chunk)`

	DropAccount = `UPDATE account SET current = FALSE WHERE run = ? AND step = ? AND entity = ? AND chunk = ? AND unit = ?`
)

// For who proves them.
const (
	// Held are the chunks of a run with what is there of them.
	Held = `SELECT c.unit, c.n, c.state, c.figures, c.exception_to - c.exception_from + 1,
		(SELECT count(*) FROM exception e WHERE e.id BETWEEN c.exception_from AND c.exception_to
			AND e.run = c.run AND e.unit = c.unit AND e.chunk = c.account AND e.step = c.step AND e.entity = c.entity),
		(SELECT count(*) FROM payload p WHERE p.exception BETWEEN c.exception_from AND c.exception_to),
		(SELECT count(*) FROM attempt a WHERE a.run = c.run AND a.unit = c.unit AND a.n = c.n AND a.outcome IN ('rejected', 'dead', 'pending')),
		(SELECT count(*) FROM attempt a WHERE a.run = c.run AND a.unit = c.unit AND a.n = c.n)
		FROM chunk c WHERE c.run = ? ORDER BY c.unit, c.n`

	// Strays are the exceptions outside all chunks, and those whose end is
	// not proved by exactly one chunk that loaded them.
	Strays = `SELECT 'homeless', e.id, e.closed, 0 FROM exception e WHERE e.run = ? AND NOT EXISTS (
			SELECT 1 FROM chunk c WHERE c.run = e.run AND c.step = e.step AND c.entity = e.entity AND c.account = e.chunk
				AND c.state <> 'dropped' AND e.id BETWEEN c.exception_from AND c.exception_to)
		UNION ALL SELECT 'closed', id, closed, times FROM (SELECT e.id AS id, e.closed AS closed, e.closed_by AS closed_by,
			(SELECT count(*) FROM attempt a JOIN chunk c ON c.run = a.run AND c.unit = a.unit AND c.n = a.n
				WHERE a.exception = e.id AND c.state = 'settled' AND a.outcome NOT IN ('rejected', 'dead', 'pending')) AS times
			FROM exception e WHERE e.run = ?) AS t
		WHERE times <> CASE closed_by WHEN 0 THEN 0 ELSE 1 END
		LIMIT 20`
)

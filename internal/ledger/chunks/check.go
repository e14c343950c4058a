package chunks

// What the ledger is checked by.
const (
	// Held are the chunks of a run with what is there of them.
	Held = `SELECT c.unit, c.n, c.state, c.figures, c.exception_to - c.exception_from + 1,
		(SELECT count(*) FROM exception e WHERE e.id BETWEEN c.exception_from AND c.exception_to
			AND e.run = c.run AND e.unit = c.unit AND e.chunk = c.account AND e.step = c.step AND e.entity = c.entity),
		(SELECT count(*) FROM payload p WHERE p.exception BETWEEN c.exception_from AND c.exception_to),
		(SELECT count(*) FROM attempt a WHERE a.run = c.run AND a.unit = c.unit AND a.n = c.n AND a.outcome IN ('rejected', 'dead', 'pending')),
		(SELECT count(*) FROM attempt a WHERE a.run = c.run AND a.unit = c.unit AND a.n = c.n)
		FROM chunk c WHERE c.run = ? ORDER BY c.unit, c.n`

	// Strays are exceptions outside all chunks, and those whose end is not proved
	// by exactly one chunk that loaded them, or by what a person did.
	Strays = `SELECT 'homeless', e.id, e.closed, 0 FROM exception e WHERE e.run = ? AND NOT EXISTS (
			SELECT 1 FROM chunk c WHERE c.run = e.run AND c.step = e.step AND c.entity = e.entity AND c.account = e.chunk
				AND c.state <> 'dropped' AND e.id BETWEEN c.exception_from AND c.exception_to)
		UNION ALL SELECT 'closed', id, closed, times FROM (SELECT e.id AS id, e.closed AS closed, e.closed_by AS closed_by,
			(SELECT count(*) FROM attempt a JOIN chunk c ON c.run = a.run AND c.unit = a.unit AND c.n = a.n
				WHERE a.exception = e.id AND c.state = 'settled' AND a.outcome NOT IN ('rejected', 'dead', 'pending')) AS times
			FROM exception e WHERE e.run = ?) AS t
		WHERE times <> CASE closed_by WHEN 0 THEN 0 ELSE 1 END
		UNION ALL SELECT 'dismissed', e.id, e.closed, 0 FROM exception e WHERE e.run = ? AND e.closed <> '' AND e.closed_by = 0 AND NOT EXISTS (
			SELECT 1 FROM event v WHERE v.run = e.run AND v.kind = 'dead.dismissed' AND v.at = e.closed_at)
		LIMIT 20`
)

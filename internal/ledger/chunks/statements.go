// Package chunks holds the ledger's SQL about chunks, in words that all of its
// databases understand, with ? for parameters.
package chunks

import (
	"context"

	"godwit/internal/ledger/store"
)

// Settled counts a run's settled chunks by unit.
func Settled(ctx context.Context, db store.Reader, run int64) (map[string]int, error) {
	rows, err := db.QueryContext(ctx, `SELECT unit, count(*) FROM chunk WHERE run = ? AND state = 'settled' GROUP BY unit`, run)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	counts := map[string]int{}
	for rows.Next() {
		var unit string
		var n int
		if err := rows.Scan(&unit, &n); err != nil {
			return nil, err
		}
		counts[unit] = n
	}
	return counts, rows.Err()
}

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

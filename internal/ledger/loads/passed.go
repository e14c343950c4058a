package loads

import (
	"context"

	"godwit/internal/ledger/exception"
	"godwit/internal/ledger/store"
	"godwit/internal/record"
)

// broken finds what records of a step broke in the runs before one: rules that
// they have not fulfilled since; of those that were not loaded and that no run has read
// and is done with since, record.RuleRead. What a redrive has closed may be open again as
// long as it can be gone on with. And what the unit itself has left out: record.RuleTwice.
const broken = `SELECT key, rule, field FROM (
		SELECT i.key, i.rule, i.field, max(i.found) AS found FROM issue i
		WHERE i.origin IN (SELECT f.id FROM run f JOIN run h ON` + exception.Home + ` WHERE h.id = ?)
			AND i.step = ? AND i.entity = ? AND i.key <> '' AND i.found < ? GROUP BY i.key, i.rule, i.field) AS i
	WHERE NOT EXISTS (SELECT 1 FROM` + exception.Passed + ` JOIN run h ON h.id = ? WHERE p.key = i.key AND p.rule = i.rule AND p.field = i.field
		AND c.step = ? AND c.entity = ? AND p.run > i.found AND` + exception.Home + `)
	UNION ALL SELECT DISTINCT e.key, '` + record.RuleRead + `', '' FROM exception e
	WHERE e.run IN (SELECT f.id FROM run f JOIN run h ON` + exception.Home + ` WHERE h.id = ?) AND e.run < ?
		AND e.step = ? AND e.entity = ? AND e.key <> '' AND (e.closed = '' OR e.closed_by = 0
		OR EXISTS (SELECT 1 FROM run w WHERE w.id = e.closed_by AND NOT` + exception.Over + `)) AND NOT ` + exception.Older + `
	UNION ALL SELECT DISTINCT e.key, '` + record.RuleTwice + `', '' FROM exception e WHERE e.run = ? AND e.unit = ? AND e.key <> ''`

// Broken gives what records of the chunk's origin, step and entity broke in runs
// before its own and have not fulfilled since, and which its unit has left out.
func Broken(ctx context.Context, db store.Reader, c Chunk, entity string, do func(record.IssueID)) error {
	rows, err := db.QueryContext(ctx, broken, c.Origin, c.Step, entity, c.Run, c.Origin, c.Step, entity, c.Origin, c.Origin, c.Step, entity, c.Run, c.Unit)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		var id record.IssueID
		if err := rows.Scan(&id.Key, &id.Rule, &id.Field); err != nil {
			return err
		}
		do(id)
	}
	return rows.Err()
}

// Pass writes what records of a chunk fulfil now, instead of what was written
// for it and for those behind it before. It counts when the chunk does.
func Pass(change store.Change, c Chunk, passed []record.IssueID) error {
	if err := change(`DELETE FROM passed WHERE run = ? AND unit = ? AND n >= ?`, c.Run, c.Unit, c.N); err != nil {
		return err
	}
	for _, id := range passed {
		err := change(`INSERT INTO passed (run, unit, n, origin, key, rule, field) VALUES (?, ?, ?, ?, ?, ?, ?)
			ON CONFLICT (run, unit, n, key, rule, field) DO NOTHING`, c.Run, c.Unit, c.N, c.Origin, id.Key, id.Rule, id.Field)
		if err != nil {
			return err
		}
	}
	return nil
}

// Unaccepted counts the records that a unit of a run did not load and that are
// open: all but those of which every issue that kept them out was accepted.
func Unaccepted(ctx context.Context, db store.Reader, run int64, unit string) (n int64, err error) {
	rows, err := db.QueryContext(ctx, `SELECT count(*) FROM exception e WHERE e.closed = '' AND NOT`+exception.IsAccepted+`
		AND (e.run = ? AND e.unit = ? OR e.id IN (SELECT exception FROM attempt WHERE run = ? AND unit = ?))`, run, unit, run, unit)
	if err != nil {
		return 0, err
	}
	defer rows.Close()
	for rows.Next() {
		err = rows.Scan(&n)
	}
	if err != nil {
		return 0, err
	}
	return n, rows.Err()
}

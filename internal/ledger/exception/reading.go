package exception

import (
	"context"
	"slices"

	"godwit/internal/ledger/lease"
	"godwit/internal/ledger/store"
	"godwit/internal/record"
)

// What later readings say of an exception e. Only a run that is over may have the last
// word on a record: as long as it can be cancelled, or its target can lose what it had
// confirmed, nobody knows whether it will ever have done what it has read. So nothing that
// makes an exception superseded is ever taken back, and who closes it need not look again.
const (
	// Older is one whose record a later run of its home has read and is done with, whatever
	// became of it there (loaded, equal, filtered, an exception of its own), or its own run
	// behind it, and that nobody has put right since. A run that was cancelled is done with
	// what it has read when its step was.
	Older = `(` + anyPass + `EXISTS (SELECT 1` + readings + ` AND` + Over + `
		AND NOT EXISTS (SELECT 1 FROM unit u WHERE u.run = w.id AND u.step = c.step AND u.state <> 'done')
		AND NOT EXISTS (SELECT 1 FROM patch t WHERE t.exception = e.id AND t.at >= c.at))
		OR ` + twice + ` AND EXISTS (SELECT 1 FROM run w WHERE w.id = e.run AND` + Over + `))`

	// AtWork is one, not older, whose record a later run of its home has read that is not
	// over, or its own run behind it: nobody else may load it until then.
	AtWork = `((` + anyPass + `EXISTS (SELECT 1` + readings + ` AND NOT` + Over + `)
		OR ` + twice + ` AND EXISTS (SELECT 1 FROM run w WHERE w.id = e.run AND NOT` + Over + `)) AND NOT ` + Older + `)`

	// readings are those p of the record by runs w behind its own, in chunks c; also in one
	// that is only prepared, since the target may have it.
	readings = ` FROM` + read + ` JOIN run w ON w.id = p.run JOIN run f ON f.id = p.origin JOIN run h ON h.id = e.run WHERE p.key = e.key AND e.key <> ''
		AND c.step = e.step AND c.entity = e.entity AND p.run > e.run AND w.flow <> 'redrive' AND` + Home
	read = ` passed p JOIN chunk c ON c.run = p.run AND c.unit = p.unit AND c.n = p.n AND c.state <> 'dropped'`

	// Over is a run w that nobody can go on with.
	Over = ` (w.state = 'ended' AND w.outcome NOT IN ('failed', 'stopped'))`

	reader = `coalesce((SELECT max(w.id)` + readings + ` AND NOT` + Over + `), e.run)`

	// twice is one whose record comes again behind it in its own run: left out, too, or read
	// by its unit, in a chunk behind its own or last in that one. The run's own rounds over
	// what waits go by their own order. The turns are subtracted, since SQLite would look
	// for them by the index of turns else, which gives half of a run for each exception.
	twice = `(e.claimed <> e.run AND e.key <> '' AND NOT EXISTS (SELECT 1 FROM patch t WHERE t.exception = e.id) AND (
		EXISTS (SELECT 1` + namesakes + ` AND n.turn - e.turn > 0 AND NOT EXISTS (SELECT 1 FROM chunk p WHERE p.state = 'prepared' AND n.id BETWEEN p.exception_from AND p.exception_to))
		OR ` + anyPass + `EXISTS (SELECT 1 FROM` + read + ` WHERE p.key = e.key AND p.run = e.run AND p.unit = e.unit AND p.rule = '` + record.RuleTwice + `' AND (p.n > ` + OwnChunk + `
			OR p.n = ` + OwnChunk + ` AND (p.field = '' OR EXISTS (SELECT 1` + namesakes + ` AND n.unit = e.unit AND n.chunk = e.chunk AND n.id > e.id))))))`
	namesakes = ` FROM exception n WHERE n.key = e.key AND n.key <> '' AND n.entity = e.entity AND n.run = e.run AND n.step = e.step`

	// OwnChunk is the number that the chunk of an exception has in its unit.
	OwnChunk = `(SELECT k.n FROM chunk k WHERE k.run = e.run AND k.step = e.step AND k.entity = e.entity AND k.account = e.chunk)`
)

// LaterRun is one that has read records of exceptions anew and is not over.
type LaterRun struct {
	Run     string `json:"run"`
	Records int64  `json:"records"`
	Alive   bool   `json:"alive"` // somebody is at work with it: its end is waited for
}

// AtWork lists the later runs that have read records of the exceptions which a filter
// selects and are not over, the newest for each record, and counts the other exceptions.
func (l Look) AtWork(ctx context.Context, run int64, f Filter) (list []LaterRun, others int64, err error) {
	where, args := f.Where(run)
	boot, now := lease.Clock()
	list, err = ask(ctx, l, func(r scanner) (n LaterRun, err error) {
		err = r.Scan(&n.Run, &n.Alive, &n.Records)
		return n, err
	}, `SELECT r.flow || '-' || r.n, r.state <> 'ended' AND r.lease_boot = ? AND r.lease_until > ?, count(*)
		FROM (SELECT `+reader+` AS reader FROM exception e`+where+` AND `+AtWork+`) JOIN run r ON r.id = reader GROUP BY r.id ORDER BY r.id`,
		slices.Concat([]any{boot, now}, args)...)
	if err != nil || len(list) == 0 {
		return nil, 0, err
	}
	others, err = l.number(ctx, `SELECT count(*) FROM exception e`+where+` AND NOT `+AtWork, args...)
	return list, others, err
}

// Read reports whether an exception is superseded by what a later run has read, or names
// the last one that has read its record and is not over.
func Read(ctx context.Context, db store.Reader, id int64) (older bool, by string, err error) {
	err = store.Each(ctx, db, func(scan func(...any) error) error { return scan(&older, &by) },
		`SELECT `+Older+`, CASE WHEN `+AtWork+` THEN (SELECT r.flow || '-' || r.n FROM run r WHERE r.id = `+reader+`) ELSE '' END FROM exception e WHERE e.id = ?`, id)
	return older, by, err
}

// Overtakes names a redrive by somebody who is alive that has prepared a record which a
// chunk (run, unit, n) has read, of an earlier run: what that chunk saw at the target may
// be older in a moment. Arguments are the chunk, its run again twice, step and entity, and
// lease.Clock.
const Overtakes = `SELECT r.flow || '-' || r.n FROM chunk d JOIN run r ON r.id = d.run
		JOIN attempt a ON a.run = d.run AND a.unit = d.unit AND a.n = d.n JOIN exception e ON e.id = a.exception
		JOIN passed p ON p.run = ? AND p.unit = ? AND p.n = ? AND p.key = e.key AND p.rule = '` + record.RuleRead + `' AND p.field = ''
	WHERE d.state = 'prepared' AND d.run <> ? AND e.run < ? AND e.step = ? AND e.entity = ?
		AND r.state <> 'ended' AND r.lease_boot = ? AND r.lease_until > ? LIMIT 1`

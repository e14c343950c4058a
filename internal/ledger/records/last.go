package records

import (
	"context"
	"database/sql"

	"godwit/internal/ledger/exception"
	"godwit/internal/ledger/store"
	"godwit/internal/record"
	"godwit/internal/unit/calls"
)

// speaker is a run o as a calls.Speaker, without its step.
const speaker = `o.flow || ' ' || o.inputs, (WITH RECURSIVE up (parent, node) AS (SELECT o.parent, CASE o.parent WHEN 0 THEN o.flow ELSE o.parent_node END
	UNION ALL SELECT f.parent, CASE f.parent WHEN 0 THEN f.flow ELSE f.parent_node END || '/' || up.node FROM up JOIN run f ON f.id = up.parent)
	SELECT node FROM up WHERE parent = 0)`

// reads is what the records of a unit u are read of.
const reads = `coalesce(u.spec ->> '$.spec.reads', u.spec ->> '$.spec.calls.reads')`

// Speaker is who a step of a run is.
func Speaker(ctx context.Context, db store.Reader, uid, step string) (calls.Speaker, error) {
	return one(ctx, db, func(r *sql.Rows, o *calls.Speaker) error { o.Step = step; return r.Scan(&o.Reads, &o.Given, &o.Node) },
		`SELECT coalesce((SELECT max(`+reads+`) FROM unit u WHERE u.run = o.id AND u.step = ?), ''), `+speaker+` FROM run o WHERE o.uid = ?`, step, uid)
}

// Last is what was said of a record last, and by whom: in a redrive by who had left the
// record. Newer is held against an exception, 0 for none: of the run's own words that is one
// that its unit has delivered behind it. The first four states are those of what is loaded.
func Last(ctx context.Context, db store.Reader, p record.Place, key string, of int64) (calls.Word, error) {
	return one(ctx, db, func(r *sql.Rows, w *calls.Word) error {
		return r.Scan(&w.Run, &w.Newer, &w.Unsure, &w.Step, &w.Reads, &w.Given, &w.Node)
	}, `SELECT w.flow || '-' || w.n,
		coalesce(o.id = e.run AND d.run = e.run AND d.unit = e.unit AND d.n >= `+exception.OwnChunk+` AND r.state <= 3 AND NOT EXISTS (SELECT 1 FROM patch t WHERE t.exception = e.id)
			OR o.id > e.run AND CASE WHEN o.id = w.id THEN d.at ELSE (SELECT max(n.first) FROM exception n WHERE n.run = o.id AND n.key = r.key AND n.key <> '' AND n.entity = p.entity) END
			> max(e.first, coalesce((SELECT max(t.at) FROM patch t WHERE t.exception = e.id), 0)), FALSE),
		r.state > 3 AND NOT EXISTS (SELECT 1 FROM run w WHERE w.id = o.id AND`+exception.Over+`),
		coalesce(x.step, substr(d.unit, 1, instr(d.unit, '/') - 1)),
		coalesce((SELECT `+reads+` FROM unit u WHERE u.run = o.id AND u.id = coalesce(x.unit, d.unit)), ''), `+speaker+`
		FROM place p JOIN record r ON r.place = p.id JOIN recorded d ON d.id = r.chunk AND NOT d.doubted JOIN run w ON w.id = d.run
		LEFT JOIN exception e ON e.id = ?
		LEFT JOIN exception x ON x.id = (SELECT a.exception FROM attempt a WHERE a.run = d.run AND a.unit = d.unit AND a.n = d.n LIMIT 1)
		JOIN run o ON o.id = coalesce(x.run, d.run)`+ofPlace+` AND r.chunk >= p.floor AND r.key = ?`, of, p.Entity, p.At, p.Env, key)
}

// one is the only row of a question, zero for none.
func one[T any](ctx context.Context, db store.Reader, read func(*sql.Rows, *T) error, query string, args ...any) (is T, err error) {
	list, err := scan(reading(ctx, db), func(r *sql.Rows) (v T, err error) { err = read(r, &v); return v, err }, query, args...)
	if len(list) > 0 {
		is = list[0]
	}
	return is, err
}

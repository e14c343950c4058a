package exception

import (
	"context"
	"time"

	"godwit/internal/record"
)

// Published is an issue over all runs, as it is now.
type Published struct {
	record.Issue
	Flow, Env, Node, Step, Entity, Key string
	Inputs                             string // of the flow, as one text
	State                              string // New, Reopened, Still, Accepted, dismissed, Closed
	First, Last                        time.Time
	Times                              int64  // runs that found it
	Run                                string // that said last what it is
}

// Unpublished lists the ended runs of the home of one whose issues are known
// further than they were published, oldest first, and the ledger's last event.
func (l Look) Unpublished(ctx context.Context, run int64) (runs []int64, asOf int64, err error) {
	if asOf, err = l.number(ctx, `SELECT coalesce(max(seq), 0) FROM event`); err != nil {
		return nil, 0, err
	}
	runs, err = ask(ctx, l, func(r scanner) (id int64, err error) { err = r.Scan(&id); return id, err },
		`SELECT f.id FROM run f JOIN run h ON`+Home+` WHERE h.id = ? AND f.state = 'ended' AND coalesce((SELECT d.seq FROM published d WHERE d.run = f.id), 0) < (
			SELECT max(e.seq) FROM event e WHERE e.run = f.id OR e.run IN (SELECT i.found FROM issue i WHERE i.origin = f.id)
				OR e.run IN (SELECT p.run FROM passed p WHERE p.origin = f.id)) ORDER BY f.id`, run)
	return runs, asOf, err
}

// PublishedTo is the statement that notes up to which event a run's issues are
// published, of run and event.
const PublishedTo = `INSERT INTO published (run, seq) VALUES (?, ?) ON CONFLICT (run) DO UPDATE SET seq = excluded.seq`

// foundLast is the same issue as it was found last.
var foundLast = twins("max(o.id)", "o.found >= 0")

// never leaves out what nobody was ever to mend and no earlier run had: what a record
// waited for until the same run released it, a stub whose record came before
// anything of the run was published.
var never = ` AND NOT ((i.state = 'closed' AND i.closed_by = i.found OR ` + came + ` AND NOT EXISTS (SELECT 1 FROM published d WHERE d.run = i.origin))
	AND ` + earlier("max(o.found)") + ` IS NULL)`

// Concerned are the numbers of the issues that records of a run have or had, each
// as it was found last, behind one of its own on: at most limit of those. After is
// where to go on from, 0 at the end. Those that its records fulfil come at the end.
func (l Look) Concerned(ctx context.Context, origin, from int64, limit int) (ids []int64, after int64, err error) {
	type pair struct{ own, last int64 }
	page, err := ask(ctx, l, func(r scanner) (p pair, err error) { err = r.Scan(&p.own, &p.last); return p, err },
		`SELECT i.id, coalesce(`+foundLast+`, i.id) FROM issue i WHERE i.origin = ? AND i.id > ?`+never+shownIssue+` ORDER BY i.id LIMIT ?`, origin, from, limit)
	if err != nil {
		return nil, 0, err
	}
	for _, p := range page {
		ids, after = append(ids, p.last), p.own
	}
	if len(page) == limit {
		return ids, after, nil
	}
	more, err := ask(ctx, l, func(r scanner) (id int64, err error) { err = r.Scan(&id); return id, err },
		`SELECT DISTINCT `+foundLast+` FROM issue i WHERE i.id IN (SELECT (SELECT max(o.id) FROM issue o JOIN run h ON h.id = o.origin
			WHERE o.key = p.key AND o.key <> '' AND o.entity = c.entity AND o.step = c.step AND o.rule = p.rule AND o.field = p.field
			AND`+Home+`) FROM`+Passed+` WHERE p.origin = ?)`, origin)
	return append(ids, more...), 0, err
}

// Publish looks at issues by their numbers.
func (l Look) Publish(ctx context.Context, ids []int64) ([]Published, error) {
	args := make([]any, len(ids))
	for i, id := range ids {
		args[i] = id
	}
	return ask(ctx, l, func(r scanner) (p Published, err error) {
		var first, last int64
		err = r.Scan(&p.Flow, &p.Env, &p.Node, &p.Inputs, &p.Step, &p.Entity, &p.Key, &p.Rule, &p.Field, &p.Value, &p.Severity, &p.Text, &p.Hint, &p.Owner,
			&p.State, &first, &last, &p.Times, &p.Run)
		p.First, p.Last = clock(first), clock(last)
		return p, err
	}, `SELECT r.flow, r.env, r.parent_node, r.inputs, i.step, i.entity, i.key, i.rule, i.field, i.value, i.severity, i.text, i.hint, i.owner,
			CASE WHEN `+dismissed+` THEN 'dismissed' ELSE `+standing+` END, coalesce(`+twins("min(o.first)", "o.found >= 0")+`, i.first), i.last, coalesce(`+twins("count(DISTINCT o.found)", "o.found >= 0")+`, 1), s.flow || '-' || s.n
		FROM issue i JOIN run r ON r.id = i.origin JOIN run s ON s.id = coalesce((SELECT min(p.run)`+passes+` AND p.run > i.found), nullif(i.closed_by, 0), i.found)
		WHERE i.id IN (`+marks(len(ids))+`) ORDER BY i.id`, args...)
}

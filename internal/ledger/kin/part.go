package kin

import (
	"context"
	"fmt"
	"time"

	"godwit/internal/ledger/store"
	"godwit/internal/record"
)

// Part is a run that a unit of another one has started, with what it came to by now.
type Part struct {
	ID      int64
	Name    string
	Flow    string
	Unit    string // that started it
	State   string
	Outcome string // empty until it ended
	Exit    int
	Opened  time.Time
	Last    time.Time // its end, or its newest event
	Idle    time.Duration
	Account record.Account // with those of runs below it that it does not have
	Open    int64          // records that are not loaded as of now, of runs below it too
}

// below are the runs that one has started, as roots, with those below them that a
// condition on run holds for.
const below = `WITH RECURSIVE below (root, id) AS (SELECT id, id FROM run WHERE parent = ?
	UNION ALL SELECT below.root, run.id FROM run JOIN below ON run.parent = below.id WHERE %s) `

// unreturned: a called run gives its accounts back when it ends well.
const unreturned = `NOT (run.state = 'ended' AND run.outcome IN ('done', 'skipped'))`

// Parts are those of a run, in the order in which they were started.
func Parts(ctx context.Context, db store.Reader, run int64) ([]Part, error) {
	var list []Part
	at := map[int64]int{}
	err := store.Each(ctx, db, func(scan func(...any) error) error {
		var p Part
		var n int
		var opened, last int64
		err := scan(&p.ID, &p.Flow, &n, &p.Unit, &p.State, &p.Outcome, &p.Exit, &opened, &last)
		p.Name, p.Opened, p.Last = fmt.Sprintf("%s-%d", p.Flow, n), time.UnixMilli(opened).UTC(), time.UnixMilli(last).UTC()
		at[p.ID], list = len(list), append(list, p)
		return err
	}, `SELECT id, flow, n, parent_node, state, outcome, exit, opened,
		CASE WHEN ended > 0 THEN ended ELSE coalesce((SELECT e.at FROM event e WHERE e.run = run.id ORDER BY e.seq DESC LIMIT 1), opened) END
		FROM run WHERE parent = ? ORDER BY id`, run)
	if err != nil || len(list) == 0 {
		return nil, err
	}
	// Looked up by root; nobody adds a run between two questions of one moment.
	if err = store.Each(ctx, db, func(scan func(...any) error) error {
		var root int64
		var a record.Account
		err := scan(&root, &a.Read, &a.Applied, &a.Equal, &a.Superseded, &a.Redelivered, &a.Filtered, &a.Rejected, &a.Dead, &a.Pending, &a.Blocked, &a.Written, &a.Bytes, &a.Adopted)
		if i, ok := at[root]; ok {
			list[i].Account = a
		}
		return err
	}, fmt.Sprintf(below, unreturned)+`SELECT below.root, sum(a.read), sum(a.applied), sum(a.equal), sum(a.superseded), sum(a.redelivered), sum(a.filtered),
		sum(a.rejected), sum(a.dead), sum(a.pending), sum(a.blocked), sum(a.written), sum(a.bytes), sum(a.adopted)
		FROM below JOIN account a ON a.run = below.id WHERE a.current GROUP BY below.root`, run); err != nil {
		return nil, err
	}
	number := func(put func(*Part, int64), query string) error {
		return store.Each(ctx, db, func(scan func(...any) error) error {
			var root, n int64
			err := scan(&root, &n)
			if i, ok := at[root]; ok {
				put(&list[i], n)
			}
			return err
		}, query, run)
	}
	if err = number(func(p *Part, n int64) { p.Open = n }, fmt.Sprintf(below, "TRUE")+`SELECT below.root, count(*) FROM below JOIN exception x ON x.run = below.id
		WHERE x.closed = '' AND NOT EXISTS (SELECT 1 FROM chunk c WHERE c.state = 'prepared' AND x.id BETWEEN c.exception_from AND c.exception_to)
		GROUP BY below.root`); err != nil {
		return nil, err
	}
	return list, number(func(p *Part, n int64) { p.Idle = time.Duration(n) * time.Millisecond }, `SELECT e.run, sum(e.at - (SELECT b.at FROM event b
		WHERE b.run = e.run AND b.seq < e.seq ORDER BY b.seq DESC LIMIT 1)) FROM event e JOIN run ON run.id = e.run
		WHERE run.parent = ? AND e.kind = 'run.resumed' GROUP BY e.run`)
}

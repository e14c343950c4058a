// Package kin looks up what the ledger knows of a run together with the runs that
// its units have started, and those that theirs have.
package kin

import (
	"context"
	"fmt"
	"strings"
	"time"

	"godwit/internal/ledger/store"
	"godwit/internal/unit"
)

// Member is a run, or one that it has started.
type Member struct {
	ID   int64
	Name string
}

// all are a run and the runs below it.
const all = `WITH RECURSIVE kin (id) AS (SELECT ? UNION ALL SELECT run.id FROM run JOIN kin ON run.parent = kin.id) `

// All are a run and those below it, in the order in which they were started.
func All(ctx context.Context, db store.Reader, run int64) ([]Member, error) {
	return members(ctx, db, "", run)
}

// Working are the run itself and those below it whose accounts it does not have
// yet: a called run gives them back when it ends well.
func Working(ctx context.Context, db store.Reader, run int64) ([]Member, error) {
	return members(ctx, db, `WHERE run.id = ? OR NOT (run.state = 'ended' AND run.outcome IN ('done', 'skipped'))`, run, run)
}

func members(ctx context.Context, db store.Reader, where string, args ...any) (list []Member, err error) {
	err = store.Each(ctx, db, func(scan func(...any) error) error {
		var m Member
		var flow string
		var n int
		err := scan(&m.ID, &flow, &n)
		m.Name = fmt.Sprintf("%s-%d", flow, n)
		list = append(list, m)
		return err
	}, all+`SELECT run.id, run.flow, run.n FROM run JOIN kin ON kin.id = run.id `+where+` ORDER BY run.id`, args...)
	return list, err
}

// Event is one of the journal of a member.
type Event struct {
	Run string
	unit.Event
}

// Events are those of some kinds behind a seq, of all members, in their order.
func Events(ctx context.Context, db store.Reader, run, after int64, kinds ...string) ([]Event, error) {
	var list []Event
	args := []any{run, after}
	for _, k := range kinds {
		args = append(args, k)
	}
	err := store.Each(ctx, db, func(scan func(...any) error) error {
		var e Event
		var flow, body string
		var n int
		var at int64
		err := scan(&flow, &n, &e.Seq, &at, &e.Kind, &e.Node, &e.Unit, &body)
		e.Run, e.At = fmt.Sprintf("%s-%d", flow, n), time.UnixMilli(at).UTC()
		if body != "" {
			e.Body = []byte(body)
		}
		list = append(list, e)
		return err
	}, all+`SELECT run.flow, run.n, e.seq, e.at, e.kind, e.node, e.unit, e.body FROM kin JOIN event e ON e.run = kin.id JOIN run ON run.id = kin.id
		WHERE e.seq > ? AND e.kind IN (?`+strings.Repeat(", ?", len(kinds)-1)+`) ORDER BY e.seq`, args...)
	return list, err
}

// Last is the seq of the newest event of some kinds, 0 for none.
func Last(ctx context.Context, db store.Reader, run, after int64, kinds ...string) (seq int64, err error) {
	args := []any{run, after}
	for _, k := range kinds {
		args = append(args, k)
	}
	err = store.Each(ctx, db, func(scan func(...any) error) error { return scan(&seq) },
		all+`SELECT coalesce(max(e.seq), 0) FROM kin JOIN event e ON e.run = kin.id
		WHERE e.seq > ? AND e.kind IN (?`+strings.Repeat(", ?", len(kinds)-1)+`)`, args...)
	return seq, err
}

// Worst is the member with most open dead letters, none of no ID.
func Worst(ctx context.Context, db store.Reader, run int64) (m Member, err error) {
	err = store.Each(ctx, db, func(scan func(...any) error) error {
		var flow string
		var n int
		err := scan(&m.ID, &flow, &n)
		m.Name = fmt.Sprintf("%s-%d", flow, n)
		return err
	}, all+`SELECT run.id, run.flow, run.n FROM kin JOIN exception x ON x.run = kin.id JOIN run ON run.id = kin.id
		WHERE x.outcome = 'dead' AND x.closed = '' GROUP BY run.id, run.flow, run.n ORDER BY count(*) DESC LIMIT 1`, run)
	return m, err
}

// Issues counts what all members have found, one for each rule that a record
// breaks. Those of a chunk that is only prepared are not told yet.
func Issues(ctx context.Context, db store.Reader, run int64) (int64, error) {
	return count(ctx, db, countIssues, run)
}

// IssuesOf counts those of one rule.
func IssuesOf(ctx context.Context, db store.Reader, run int64, rule string) (int64, error) {
	return count(ctx, db, countIssues+` AND i.rule = ?`, run, rule)
}

// DeadOf counts the dead letters of all members, open or not, by the code of their
// error.
func DeadOf(ctx context.Context, db store.Reader, run int64, code string) (int64, error) {
	return count(ctx, db, all+`SELECT count(*) FROM kin JOIN exception x ON x.run = kin.id WHERE x.outcome = 'dead' AND x.code = ? AND NOT EXISTS (
		SELECT 1 FROM chunk p WHERE p.state = 'prepared' AND x.id BETWEEN p.exception_from AND p.exception_to)`, run, code)
}

const countIssues = all + `SELECT count(*) FROM kin JOIN issue i ON i.run = kin.id AND i.found = kin.id WHERE NOT EXISTS (
	SELECT 1 FROM chunk p WHERE p.state = 'prepared' AND i.id BETWEEN p.issue_from AND p.issue_to)`

func count(ctx context.Context, db store.Reader, query string, args ...any) (n int64, err error) {
	err = store.Each(ctx, db, func(scan func(...any) error) error { return scan(&n) }, query, args...)
	return n, err
}

// Package waits tells what sessions stand still for, as the server's views have it.
package waits

import (
	"context"
	"fmt"
	"strings"
	"time"

	"godwit/internal/connector"
	"godwit/internal/connector/postgres/survey"

	"github.com/jackc/pgx/v5"
)

// waiting is one session of a label that runs a statement, as the server's
// views tell it (PostgreSQL documentation, "The Statistics Collector").
type waiting struct {
	PID      int32
	Type     *string // of the wait event; nil while it works
	Event    *string
	Since    *time.Time
	Query    string
	Lock     *string // mode and relation of the lock it waits for
	Holder   *int32  // first of the chain that nobody blocks; 0 is a prepared transaction
	Progress *string // of a CREATE INDEX
}

// waitsSQL follows each chain of waiting sessions to its end.
const waitsSQL = `
	WITH RECURSIVE mine AS (
		SELECT * FROM pg_stat_activity
		WHERE application_name = $1 AND datname = current_database() AND state = 'active' AND pid <> pg_backend_pid()
	), chain AS (
		SELECT m.pid AS waiter, b.pid AS holder, 1 AS depth FROM mine m, unnest(pg_blocking_pids(m.pid)) AS b(pid)
		WHERE m.wait_event_type = 'Lock'
		UNION
		SELECT c.waiter, b.pid, c.depth + 1 FROM chain c, unnest(pg_blocking_pids(c.holder)) AS b(pid)
		WHERE c.holder <> 0 AND c.depth < 50
	)
	SELECT m.pid, m.wait_event_type, m.wait_event, coalesce(l.since, m.query_start), m.query, l.what,
		(SELECT c.holder FROM chain c WHERE c.waiter = m.pid
		 ORDER BY (c.holder <> 0 AND cardinality(pg_blocking_pids(c.holder)) > 0), c.depth DESC LIMIT 1),
		(SELECT p.phase || CASE WHEN p.blocks_total > 0 AND p.blocks_done < p.blocks_total THEN ', ' || p.blocks_done * 100 / p.blocks_total || ' % of the pages'
		                        WHEN p.tuples_total > 0 THEN ', ' || p.tuples_done * 100 / p.tuples_total || ' % of the rows' ELSE '' END
		 FROM pg_stat_progress_create_index p WHERE p.pid = m.pid)
	FROM mine m
	LEFT JOIN LATERAL (
		SELECT WAITSTART AS since, l.mode || coalesce(' on ' || l.relation::regclass::text, ' of a ' || l.locktype) AS what
		FROM pg_locks l WHERE l.pid = m.pid AND NOT l.granted LIMIT 1
	) l ON true
	ORDER BY m.pid`

// Of lists what the sessions of an application's name wait for. Those that are
// idle wait for their owner, not for the server: they are left out.
func Of(ctx context.Context, conn *pgx.Conn, major int, application string) ([]connector.Wait, error) {
	since := "l.waitstart"
	if major < 14 {
		since = "NULL::timestamptz"
	}
	sessions, err := survey.List(ctx, conn, pgx.RowToStructByPos[waiting], strings.Replace(waitsSQL, "WAITSTART", since, 1), application)
	if err != nil {
		return nil, err
	}
	var all []connector.Wait
	for _, w := range sessions {
		wait, err := explain(ctx, conn, w)
		if err != nil {
			return nil, err
		}
		all = append(all, wait)
	}
	return all, nil
}

func explain(ctx context.Context, conn *pgx.Conn, w waiting) (connector.Wait, error) {
	wait := connector.Wait{Gate: "server"}
	if w.Since != nil {
		wait.Since = *w.Since
	}
	kind, event := deref(w.Type), deref(w.Event)
	switch {
	case w.Holder != nil:
		wait.Gate, wait.Text = "lock", deref(w.Lock)
		err := holder(ctx, conn, *w.Holder, &wait)
		return wait, err
	case event == "ClientWrite":
		wait.Gate, wait.Text = "writing", "has rows ready; the writing side is slower"
	case event == "ClientRead":
		wait.Gate, wait.Text = "reading", "is ready for rows; the reading side is slower"
	case w.Progress != nil:
		wait.Gate, wait.Text = "working", *w.Progress
	case kind == "":
		wait.Gate, wait.Text = "working", "the server works on it"
	case kind == "IO":
		wait.Text = "the server waits for its disks (" + event + ")"
	case event == "SyncRep":
		wait.Text = "the server waits for its synchronous standby"
	default:
		wait.Text = "the server waits for " + kind + " " + event
	}
	return wait, nil
}

// holder describes the session that others wait for.
func holder(ctx context.Context, conn *pgx.Conn, pid int32, wait *connector.Wait) error {
	if pid == 0 {
		wait.Holder = "a prepared transaction"
		wait.Fix = []string{"SELECT gid, owner, prepared FROM pg_prepared_xacts;", "ROLLBACK PREPARED 'GID';"}
		return nil
	}
	type other struct {
		User, App, State *string
		Since            *time.Time
		Query            *string
		Hidden           bool
		Me               string
	}
	o, err := survey.List(ctx, conn, pgx.RowToStructByPos[other], `
		SELECT usename::text, application_name, state, coalesce(xact_start, state_change), query,
		       query = '<insufficient privilege>', quote_ident(current_user)
		FROM pg_stat_activity WHERE pid = $1`, pid)
	if err != nil || len(o) == 0 {
		return err // it went away meanwhile
	}
	h := o[0]
	wait.Holder = fmt.Sprintf("pid %d, user %s", pid, deref(h.User))
	if app := deref(h.App); app != "" {
		wait.Holder += ", " + app
	}
	if h.Hidden {
		wait.Holder += ", the rest may not be seen by this role"
		wait.Fix = append(wait.Fix, "GRANT pg_read_all_stats TO "+h.Me+";")
	} else {
		wait.Holder += ", " + deref(h.State)
		wait.Statement = clip(deref(h.Query))
		if h.Since != nil {
			wait.Holder += " since " + h.Since.UTC().Format(time.DateTime)
		}
	}
	wait.Fix = append(wait.Fix, fmt.Sprintf("SELECT pg_terminate_backend(%d);", pid))
	return nil
}

func deref(s *string) string {
	if s == nil {
		return ""
	}
	return *s
}

// clip is a statement as one line of at most 200 bytes.
func clip(sql string) string {
	sql = strings.Join(strings.Fields(sql), " ")
	if len(sql) <= 200 {
		return sql
	}
	return strings.ToValidUTF8(sql[:200], "") + " ..."
}

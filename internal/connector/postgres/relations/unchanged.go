package relations

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"godwit/internal/connector"
	"godwit/internal/connector/postgres/survey"
	"godwit/internal/fault"

	"github.com/jackc/pgx/v5"
)

// relation is what a query reads from, by a catalogue: the snapshot's or
// today's.
type relation struct {
	OID      uint32
	Name     string
	Node     uint32   // of its file, 0 = none of its own
	Numbers  []int16  // of its columns
	Columns  []string // their names
	Children []uint32 // partitions and heirs
	Names    []string // theirs
	View     *string  // what a view says
}

const described = `
	SELECT c.oid, n.nspname::text || '.' || c.relname::text, CASE WHEN c.relkind IN ('r', 'm') THEN c.relfilenode ELSE 0 END,
		ARRAY(SELECT a.attnum FROM pg_catalog.pg_attribute a WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped ORDER BY a.attnum),
		ARRAY(SELECT a.attname::text FROM pg_catalog.pg_attribute a WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped ORDER BY a.attnum),
		ARRAY(SELECT i.inhrelid FROM pg_catalog.pg_inherits i WHERE i.inhparent = c.oid ORDER BY i.inhrelid),
		ARRAY(SELECT cn.nspname::text || '.' || h.relname::text FROM pg_catalog.pg_inherits i JOIN pg_catalog.pg_class h ON h.oid = i.inhrelid
			JOIN pg_catalog.pg_namespace cn ON cn.oid = h.relnamespace WHERE i.inhparent = c.oid ORDER BY i.inhrelid),
		(SELECT pg_catalog.md5(w.ev_action::pg_catalog.text) FROM pg_catalog.pg_rewrite w WHERE w.ev_class = c.oid AND c.relkind = 'v' AND w.ev_type = '1')
	FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
	WHERE c.oid = ANY($1::oid[]) AND c.relkind IN ('r', 'm', 'p', 'v', 'f')`

// Glance runs a short look in another session, which sees what is now.
type Glance func(context.Context, func(*pgx.Conn) error) error

func lookAt(ctx context.Context, conn *pgx.Conn, oids []uint32) (map[uint32]relation, error) {
	all, err := survey.List(ctx, conn, func(row pgx.CollectableRow) (r relation, err error) {
		err = row.Scan(&r.OID, &r.Name, &r.Node, &r.Numbers, &r.Columns, &r.Children, &r.Names, &r.View)
		return r, err
	}, described, oids)
	by := make(map[uint32]relation, len(all))
	for _, r := range all {
		by[r.OID] = r
	}
	return by, err
}

// Unchanged proves that all that this transaction reads is, as its snapshot
// knows it, what it is now: names, columns and partitions are looked up now,
// whatever the snapshot, and TRUNCATE and rewrites do not respect it. What is
// now is asked of another session; this one's locks keep the answer true.
func Unchanged(ctx context.Context, conn *pgx.Conn, q connector.Query, glance Glance) error {
	oids, err := survey.List(ctx, conn, pgx.RowTo[uint32], `
		SELECT DISTINCT l.relation FROM pg_catalog.pg_locks l
		WHERE l.pid = pg_catalog.pg_backend_pid() AND l.locktype = 'relation' AND l.relation >= 16384
			AND l.database = (SELECT oid FROM pg_catalog.pg_database WHERE datname = pg_catalog.current_database())`)
	if err != nil || len(oids) == 0 {
		return err
	}
	then, err := lookAt(ctx, conn, oids)
	if err != nil {
		return err
	}
	var now map[uint32]relation
	err = glance(ctx, func(other *pgx.Conn) (err error) {
		now, err = lookAt(ctx, other, oids)
		return err
	})
	if err != nil {
		return err
	}
	slices.Sort(oids)
	for _, oid := range oids {
		n, there := now[oid]
		t, seen := then[oid]
		switch {
		case !there:
			continue // an index
		case !seen || t.Node != n.Node:
			return fault.New(fault.Data, "source.changed", "table %s was truncated, rewritten or made after the snapshot", n.Name).
				Hint("keep definitions still and TRUNCATE away while records are read, then start again")
		}
		if what := t.differs(n, q); what != "" {
			return fault.New(fault.Data, "source.redefined", "%s has another definition than at the snapshot: %s", n.Name, what).
				Hint("godwit cancel RUN, then the same command with --new: it reads at a new snapshot").
				Hint("keep definitions still while records are read")
		}
	}
	return nil
}

// differs says what a query would read wrongly, "" when nothing. A column that
// it does not ask for may be added.
func (r relation) differs(now relation, q connector.Query) string {
	if r.Name != now.Name {
		return "it was called " + r.Name
	}
	for i, number := range r.Numbers {
		if at := slices.Index(now.Numbers, number); at < 0 || now.Columns[at] != r.Columns[i] {
			return fmt.Sprintf("column %q is another one or gone", r.Columns[i])
		}
	}
	for i, number := range now.Numbers {
		name := now.Columns[i]
		if !slices.Contains(r.Numbers, number) && (q.SQL == "" || strings.Contains(q.SQL, "*") || strings.Contains(strings.ToLower(q.SQL), strings.ToLower(name))) {
			return fmt.Sprintf("column %q was added", name)
		}
	}
	for i, child := range r.Children {
		if !slices.Contains(now.Children, child) {
			return fmt.Sprintf("%s is no part of it any more", r.Names[i])
		}
	}
	for i, child := range now.Children {
		if !slices.Contains(r.Children, child) {
			return fmt.Sprintf("%s was no part of it", now.Names[i])
		}
	}
	if r.View != nil && now.View != nil && *r.View != *now.View {
		return "it is a view, and was replaced"
	}
	return ""
}

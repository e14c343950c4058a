package main

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"
)

// content is what a table holds, as the server itself counts and hashes it:
// nothing of godwit's has a part in it.
type content struct {
	Rows int64
	Hash string
}

// contents reads all tables of a database, by name; without hash it counts.
func contents(ctx context.Context, url string, hash bool) (map[string]content, error) {
	conn, err := pgx.Connect(ctx, url)
	if err != nil {
		return nil, err
	}
	defer conn.Close(context.WithoutCancel(ctx))
	if _, err := conn.Exec(ctx, "set search_path = ''; set timezone = 'UTC'"); err != nil {
		return nil, err
	}
	rows, err := conn.Query(ctx, tableNames)
	if err != nil {
		return nil, err
	}
	names, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		return nil, err
	}
	sum := "''"
	if hash {
		sum = "coalesce(sum(hashtextextended(t::text, 0)::numeric), 0)::text"
	}
	all := map[string]content{}
	for part := range slices.Chunk(names, 100) {
		var sql []string
		for _, n := range part {
			sql = append(sql, fmt.Sprintf("select '%s', count(*), %s from %s t", strings.ReplaceAll(n, "'", "''"), sum, n))
		}
		rows, err := conn.Query(ctx, strings.Join(sql, " union all "))
		if err != nil {
			return nil, err
		}
		var name string
		var c content
		if _, err := pgx.ForEachRow(rows, []any{&name, &c.Rows, &c.Hash}, func() error { all[name] = c; return nil }); err != nil {
			return nil, err
		}
	}
	return all, nil
}

// around counts what stands around the rows: a clone must have as much of it.
const around = `select (select count(*) from pg_index i join pg_class c on c.oid = indrelid join pg_namespace n on n.oid = relnamespace
		where nspname !~ '^pg_' and nspname <> 'godwit' and indisvalid and relkind = 'r') || ' indexes, ' ||
	(select count(*) from pg_constraint c join pg_namespace n on n.oid = connamespace
		where nspname !~ '^pg_' and nspname not in ('information_schema', 'godwit') and convalidated) || ' constraints'`

// compare says "same" or what differs first.
func (p *pair) compare(ctx context.Context, source, target string, rowsOnly, hash bool) (string, error) {
	left, err := contents(ctx, p.from.URL(source), hash)
	if err != nil {
		return "", err
	}
	right, err := contents(ctx, p.to.URL(target), hash)
	if err != nil {
		return "", err
	}
	if found := difference(left, right); found != "" {
		return found, nil
	}
	if !rowsOnly {
		var l, r string
		if err := ask(ctx, p.from.URL(source), around, &l); err != nil {
			return "", err
		}
		if err := ask(ctx, p.to.URL(target), around, &r); err != nil {
			return "", err
		}
		if l != r {
			return "differs: " + r + " for " + l, nil
		}
	}
	if hash {
		return "same", nil
	}
	return "same counts", nil
}

func difference(left, right map[string]content) string {
	if len(left) == 0 {
		return "differs: the source has no tables"
	}
	for _, name := range slices.Sorted(maps.Keys(left)) {
		switch r, ok := right[name]; {
		case !ok:
			return "differs: no table " + name
		case r != left[name]:
			return fmt.Sprintf("differs: %s has %d rows for %d, or other ones", name, r.Rows, left[name].Rows)
		}
	}
	if len(right) > len(left) {
		return fmt.Sprintf("differs: %d tables for %d", len(right), len(left))
	}
	return ""
}

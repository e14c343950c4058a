// Package witness tells, inside a transaction, of rows that were written: of those of
// the transaction itself what the server has filled in, of earlier ones what has become
// of their tables. Start at Session.
package witness

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"godwit/internal/catalog"
	"godwit/internal/connector"
	"godwit/internal/connector/postgres/sqlstate"
	"godwit/internal/connector/postgres/survey"
	"godwit/internal/connector/postgres/typed"
	"godwit/internal/fault"
	"godwit/internal/record"

	"github.com/jackc/pgx/v5"
)

// column is one of the table's.
type column struct {
	Name     string
	OID      uint32
	Modifier int32
	SQL      string // the type's name
}

// Rows is the connector.RowReader's ReadRows, in the transaction that is open in a
// session. Values come as text, and are what the column's type says.
func Rows(ctx context.Context, conn *pgx.Conn, into connector.Into, columns []string, page []record.Mapped) ([][]any, error) {
	found, err := survey.List(ctx, conn, pgx.RowToStructByPos[column], `
		SELECT a.attname::text, a.atttypid, a.atttypmod, pg_catalog.format_type(a.atttypid, a.atttypmod)
		FROM pg_catalog.pg_attribute a WHERE a.attrelid = pg_catalog.to_regclass($1) AND a.attnum > 0 AND NOT a.attisdropped`, into.Table.SQL())
	if err != nil {
		return nil, err
	}
	refs := make([]typed.Ref, len(found))
	for i, c := range found {
		refs[i] = typed.Ref{OID: c.OID, Modifier: c.Modifier}
	}
	types, err := typed.Load(ctx, conn, refs)
	if err != nil {
		return nil, err
	}
	at := func(name string) int { return slices.IndexFunc(found, func(c column) bool { return c.Name == name }) }
	var args []any
	var keys, on, read []string
	for i, name := range into.Key {
		slot, c := slices.Index(into.Columns, name), at(name)
		if slot < 0 || c < 0 {
			return nil, fault.New(fault.Internal, "object.missing", "table %s: key column %q is not written", into.Table, name)
		}
		list := make([]*string, len(page))
		for n := range page {
			if len(page[n].Rows) == 0 || page[n].Rows[0].Slots[slot] == nil || page[n].Rows[0].Slots[slot] == record.Missing {
				continue
			}
			text, err := types[c].Append(nil, page[n].Rows[0].Slots[slot])
			if err != nil {
				continue // the server has refused it
			}
			s := string(text)
			list[n] = &s
		}
		args = append(args, list)
		keys = append(keys, fmt.Sprintf("$%d::text[]", i+1))
		on = append(on, fmt.Sprintf("t.%s = k.c%d::%s", catalog.Quote(name), i, found[c].SQL))
	}
	var decode []func([]byte) (any, error)
	for _, name := range columns {
		c := at(name)
		if c < 0 {
			return nil, fault.New(fault.Config, "object.missing", "table %s has no column %q", into.Table, name)
		}
		read = append(read, "t."+catalog.Quote(name)+"::text")
		decode = append(decode, types[c].Text())
	}
	names := make([]string, len(keys))
	for i := range names {
		names[i] = fmt.Sprintf("c%d", i)
	}
	// LATERAL: each key is looked for by the index, never the table read.
	sql := fmt.Sprintf("SELECT k.n, %s FROM unnest(%s) WITH ORDINALITY AS k(%s, n) CROSS JOIN LATERAL (SELECT * FROM %s t WHERE %s) t",
		strings.Join(read, ", "), strings.Join(keys, ", "), strings.Join(names, ", "), into.Table.SQL(), strings.Join(on, " AND "))
	return collect(ctx, conn, sql, args, decode, len(page))
}

func collect(ctx context.Context, conn *pgx.Conn, sql string, args []any, decode []func([]byte) (any, error), n int) ([][]any, error) {
	rows, err := conn.Query(ctx, sql, args...)
	if err != nil {
		return nil, sqlstate.Translate(err)
	}
	defer rows.Close()
	out := make([][]any, n)
	for rows.Next() {
		var at int64
		texts := make([]*string, len(decode))
		dest := []any{&at}
		for i := range texts {
			dest = append(dest, &texts[i])
		}
		if err := rows.Scan(dest...); err != nil {
			return nil, sqlstate.Translate(err)
		}
		values := make([]any, len(decode))
		for i, text := range texts {
			if text == nil {
				continue
			}
			if values[i], err = decode[i]([]byte(*text)); err != nil {
				return nil, fault.New(fault.Internal, "value.unreadable", "a value that the server made cannot be read: %w", err)
			}
		}
		out[at-1] = values
	}
	return out, sqlstate.Translate(rows.Err())
}

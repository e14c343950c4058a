package isolate

import (
	"bytes"
	"context"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"godwit/internal/catalog"
	"godwit/internal/connector"
	"godwit/internal/connector/postgres/records"
	"godwit/internal/connector/postgres/sqlstate"
	"godwit/internal/connector/postgres/typed"
	"godwit/internal/fault"
	"godwit/internal/record"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// columns are those that a chunk is written to, as the target has them.
type columns struct {
	table  catalog.Name
	names  []string
	plain  []string // types without modifier: they take whatever the other side's do
	types  []typed.Type
	single map[string]string // constraints over one column
}

// look learns about a chunk's columns, and whether the server speaks English.
func look(ctx context.Context, conn *pgx.Conn, c catalog.Chunk) (*columns, bool, error) {
	type column struct {
		Name     string
		OID      uint32
		Modifier int32
		Plain    string
	}
	found, err := list[column](ctx, conn, `
		SELECT a.attname::text, a.atttypid, a.atttypmod, pg_catalog.format_type(a.atttypid, -1)
		FROM unnest($2::text[]) WITH ORDINALITY AS w (name, n)
		JOIN pg_catalog.pg_attribute a ON a.attrelid = $1::text::regclass AND a.attname = w.name AND a.attnum > 0 AND NOT a.attisdropped
		ORDER BY w.n`, c.Into.SQL(), c.Columns)
	if err != nil {
		return nil, false, err
	}
	if len(found) != len(c.Columns) {
		return nil, false, fault.New(fault.Config, "object.missing", "%s lacks a column of %s", c.Into, strings.Join(c.Columns, ", "))
	}
	all := &columns{table: c.Into, names: c.Columns, single: map[string]string{}}
	var refs []typed.Ref
	for _, f := range found {
		all.plain = append(all.plain, f.Plain)
		refs = append(refs, typed.Ref{OID: f.OID, Modifier: f.Modifier})
	}
	if all.types, err = typed.Load(ctx, conn, refs); err != nil {
		return nil, false, err
	}
	type constraint struct{ Name, Column string }
	over, err := list[constraint](ctx, conn, `
		SELECT c.conname::text, a.attname::text FROM pg_catalog.pg_constraint c
		JOIN pg_catalog.pg_attribute a ON a.attrelid = c.conrelid AND a.attnum = c.conkey[1]
		WHERE c.conrelid = $1::text::regclass AND pg_catalog.cardinality(c.conkey) = 1`, c.Into.SQL())
	if err != nil {
		return nil, false, err
	}
	for _, o := range over {
		all.single[o.Name] = o.Column
	}
	type speaks struct{ English bool }
	lang, err := list[speaks](ctx, conn, `SELECT pg_catalog.lower(pg_catalog.current_setting('lc_messages')) ~ '^(|c|c\..*|posix|en.*)$'`)
	return all, err == nil && lang[0].English, err
}

func list[T any](ctx context.Context, conn *pgx.Conn, sql string, args ...any) ([]T, error) {
	rows, err := conn.Query(ctx, sql, args...)
	if err != nil {
		return nil, sqlstate.Translate(err)
	}
	all, err := pgx.CollectRows(rows, pgx.RowToStructByPos[T])
	return all, sqlstate.Translate(err)
}

// schema is that of rows that are given back.
func (c *columns) schema() *record.Schema {
	s := &record.Schema{}
	for i, name := range c.names {
		s.Fields = append(s.Fields, record.Field{Name: name, Type: c.types[i].Type})
	}
	return s
}

var copyColumn = regexp.MustCompile(`(?m)^COPY .+, line \d+, column ([^:\n]+)`)

// refusal says why a row was refused, without its values.
func (c *columns) refusal(e *pgconn.PgError, english bool) *record.Refusal {
	r := records.Refusal(e, english)
	if r.Field == "" {
		r.Field = c.single[e.ConstraintName]
	}
	if m := copyColumn.FindStringSubmatch(e.Where); r.Field == "" && m != nil {
		r.Field = m[1]
	}
	if r.Where == "" {
		r.Where = c.table.String()
	}
	return r
}

// decode makes values of the refused rows.
func (w *writer) decode(ctx context.Context) ([]connector.Refused, error) {
	texts := make([][]byte, 0, len(w.refused))
	for _, r := range w.refused {
		texts = append(texts, r.row)
	}
	if w.binary && len(texts) > 0 {
		var err error
		if texts, err = w.asText(ctx, texts); err != nil {
			return nil, err
		}
	}
	all := make([]connector.Refused, 0, len(texts))
	for i, row := range texts {
		values := fields(row)
		if len(w.columns.names) == 0 {
			values = nil
		}
		if len(values) != len(w.columns.names) {
			return nil, fault.New(fault.Internal, "copy.row", "a refused row of %s has %d values, %d were expected", w.columns.table, len(values), len(w.columns.names))
		}
		one := connector.Refused{Slots: make([]any, len(values)), Refusal: w.refused[i].why}
		for c, v := range values {
			one.Slots[c] = w.columns.value(c, v)
		}
		if c := slices.Index(w.columns.names, one.Refusal.Field); c >= 0 {
			one.Refusal.Value = record.Show(one.Slots[c], false)
		}
		all = append(all, one)
	}
	return all, nil
}

// value reads a text; what the column's type does not take stays one.
func (c *columns) value(i int, text []byte) any {
	if text == nil {
		return nil
	}
	v, err := c.types[i].Text()(text)
	if err != nil {
		return string(text)
	}
	return v
}

// asText lets the server write binary rows as text: through a table of the same
// types that has no constraints.
func (w *writer) asText(ctx context.Context, rows [][]byte) ([][]byte, error) {
	var typed, names []string
	for i, t := range w.columns.plain {
		names = append(names, fmt.Sprintf("c%d", i))
		typed = append(typed, names[i]+" "+t)
	}
	const table = "pg_temp.godwit_refused"
	if err := w.exec(ctx, fmt.Sprintf("CREATE TEMP TABLE godwit_refused (godwit_n int8 GENERATED ALWAYS AS IDENTITY, %s) ON COMMIT DROP", strings.Join(typed, ", "))); err != nil {
		return nil, err
	}
	list := strings.Join(names, ", ")
	in := slices.Concat(binaryHeader, bytes.Join(rows, nil), binaryTrailer)
	if _, err := w.conn.PgConn().CopyFrom(ctx, bytes.NewReader(in), fmt.Sprintf("COPY %s (%s) FROM STDIN (FORMAT binary)", table, list)); err != nil {
		return nil, err
	}
	var out bytes.Buffer
	if _, err := w.conn.PgConn().CopyTo(ctx, &out, fmt.Sprintf("COPY (SELECT %s FROM %s ORDER BY godwit_n) TO STDOUT", list, table)); err != nil {
		return nil, err
	}
	texts := bytes.SplitAfter(out.Bytes(), []byte("\n"))
	texts = texts[:len(texts)-1] // behind the last line is nothing
	if len(texts) != len(rows) {
		return nil, fault.New(fault.Internal, "copy.count", "%d of %d refused rows were read back", len(texts), len(rows))
	}
	return texts, nil
}

package postgres

import (
	"context"
	"fmt"
	"iter"
	"strconv"
	"strings"

	"godwit/internal/catalog"
	"godwit/internal/connector"
	"godwit/internal/connector/postgres/noted"
	"godwit/internal/fault"

	"github.com/jackc/pgx/v5"
)

// rowSQL is columns as one text. The output of ROW works for every type, also
// those without equality (json, xml, point), tells NULL from empty, and is the
// same on both sides under the fixed settings.
func rowSQL(columns []string) string {
	return "ROW(" + idents(columns) + `)::text COLLATE "C"`
}

// bucketSQL is the bucket of a row: its key's hash, or the whole row's, modulo n.
func bucketSQL(key, columns []string, of int) string {
	if len(key) == 0 {
		key = columns
	}
	h := "hashtextextended(" + rowSQL(key) + ", 0)"
	return fmt.Sprintf("((%s %% %d) + %d) %% %d", h, of, of, of)
}

func inBuckets(bucket string, buckets []int) string {
	if len(buckets) == 0 {
		return "false"
	}
	numbers := make([]string, len(buckets))
	for i, b := range buckets {
		numbers[i] = strconv.Itoa(b)
	}
	return "(" + bucket + ") IN (" + strings.Join(numbers, ", ") + ")"
}

// Buckets is the connector.Reader's. Buckets without rows are left out; they
// come in order.
func (r *reader) Buckets(ctx context.Context, p connector.Part) ([]connector.Bucket, error) {
	only, err := r.s.only(ctx, p.Table)
	if err != nil {
		return nil, fault.Wrap(err, "sum %s", p.Table)
	}
	sql := fmt.Sprintf(`
		SELECT b::int4, count(*), sum(h::numeric)::text
		FROM (SELECT %s AS b, hashtextextended(%s, 0) AS h FROM %s%s%s) rows
		GROUP BY b ORDER BY b`, bucketSQL(p.Key, p.Columns, p.Of), rowSQL(p.Columns), only, p.Table.SQL(),
		conditions(noted.Named(p.Table, r.held[p.Table])))
	all, err := list(ctx, r.s, pgx.RowToStructByPos[connector.Bucket], sql)
	return all, fault.Wrap(noted.Still(err, catalog.Chunk{Table: p.Table}), "sum %s", p.Table)
}

// Rows is the connector.Reader's. Values are what the server writes in text;
// no cast takes part, which would trim char(n).
func (r *reader) Rows(ctx context.Context, p connector.Part, buckets []int) iter.Seq2[connector.Row, error] {
	selected, keyAt := withKey(p)
	return func(yield func(connector.Row, error) bool) {
		only, err := r.s.only(ctx, p.Table)
		if err != nil {
			yield(connector.Row{}, fault.Wrap(err, "read rows of %s", p.Table))
			return
		}
		sql := fmt.Sprintf("SELECT %s FROM %s%s%s", idents(selected), only, p.Table.SQL(),
			conditions(noted.Named(p.Table, r.held[p.Table]), inBuckets(bucketSQL(p.Key, p.Columns, p.Of), buckets)))
		rows := r.s.conn.PgConn().ExecParams(ctx, sql, nil, nil, nil, nil)
		for rows.NextRow() {
			if !yield(asRow(rows.Values(), len(p.Columns), keyAt), nil) {
				r.s.broken = true // the rest of the answer is not read
				return
			}
		}
		if _, err := rows.Close(); err != nil {
			yield(connector.Row{}, fault.Wrap(noted.Still(r.s.fault(ctx, err), catalog.Chunk{Table: p.Table}), "read rows of %s", p.Table))
		}
	}
}

// withKey are the columns to select and the key's places among them.
func withKey(p connector.Part) (selected []string, keyAt []int) {
	selected = append(selected, p.Columns...)
	for _, k := range p.Key {
		at := -1
		for i, c := range selected {
			if c == k {
				at = i
			}
		}
		if at < 0 {
			at = len(selected)
			selected = append(selected, k)
		}
		keyAt = append(keyAt, at)
	}
	return selected, keyAt
}

func asRow(raw [][]byte, columns int, keyAt []int) connector.Row {
	texts := make([]*string, len(raw))
	for i, b := range raw {
		if b != nil {
			s := string(b)
			texts[i] = &s
		}
	}
	row := connector.Row{Values: texts[:columns:columns]}
	for _, at := range keyAt {
		row.Key = append(row.Key, texts[at])
	}
	return row
}

package records

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"godwit/internal/catalog"
	"godwit/internal/connector"
	"godwit/internal/connector/postgres/relations"
	"godwit/internal/connector/postgres/survey"
	"godwit/internal/record"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// A target may leave rows out without a word: a trigger BEFORE the row that
// returns NULL, a rule. Such a record is dead, never applied or unchanged.

// notTaken is the state that its block is left with; no server has a class GW.
const notTaken = "GW001"

// watch notes the targets' takers. It may be too early: who makes a trigger now
// is seen by met.
func watch(ctx context.Context, conn *pgx.Conn, mode string, tables []catalog.Name, all []target) error {
	type taker struct {
		Table       int
		Name, Where string
	}
	found, err := survey.List(ctx, conn, pgx.RowToStructByPos[taker], relations.Takers("$1::text[]", mode)+" ORDER BY 1, 2, 3", quoted(tables))
	for _, f := range found {
		t := &all[f.Table-1]
		if text := fmt.Sprintf("trigger %s of %s", f.Name, f.Where); !slices.Contains(t.takers, text) {
			t.takers = append(t.takers, text)
		}
	}
	return err
}

// watched reports whether the page's statements have to find out which rows
// were left out: it costs one more look at each.
func (w *Writer) watched() bool {
	return slices.ContainsFunc(w.targets, func(t target) bool { return t.takers != nil })
}

// complete is the last statement of a merged page: it gives a row when one was
// left out, or when there is a trigger that could do so and that nobody looked
// for. Whatever fired in this page is there, and can be seen: the page's locks
// hold it.
func (w *Writer) complete() string {
	if w.watched() {
		return "SELECT FROM pg_temp.godwit_record r WHERE r.missed > 0 LIMIT 1"
	}
	names := make([]string, len(w.targets))
	for i, t := range w.targets {
		names[i] = "'" + strings.ReplaceAll(t.Table.SQL(), "'", "''") + "'"
	}
	return "SELECT FROM (" + relations.Takers("ARRAY["+strings.Join(names, ", ")+"]", w.mode) + ") t LIMIT 1"
}

// watchAgain looks for triggers once more, before a page is written record by record.
func (w *Writer) watchAgain(ctx context.Context) error {
	if w.watched() {
		return nil
	}
	tables := make([]catalog.Name, len(w.targets))
	for i, t := range w.targets {
		tables[i] = t.Table
	}
	return watch(ctx, w.conn, w.mode, tables, w.targets)
}

// missing looks again what of a record was left out, where its statements
// suspect it: a row that a trigger has written into a partition, or somebody
// else in the same form, is there.
func (w *Writer) missing(b *batch, n string, uses []int) string {
	var counts []string
	for at := range b.parts {
		if uses == nil || slices.Contains(uses, at) {
			counts = append(counts, w.absent(b, at, n))
		}
	}
	for i := range b.targets {
		if len(b.targets[i].parent) > 0 {
			counts = append(counts, fmt.Sprintf("(WITH p AS (%s) SELECT count(*) FROM %s)", w.whose(b, i, one(n)), w.gone(b, i, one(n), "CROSS JOIN")))
		}
	}
	return fmt.Sprintf(`UPDATE pg_temp.godwit_record r SET n_rows = r.n_rows + greatest(r.missed - m.n, 0), missed = m.n
		FROM (SELECT %s AS n) m WHERE r.n = %s AND r.missed > 0`, strings.Join(counts, " + "), n)
}

// absent counts staged rows that are not in the target as they were sent.
func (w *Writer) absent(b *batch, at int, n string) string {
	p, t := b.parts[at], &b.targets[b.parts[at].target]
	var match, old, fresh []string
	for _, k := range t.key {
		match = append(match, fmt.Sprintf("o.%s = %s", t.name(k), t.alike(k)))
	}
	for _, c := range p.present {
		if !contains(t.key, c) && t.columns[c].Identity != "a" {
			old = append(old, t.columns[c].t.Comparable("o."+t.name(c)))
			fresh = append(fresh, t.columns[c].t.Comparable(t.alike(c)))
		}
	}
	as := "true"
	if len(old) > 0 {
		as = fmt.Sprintf("(%s) IS NOT DISTINCT FROM (%s)", rowOf(old), rowOf(fresh))
	}
	if v := t.version; v >= 0 && contains(p.present, v) {
		as += fmt.Sprintf(" OR o.%[1]s > %[2]s OR o.%[1]s IS NOT NULL AND %[2]s IS NULL", t.name(v), t.alike(v))
	}
	return fmt.Sprintf("(SELECT count(*) FROM %s s WHERE s.godwit_part = %d AND s.godwit_record = %s AND NOT EXISTS (SELECT FROM %s o WHERE %s AND (%s)))",
		w.stages[p.target], at, n, t.Table.SQL(), strings.Join(match, " AND "), as)
}

// left notes rows that were to be deleted and are still there.
func (w *Writer) left(b *batch, at int, of scope) string {
	return fmt.Sprintf(`WITH p AS MATERIALIZED (%s), b AS (SELECT p.n, count(*) AS missed FROM %s GROUP BY p.n)
		UPDATE pg_temp.godwit_record r SET missed = r.missed + b.missed FROM b WHERE r.n = b.n%s`, w.whose(b, at, of), w.gone(b, at, of, "CROSS JOIN"), of.note)
}

// short is the condition under which a record was not taken as a whole, by what
// its statements have noted.
func (w *Writer) short(n string) string {
	if w.mode == connector.ModeAppend {
		return "SELECT FROM pg_temp.godwit_record r WHERE r.n = " + n + " AND r.n_rows <> r.want"
	}
	return "SELECT FROM pg_temp.godwit_record r WHERE r.n = " + n + " AND r.missed > 0"
}

// untaken says of a record that it was not taken, and who may have left it out.
func (w *Writer) untaken() *record.Refusal {
	var by []string
	r := &record.Refusal{Code: "data.not-taken", State: notTaken}
	for _, t := range w.targets {
		by = append(by, t.takers...)
		if t.takers != nil && r.Where == "" {
			r.Where = t.Table.String()
		}
	}
	const most = 3
	switch {
	case by == nil:
		r.Text = "the target left a row of it out and gave no reason"
	case len(by) > most:
		r.Text = fmt.Sprintf("the target left a row of it out and gave no reason: %s or %d others", strings.Join(by[:most], ", "), len(by)-most)
	default:
		r.Text = "the target left a row of it out and gave no reason: " + strings.Join(by, " or ")
	}
	return r
}

// errNotTaken stands for the server's refusal where there is no PL/pgSQL.
var errNotTaken = &pgconn.PgError{Code: notTaken}

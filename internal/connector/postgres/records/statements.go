package records

import (
	"fmt"
	"strings"

	"godwit/internal/catalog"
	"godwit/internal/connector"
)

// statement writes staged rows; it is needed for records that have rows in its
// part, -1 for all.
type statement struct {
	part int
	sql  string
}

// scope says which staged records are written.
type scope struct {
	only string // as a condition that follows others
	note string // the same for what is noted: without it the whole page is scanned for each record
	n    string // the number of one of them; "" = nobody looks for a key that stands twice
}

func one(n string) scope { return scope{" AND s.godwit_record = " + n, " AND r.n = " + n, n} }

var (
	everyone = scope{}
	someone  = scope{" AND s.godwit_record BETWEEN godwit_from AND godwit_to AND s.godwit_record <> ALL (godwit_bad)",
		" AND r.n BETWEEN godwit_from AND godwit_to AND r.n <> ALL (godwit_bad)", "godwit_from"}
)

// statements are those that write the staged records of a scope.
func (w *Writer) statements(b *batch, of scope) []statement {
	var all []statement
	if w.mode == connector.ModeAppend {
		for _, at := range b.inOrder() {
			all = append(all, statement{at, w.insert(b, at, of)})
		}
		return all
	}
	// Rows of a record's own first: they may be older than what is there, and
	// then its parts stay too. Then what is gone, the parts of parts first.
	if of.n != "" {
		for i := range b.targets {
			all = append(all, statement{-1, w.notTwice(b, i, of)})
		}
	}
	for _, at := range b.inOrder() {
		if len(b.targets[b.parts[at].target].parent) == 0 {
			all = append(all, statement{at, w.upsert(b, at, of)})
		}
	}
	for i := len(b.targets) - 1; i >= 0; i-- {
		if len(b.targets[i].parent) > 0 {
			all = append(all, statement{-1, w.remove(b, i, of)})
			if b.targets[i].takers != nil {
				all = append(all, statement{-1, w.left(b, i, of)})
			}
		}
	}
	for _, at := range b.inOrder() {
		if len(b.targets[b.parts[at].target].parent) > 0 {
			all = append(all, statement{at, w.upsert(b, at, of)})
		}
	}
	return all
}

// staged is a staged column as a value of the column that it goes into. Without
// a modifier: one would cut texts off silently, where the assignment to the
// column refuses them.
func (t *target) staged(c int) string {
	return fmt.Sprintf("s.c%d::%s", c, t.columns[c].t.Cast)
}

// alike is a staged column as it will stand in the column, for comparisons.
func (t *target) alike(c int) string { return fmt.Sprintf("s.c%d::%s", c, t.columns[c].t.Full) }

func (t *target) name(c int) string { return catalog.Quote(t.Columns[c]) }

const noteRows = `UPDATE pg_temp.godwit_record r SET n_rows = r.n_rows + b.n_rows FROM b WHERE r.n = b.n`

// appending is the statement that appends the rows of a part.
func (w *Writer) appending(b *batch, at int, of scope) string {
	p, t := b.parts[at], &b.targets[b.parts[at].target]
	columns, values := "", make([]string, len(p.present))
	for i, c := range p.present {
		values[i] = t.staged(c)
	}
	if len(values) > 0 {
		columns = " (" + b.columns(p) + ") OVERRIDING SYSTEM VALUE"
	}
	return fmt.Sprintf("INSERT INTO %s%s SELECT %s FROM %s s WHERE s.godwit_part = %d%s ORDER BY s.godwit_record, s.godwit_seq",
		t.Table.SQL(), columns, strings.Join(values, ", "), w.stages[p.target], at, of.only)
}

// insert appends the rows of a part of one record and notes how many were taken.
func (w *Writer) insert(b *batch, at int, of scope) string {
	return fmt.Sprintf("WITH w AS (%s RETURNING 1), b AS (SELECT %s AS n, count(*) AS n_rows FROM w) %s", w.appending(b, at, of), of.n, noteRows+of.note)
}

// upsert writes the rows of a part that differ from those there: it updates
// first and inserts what was not there, so that a row that is the same is not
// even locked. A row that came in between is met by ON CONFLICT. IN ... IS TRUE
// is looked up in a hash: as a join it was guessed to be of one row, and took
// the square of the page's.
func (w *Writer) upsert(b *batch, at int, of scope) string {
	p, t := b.parts[at], &b.targets[b.parts[at].target]
	var values, sets, setsNew, old, fresh, excluded []string
	for _, c := range p.present {
		name := t.name(c)
		values = append(values, fmt.Sprintf("%s AS c%d", t.staged(c), c))
		if contains(t.key, c) || t.columns[c].Identity == "a" {
			continue
		}
		sets = append(sets, fmt.Sprintf("%s = s.c%d", name, c))
		setsNew = append(setsNew, fmt.Sprintf("%s = excluded.%s", name, name))
		old = append(old, t.columns[c].t.Comparable("o."+name))
		fresh = append(fresh, t.columns[c].t.Comparable(fmt.Sprintf("s.f%d", c)))
		excluded = append(excluded, t.columns[c].t.Comparable("excluded."+name))
		values = append(values, fmt.Sprintf("%s AS f%d", t.alike(c), c))
	}
	want := "0" // of a part's rows those that are to be written, where a trigger may leave them out
	var match, columns, inserted, keys, back []string
	for _, k := range t.key {
		values = append(values, fmt.Sprintf("%s AS k%d", t.alike(k), k))
		match = append(match, fmt.Sprintf("o.%s = s.k%d", t.name(k), k))
		keys = append(keys, "o."+t.name(k))
		back = append(back, fmt.Sprintf("s.k%d", k))
	}
	for _, c := range p.present {
		columns, inserted = append(columns, t.name(c)), append(inserted, fmt.Sprintf("s.c%d", c))
	}
	on := strings.Join(match, " AND ")
	guard, guardNew, older := "", "", "false"
	if v := t.version; v >= 0 && contains(p.present, v) {
		guard = fmt.Sprintf(" AND (o.%[1]s IS NULL OR s.f%[2]d >= o.%[1]s)", t.name(v), v)
		guardNew = fmt.Sprintf(" AND (o.%[1]s IS NULL OR excluded.%[1]s >= o.%[1]s)", t.name(v))
		older = fmt.Sprintf("coalesce(pg_catalog.bool_or(o.%[1]s IS NOT NULL AND (s.f%[2]d IS NULL OR s.f%[2]d < o.%[1]s)), false)", t.name(v), v)
	}
	update, conflict := "SELECT NULL::int AS n WHERE false", "DO NOTHING"
	if len(sets) > 0 {
		update = fmt.Sprintf("UPDATE %s o SET %s FROM s WHERE %s AND (%s) IS DISTINCT FROM (%s)%s RETURNING s.n",
			t.Table.SQL(), strings.Join(sets, ", "), on, rowOf(old), rowOf(fresh), guard)
		conflict = fmt.Sprintf("DO UPDATE SET %s WHERE (%s) IS DISTINCT FROM (%s)%s", strings.Join(setsNew, ", "), rowOf(old), rowOf(excluded), guardNew)
	}
	if t.takers != nil {
		want = "count(*) FILTER (WHERE o." + t.name(t.key[0]) + " IS NULL"
		if len(sets) > 0 {
			want += fmt.Sprintf(" OR (%s) IS DISTINCT FROM (%s)%s", rowOf(old), rowOf(fresh), guard)
		}
		want += ")"
	}
	return fmt.Sprintf(`WITH s AS MATERIALIZED (SELECT s.godwit_record AS n, s.godwit_seq AS q, %[1]s FROM %[2]s s
			JOIN pg_temp.godwit_record r ON r.n = s.godwit_record AND NOT r.older%[15]s WHERE s.godwit_part = %[3]d%[4]s),
		u AS (%[5]s),
		i AS (INSERT INTO %[6]s AS o (%[7]s) OVERRIDING SYSTEM VALUE SELECT %[8]s FROM s
			WHERE NOT EXISTS (SELECT FROM %[6]s o WHERE %[9]s) ORDER BY s.n, s.q ON CONFLICT (%[10]s) %[11]s RETURNING %[12]s),
		e AS (SELECT s.n, 0 AS n_rows, %[13]s AS older, %[16]s AS want FROM s LEFT JOIN %[6]s o ON %[9]s GROUP BY s.n
			UNION ALL SELECT u.n, 1, false, 0 FROM u
			UNION ALL SELECT s.n, 1, false, 0 FROM s WHERE ((%[14]s) IN (SELECT * FROM i)) IS TRUE),
		b AS (SELECT e.n, pg_catalog.sum(e.n_rows) AS n_rows, pg_catalog.bool_or(e.older) AS older,
			greatest(pg_catalog.sum(e.want) - pg_catalog.sum(e.n_rows), 0) AS missed FROM e GROUP BY e.n)
		UPDATE pg_temp.godwit_record r SET n_rows = r.n_rows + b.n_rows, missed = r.missed + b.missed, older = b.older AND b.n_rows = 0
		FROM b WHERE r.n = b.n AND (b.n_rows > 0 OR b.older OR b.missed > 0)%[15]s`,
		strings.Join(values, ", "), w.stages[p.target], at, of.only, update, t.Table.SQL(), strings.Join(columns, ", "),
		strings.Join(inserted, ", "), on, idents(t.Key), conflict, strings.Join(keys, ", "), older, strings.Join(back, ", "), of.note, want)
}

func rowOf(exprs []string) string { return "ROW(" + strings.Join(exprs, ", ") + ")" }

// remove deletes the parts of records that they have no more.
func (w *Writer) remove(b *batch, at int, of scope) string {
	return fmt.Sprintf(`WITH p AS MATERIALIZED (%s), w AS (DELETE FROM %s RETURNING p.n),
		b AS (SELECT w.n, count(*) AS n_rows FROM w GROUP BY w.n) %s`,
		w.whose(b, at, of), w.gone(b, at, of, "USING"), noteRows+of.note)
}

// whose says whose parts are whose: by the rows, and by what they refer to in a
// row of the same record, which is there also when no part is left.
func (w *Writer) whose(b *batch, at int, of scope) string {
	t := &b.targets[at]
	values, filled := make([]string, len(t.parent)), []string{}
	for i, c := range t.parent {
		values[i] = fmt.Sprintf("%s AS p%d", t.alike(c), i)
		filled = append(filled, fmt.Sprintf("s.c%d IS NOT NULL", c))
	}
	whose := fmt.Sprintf("SELECT s.godwit_record AS n, %s FROM %s s WHERE %s%s", strings.Join(values, ", "), w.stages[at], strings.Join(filled, " AND "), of.only)
	if t.owner >= 0 {
		o, owned := &b.targets[t.owner], make([]string, len(t.owned))
		for i, c := range t.owned {
			owned[i] = fmt.Sprintf("%s AS p%d", o.alike(c), i)
		}
		whose += fmt.Sprintf(" UNION SELECT s.godwit_record, %s FROM %s s WHERE true%s", strings.Join(owned, ", "), w.stages[t.owner], of.only)
	}
	return "SELECT DISTINCT f.* FROM (" + whose + ") f JOIN pg_temp.godwit_record r ON r.n = f.n AND NOT r.older"
}

// gone are the rows o of records p that these have no more; by joins the two.
func (w *Writer) gone(b *batch, at int, of scope, by string) string {
	t := &b.targets[at]
	var match, keys []string
	for i, c := range t.parent {
		match = append(match, fmt.Sprintf("o.%s = p.p%d", t.name(c), i))
	}
	for _, k := range t.key {
		keys = append(keys, fmt.Sprintf("o.%s = %s", t.name(k), t.alike(k)))
	}
	return fmt.Sprintf("%s o %s p WHERE %s AND NOT EXISTS (SELECT FROM %s s WHERE %s%s)",
		t.Table.SQL(), by, strings.Join(match, " AND "), w.stages[at], strings.Join(keys, " AND "), of.only)
}

// same finds keys of a target that stand twice in the stage.
func (w *Writer) same(b *batch, at int, only string) string {
	t := &b.targets[at]
	keys := make([]string, len(t.key))
	for i, k := range t.key {
		keys[i] = t.alike(k)
	}
	return fmt.Sprintf("SELECT 1 FROM %s s WHERE true%s GROUP BY %s HAVING count(*) > 1", w.stages[at], only, strings.Join(keys, ", "))
}

// notTwice refuses records with two rows of one key: an expression of more than
// one row is a cardinality_violation, in and outside of PL/pgSQL.
func (w *Writer) notTwice(b *batch, at int, of scope) string {
	return fmt.Sprintf("UPDATE pg_temp.godwit_record r SET n_rows = r.n_rows + coalesce((SELECT 0 FROM generate_series(1, 2), (%s) same), 0) WHERE r.n = %s",
		w.same(b, at, of.only), of.n)
}

func contains(list []int, n int) bool {
	for _, i := range list {
		if i == n {
			return true
		}
	}
	return false
}

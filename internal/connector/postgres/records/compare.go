package records

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"godwit/internal/connector"
	"godwit/internal/connector/postgres/matched"
	"godwit/internal/connector/postgres/sqlstate"
	"godwit/internal/connector/postgres/survey"
	"godwit/internal/fault"
	"godwit/internal/record"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// Session is what a Comparison ends its session with.
type Session struct {
	Path  string // sets the search_path that its role has there
	Fault func(context.Context, error) error
	Close func() error // ends the transaction; it may be called twice
}

// Comparison compares records with rows: each page is staged in columns of the
// target's own types and joined to the rows by key. The keys stay, with what was
// found, in temporary tables: at the end they tell which rows no record has.
// Not safe for concurrent use; after an error it is of no more use.
type Comparison struct {
	Session
	w       *Writer
	merge   bool // of records with the same key one counts
	keys    *matched.Keys
	records int64 // compared so far
}

// Compare is the connector.RecordComparer's, in a session that is handed over.
func Compare(ctx context.Context, conn *pgx.Conn, s Session, mode string, into []connector.Into, where []string) (*Comparison, error) {
	c := &Comparison{Session: s, w: NewWriter(conn), merge: mode == connector.ModeMerge}
	if err := c.begin(ctx, into, where); err != nil {
		err = s.Fault(ctx, err)
		_ = s.Close()
		return nil, err
	}
	return c, nil
}

// begin makes the tables, in a transaction that reads at one point in time.
// READ WRITE: a database may be read-only by default, and making temporary
// tables is not allowed then.
func (c *Comparison) begin(ctx context.Context, into []connector.Into, where []string) error {
	type can struct {
		Standby, Temporary bool
		Grant              string
	}
	here, err := survey.List(ctx, c.w.conn, pgx.RowToStructByPos[can], `SELECT pg_catalog.pg_is_in_recovery(),
		pg_catalog.has_database_privilege(current_database(), 'TEMPORARY'), pg_catalog.format('GRANT TEMPORARY ON DATABASE %I TO %I;', current_database(), current_user)`)
	switch {
	case err != nil:
		return err
	case here[0].Standby:
		return fault.New(fault.Config, "target.read-only", "the server is a standby, which takes no temporary tables: records are compared in them").
			Hint("name its primary in the connection")
	case !here[0].Temporary:
		return fault.New(fault.Denied, "right.missing", "this role may make no temporary tables: records are compared in them").Hint("%s", here[0].Grant)
	}
	if err := c.run(ctx, "BEGIN ISOLATION LEVEL REPEATABLE READ READ WRITE; "+c.Path); err != nil {
		return err
	}
	if err := c.w.meet(ctx, connector.ModeMerge, into); err != nil {
		return err
	}
	var tables []matched.Table
	for i := range c.w.targets {
		t := &c.w.targets[i]
		columns := ""
		for n := range t.columns {
			columns += ", " + t.kept(n) + " AS " + t.name(n)
		}
		c.w.stages = append(c.w.stages, fmt.Sprintf("pg_temp.godwit_stage_%d", i))
		if err := c.run(ctx, fmt.Sprintf(`CREATE TEMP TABLE godwit_stage_%d ON COMMIT DROP AS
			SELECT 0::int4 AS godwit_record, 0::int4 AS godwit_seq, 0::int4 AS godwit_part%s FROM %s o WITH NO DATA`, i, columns, t.Table.SQL())); err != nil {
			return err
		}
		kept := matched.Table{Name: t.Table, Owner: t.owner}
		for _, k := range t.key {
			kept.Key, kept.Kept = append(kept.Key, t.name(k)), append(kept.Kept, t.kept(k))
		}
		if t.version >= 0 {
			kept.Version = t.kept(t.version)
		}
		for n := range t.owned {
			kept.Parent, kept.Owned = append(kept.Parent, t.name(t.parent[n])), append(kept.Owned, c.w.targets[t.owner].name(t.owned[n]))
		}
		if where != nil {
			kept.Where = where[i]
		}
		tables = append(tables, kept)
	}
	c.keys, err = matched.Make(ctx, c.w.conn, tables, where != nil)
	return err
}

func (c *Comparison) run(ctx context.Context, sql string) error {
	_, err := run(ctx, c.w.conn, sql)
	return sqlstate.Translate(err)
}

// kept is a column as a staged one: of its type with modifier, so that a value
// is cut, rounded and refused as in the column. Of a domain it is the base:
// what is left out stands as NULL, which a domain may forbid.
func (t *target) kept(c int) string {
	if t.columns[c].t.Domain != nil {
		return "o." + t.name(c) + "::" + t.columns[c].t.Cast
	}
	return "o." + t.name(c)
}

// eachKey is something for each column of the key, with commas between.
func (t *target) eachKey(of func(n, k int) string) string {
	texts := make([]string, len(t.key))
	for n, k := range t.key {
		texts[n] = of(n, k)
	}
	return strings.Join(texts, ", ")
}

// Compare is the connector.RecordComparison's.
func (c *Comparison) Compare(ctx context.Context, page []record.Mapped) ([]connector.Unlike, error) {
	all := make([]int, len(page))
	for i := range all {
		all[i] = i
	}
	found, err := c.compare(ctx, page, all, nil)
	c.records += int64(len(page))
	return found, c.Fault(ctx, err)
}

// compare compares some records of a page. With a refusal only keys are in them,
// and rows that are there count as changed.
func (c *Comparison) compare(ctx context.Context, page []record.Mapped, some []int, refusal *record.Refusal) (all []connector.Unlike, err error) {
	add := func(found []connector.Unlike, failed error) {
		all, err = append(all, found...), errors.Join(err, failed)
	}
	became := make([]connector.Became, len(page))
	b, err := encode(c.w.targets, true, true, page, became, some)
	if err != nil {
		return nil, err
	}
	for _, i := range some {
		if r := became[i].Refusal; r != nil && err == nil {
			add(c.refused(ctx, page, i, r, refusal != nil))
		}
	}
	if err != nil || len(b.parts) == 0 {
		return all, err
	}
	// Outside of the savepoint: in there it would be a new file each time.
	if err := c.run(ctx, "TRUNCATE "+strings.Join(c.w.stages, ", ")); err != nil {
		return nil, err
	}
	var found []connector.Unlike
	refused, err := c.w.attempt(ctx, func() (err error) {
		found, err = c.join(ctx, b, refusal)
		return err
	})
	var e *pgconn.PgError
	switch half := len(b.live) / 2; {
	case err != nil:
	case refused == nil:
		return append(all, found...), nil
	case half > 0:
		if add(c.compare(ctx, page, b.live[:half], refusal)); err == nil {
			add(c.compare(ctx, page, b.live[half:], refusal))
		}
	case errors.As(refused, &e):
		why := c.w.refusal(e)
		if m := copyColumn.FindStringSubmatch(e.Where); m != nil && why.Field == "" {
			why.Field = m[2]
		}
		add(c.refused(ctx, page, b.live[0], why, refusal != nil))
	default:
		err = refused
	}
	return all, err
}

// refused looks closer at a record with a value that no row can hold: at each of
// its rows, then at their keys, which may be there all the same. One whose key
// is refused too is missing, whatever it is.
func (c *Comparison) refused(ctx context.Context, page []record.Mapped, i int, why *record.Refusal, keysOnly bool) (all []connector.Unlike, err error) {
	page = slices.Clone(page)
	rows := page[i].Rows
	for n := range rows {
		if page[i].Rows = rows[n : n+1]; len(rows) == 1 {
			break
		}
		found, err := c.compare(ctx, page, []int{i}, nil)
		if all = append(all, found...); err != nil {
			return nil, err
		}
	}
	if len(rows) > 1 {
		return all, nil
	}
	row := rows[0]
	if keysOnly {
		n := c.records + int64(i)
		return []connector.Unlike{{Record: n, Into: row.Into, What: connector.RowMissing, Refusal: why}}, c.keys.Unreadable(ctx, row.Into, n)
	}
	row.Slots = slices.Clone(row.Slots)
	for s := range row.Slots {
		if !contains(c.w.targets[row.Into].key, s) {
			row.Slots[s] = record.Missing
		}
	}
	page[i].Rows = []record.Row{row}
	return c.compare(ctx, page, []int{i}, why)
}

// pair is a row that is not the same, as the server tells it.
type pair struct {
	N              int64
	Missing        bool
	Key            []*string
	Differs        []bool
	Staged, Stored []*string
}

// join brings the page to the server and joins it to the rows, part by part.
func (c *Comparison) join(ctx context.Context, b *batch, refusal *record.Refusal) ([]connector.Unlike, error) {
	var all []connector.Unlike
	for _, at := range b.inOrder() {
		p := b.parts[at]
		if p.rows == 0 {
			continue
		}
		if err := c.w.copyWhole(ctx, c.w.stages[p.target], p.data, p.rows); err != nil {
			return nil, err
		}
		columns := slices.DeleteFunc(slices.Clone(p.present), func(k int) bool { return contains(b.targets[p.target].key, k) })
		found, err := survey.List(ctx, c.w.conn, pgx.RowToStructByPos[pair], c.joined(b, at, columns, refusal != nil))
		if err != nil {
			return nil, err
		}
		for _, f := range found {
			u := connector.Unlike{Record: f.N, Into: p.target, What: connector.RowChanged, Key: f.Key, Refusal: refusal}
			if f.Missing {
				u.What = connector.RowMissing
			}
			for i, differs := range f.Differs {
				if differs {
					u.Columns = append(u.Columns, connector.UnlikeColumn{Name: b.targets[p.target].Columns[columns[i]], Left: f.Staged[i], Right: f.Stored[i]})
				}
			}
			all = append(all, u)
		}
	}
	return all, nil
}

// joined compares the staged rows of a part with those there and keeps their
// keys with what was found.
func (c *Comparison) joined(b *batch, at int, columns []int, changed bool) string {
	t := &b.targets[b.parts[at].target]
	var stored, staged, differs, old, now []string
	for _, k := range columns {
		o, s := t.columns[k].t.Comparable("o."+t.name(k)), t.columns[k].t.Comparable("s."+t.name(k))
		stored, staged, differs = append(stored, o), append(staged, s), append(differs, o+" IS DISTINCT FROM "+s)
		old, now = append(old, "pg_catalog.left(o."+t.name(k)+"::pg_catalog.text, 10000)"), append(now, "pg_catalog.left(s."+t.name(k)+"::pg_catalog.text, 10000)")
	}
	unlike := fmt.Sprint(changed)
	if len(columns) > 0 {
		unlike = rowOf(stored) + " IS DISTINCT FROM " + rowOf(staged)
	}
	version := "NULL::int4"
	if t.version >= 0 && contains(b.parts[at].present, t.version) {
		version = "s." + t.name(t.version)
	}
	array := func(of []string, kind string) string {
		return "CASE WHEN x.state = " + fmt.Sprint(matched.Changed) + " THEN ARRAY[" + strings.Join(of, ", ") + "]::" + kind + "[] END"
	}
	return fmt.Sprintf(`WITH c AS MATERIALIZED (SELECT s.godwit_record + %[1]d::int8 AS n, s.godwit_seq AS seq, x.state, %[2]s AS version, %[3]s,
			CASE WHEN x.state <> %[4]d THEN ARRAY[%[5]s] END AS key, %[6]s AS differs, %[7]s AS staged, %[8]s AS stored
			FROM %[9]s s LEFT JOIN %[10]s o ON (%[11]s) = (%[12]s) CROSS JOIN LATERAL (
				SELECT CASE WHEN o.tableoid IS NULL THEN %[13]d WHEN %[14]s THEN %[15]d ELSE %[4]d END AS state OFFSET 0) x WHERE s.godwit_part = %[16]d),
		k AS (INSERT INTO %[17]s SELECT n, state, version, %[18]s FROM c)
		SELECT n, state = %[13]d, key, differs, staged, stored FROM c WHERE state <> %[4]d ORDER BY n, seq LIMIT %[19]d`,
		c.records, version, t.eachKey(func(n, k int) string { return fmt.Sprintf("s.%s AS k%d", t.name(k), n) }), matched.Equal,
		t.eachKey(func(_, k int) string { return "s." + t.name(k) + "::pg_catalog.text" }), array(differs, "bool"), array(now, "pg_catalog.text"), array(old, "pg_catalog.text"),
		c.w.stages[b.parts[at].target], t.Table.SQL(), t.eachKey(func(_, k int) string { return "s." + t.name(k) }), t.eachKey(func(_, k int) string { return "o." + t.name(k) }),
		matched.Missing, unlike, matched.Changed, at, c.keys.Into(b.parts[at].target), t.eachKey(func(n, _ int) string { return fmt.Sprintf("k%d", n) }), connector.MostUnlike)
}

// Result is the connector.RecordComparison's.
func (c *Comparison) Result(ctx context.Context, told []int64) (*connector.Compared, error) {
	all, err := c.keys.Result(ctx, c.merge, told)
	return all, c.Fault(ctx, err)
}

// Close is the connector.RecordComparison's.
func (c *Comparison) Close() error { return c.Session.Close() }

package staging

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"godwit/internal/catalog"
	"godwit/internal/connector"
	"godwit/internal/connector/postgres/sqlstate"
	"godwit/internal/connector/postgres/survey"
	"godwit/internal/fault"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// Publish is the connector.Stage's. Writers of the targets wait until the
// transaction ends, readers never: rows are deleted, never truncated, and no
// table takes another one's name, so grants, views and foreign keys stay.
func (s *Stage) Publish(ctx context.Context, into []connector.Into, rows int64) ([]connector.Published, error) {
	list := distinct(into)
	targets, err := s.learn(ctx, list)
	if err != nil {
		return nil, err
	}
	if err := s.lock(ctx, targets); err != nil {
		return nil, err
	}
	staged, err := s.count(ctx, targets, func(t target) string { return t.staged })
	if err != nil {
		return nil, err
	}
	var held int64
	for _, n := range staged {
		held += n
	}
	if held != rows {
		return nil, fault.New(fault.Data, "stage.rows", "%d rows were written to be published, %d are held back", rows, held).
			Hint("a foreign key with ON DELETE or somebody's hand has changed them; nothing was published, begin anew with --new")
	}
	done, err := s.change(ctx, targets)
	if err != nil {
		return nil, err
	}
	now, err := s.count(ctx, targets, func(t target) string { return t.Table.SQL() })
	if err != nil {
		return nil, err
	}
	for i, t := range targets {
		if done[i].Rows = now[i]; now[i] != staged[i] {
			return nil, fault.New(fault.Data, "stage.rows", "%s would hold %d rows instead of %d: a trigger or a rule of it adds or takes some", t.Table, now[i], staged[i]).
				With("table", "%s", t.Table).Hint("nothing was changed")
		}
	}
	return done, s.drop(ctx, list)
}

// lock keeps other writers out of all targets at once, in the order of their
// names, and proves that what is to be published is still there.
func (s *Stage) lock(ctx context.Context, targets []target) error {
	var live []string
	sql := "SAVEPOINT godwit_there"
	for _, t := range targets {
		live = append(live, t.Table.SQL())
		sql += "; ANALYZE " + t.staged
	}
	slices.Sort(live)
	_, err := s.exec(ctx, sql+"; RELEASE SAVEPOINT godwit_there")
	if state := sqlstate.Of(err); state == "3F000" || state == "42P01" {
		return s.gone(targets[0].Table)
	}
	if err != nil {
		return sqlstate.Translate(err)
	}
	return s.run(ctx, "LOCK TABLE "+strings.Join(live, ", ")+" IN SHARE ROW EXCLUSIVE MODE")
}

func (s *Stage) count(ctx context.Context, targets []target, which func(target) string) ([]int64, error) {
	parts := make([]string, len(targets))
	for i, t := range targets {
		parts[i] = fmt.Sprintf("SELECT %d AS n, count(*) AS rows FROM %s", i, which(t))
	}
	return survey.List(ctx, s.conn, pgx.RowTo[int64], "SELECT rows FROM ("+strings.Join(parts, " UNION ALL ")+") c ORDER BY n")
}

// change writes the differences. New rows first and old ones last, so that
// what refers to a row finds it at any time. Where a unique value moves from
// one row to another that way is barred: then old rows go first, and unique
// values that change are null in between where they may be.
func (s *Stage) change(ctx context.Context, targets []target) ([]connector.Published, error) {
	tables := make([]catalog.Name, len(targets))
	for i, t := range targets {
		tables[i] = t.Table
	}
	refs, err := s.references(ctx, tables)
	if err != nil {
		return nil, err
	}
	order := parentsFirst(len(targets), refs)
	done, err := s.write(ctx, targets, order, false)
	if state := sqlstate.Of(err); state == "23505" || state == "23P01" {
		if err := s.run(ctx, "ROLLBACK TO SAVEPOINT godwit_publish"); err != nil {
			return nil, err
		}
		done, err = s.write(ctx, targets, order, true)
	}
	return done, refused(err)
}

// write runs all statements; constraints that may wait do so to the end.
func (s *Stage) write(ctx context.Context, targets []target, order []int, oldFirst bool) ([]connector.Published, error) {
	if _, err := s.exec(ctx, "SAVEPOINT godwit_publish; SET CONSTRAINTS ALL DEFERRED"); err != nil {
		return nil, err
	}
	done := make([]connector.Published, len(targets))
	back := slices.Clone(order)
	slices.Reverse(back)
	remove := func() error {
		for _, i := range back {
			n, err := s.exec(ctx, targets[i].remove())
			if done[i].Deleted += n; err != nil {
				return err
			}
		}
		return nil
	}
	same, err := s.keyless(ctx, targets, back, done)
	if err != nil {
		return nil, err
	}
	if oldFirst {
		if err := remove(); err != nil {
			return nil, err
		}
		for _, t := range targets {
			for _, sql := range t.release() {
				if _, err := s.exec(ctx, sql); err != nil {
					return nil, err
				}
			}
		}
	}
	for _, i := range order {
		t := targets[i]
		done[i].Table = t.Table.String()
		if sql := t.update(); sql != "" {
			if done[i].Updated, err = s.exec(ctx, sql); err != nil {
				return nil, err
			}
		}
		if same[i] {
			continue
		}
		if done[i].Inserted, err = s.exec(ctx, t.insert()); err != nil {
			return nil, err
		}
	}
	if !oldFirst {
		if err := remove(); err != nil {
			return nil, err
		}
	}
	_, err = s.exec(ctx, "SET CONSTRAINTS ALL IMMEDIATE; RELEASE SAVEPOINT godwit_publish")
	return done, err
}

// keyless empties the tables whose rows cannot be told apart, those that hold
// the same rows already excepted. Nothing refers to rows without a key.
func (s *Stage) keyless(ctx context.Context, targets []target, order []int, done []connector.Published) (same []bool, err error) {
	same = make([]bool, len(targets))
	for _, i := range order {
		t := targets[i]
		if t.key != nil {
			continue
		}
		sum := func(table string) string {
			row := "ROW(" + idents("t.", t.Columns) + ")::text"
			return fmt.Sprintf("(SELECT ROW(count(*), sum(pg_catalog.hashtextextended(%[1]s, 0)::numeric), sum(pg_catalog.hashtextextended(%[1]s, 1)::numeric)) FROM %[2]s t)", row, table)
		}
		equal, err := survey.One(ctx, s.conn, pgx.RowTo[bool], "SELECT "+sum(t.Table.SQL())+" IS NOT DISTINCT FROM "+sum(t.staged))
		if err != nil {
			return nil, err
		}
		if same[i] = equal; equal {
			continue
		}
		if done[i].Deleted, err = s.exec(ctx, "DELETE FROM "+t.Table.SQL()); err != nil {
			return nil, err
		}
	}
	return same, nil
}

// match says that o, a row there, and s, a new one, are the same row. A number
// that the server alone may change makes another one.
func (t target) match() string {
	var parts []string
	for _, c := range append(slices.Clone(t.key), t.always...) {
		parts = append(parts, fmt.Sprintf("o.%[1]s = s.%[1]s", catalog.Quote(c)))
	}
	return strings.Join(parts, " AND ")
}

// remove deletes rows that are not among the new ones.
func (t target) remove() string {
	if t.key == nil {
		return "SELECT 1 WHERE false"
	}
	return fmt.Sprintf("DELETE FROM %s o WHERE NOT EXISTS (SELECT FROM %s s WHERE %s)", t.Table.SQL(), t.staged, t.match())
}

// update changes rows whose stored values are others, bit by bit: 1.0 is not
// 1.00, and types without an equality have bits too.
func (t target) update() string {
	var sets, columns []string
	for _, c := range t.Columns {
		if !slices.Contains(t.always, c) {
			sets = append(sets, fmt.Sprintf("%[1]s = s.%[1]s", catalog.Quote(c)))
			columns = append(columns, c)
		}
	}
	if t.key == nil || sets == nil {
		return ""
	}
	return fmt.Sprintf("UPDATE %s o SET %s FROM %s s WHERE %s AND pg_catalog.record_image_ne(ROW(%s), ROW(%s))",
		t.Table.SQL(), strings.Join(sets, ", "), t.staged, t.match(), idents("o.", columns), idents("s.", columns))
}

// release makes unique values that are to change null.
func (t target) release() []string {
	var list []string
	for _, u := range t.others {
		if t.key != nil && !slices.Contains(t.key, u[0]) {
			list = append(list, fmt.Sprintf("UPDATE %s o SET %s = NULL FROM %s s WHERE %s AND pg_catalog.record_image_ne(ROW(%s), ROW(%s))",
				t.Table.SQL(), catalog.Quote(u[0]), t.staged, t.match(), idents("o.", u[1:]), idents("s.", u[1:])))
		}
	}
	return list
}

// insert adds the new rows that are not there.
func (t target) insert() string {
	columns := ""
	if len(t.Columns) > 0 {
		columns = "(" + idents("", t.Columns) + ") OVERRIDING SYSTEM VALUE "
	}
	sql := fmt.Sprintf("INSERT INTO %s %sSELECT %s FROM %s s", t.Table.SQL(), columns, idents("s.", t.Columns), t.staged)
	if t.key != nil {
		sql += fmt.Sprintf(" WHERE NOT EXISTS (SELECT FROM %s o WHERE %s)", t.Table.SQL(), t.match())
	}
	return sql
}

// drop takes the step's schemas away.
func (s *Stage) drop(ctx context.Context, list []connector.Into) error {
	var schemas []string
	for _, t := range list {
		if name := catalog.Quote(Schema(s.of, t.Table.Schema)); !slices.Contains(schemas, name) {
			schemas = append(schemas, name)
		}
	}
	return s.run(ctx, "DROP SCHEMA "+strings.Join(schemas, ", ")+" CASCADE")
}

var stillReferenced = regexp.MustCompile(`^Key \((.*)\)=\((.*)\) is still referenced`)

// refused tells of a row that others refer to which one it is.
func refused(err error) error {
	var e *pgconn.PgError
	if !errors.As(err, &e) || e.Code != "23503" {
		return sqlstate.Translate(err)
	}
	f := fault.Of(sqlstate.Translate(err))
	told := &fault.Error{Fault: f}
	if m := stillReferenced.FindStringSubmatch(e.Detail); m != nil {
		told.With("row", "%s = %s", m[1], m[2])
		told.Hint("rows of %s.%s still refer to rows that are to go: change or delete them first; nothing was changed", e.SchemaName, e.TableName)
	}
	return told
}

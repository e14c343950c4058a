package staging

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"godwit/internal/catalog"
	"godwit/internal/connector"
	"godwit/internal/connector/postgres/sqlstate"
	"godwit/internal/connector/postgres/survey"
	"godwit/internal/fault"

	"github.com/jackc/pgx/v5"
)

// HoldKeys is the connector.Stage's.
func (s *Stage) HoldKeys(ctx context.Context, into []connector.Into, how string) error {
	list := distinct(into)
	if how == connector.GoneDelete {
		if _, err := s.parts(ctx, list); err != nil {
			return err
		}
	}
	if _, err := s.make(ctx, list[:1]); err != nil {
		return err
	}
	return s.run(ctx, fmt.Sprintf("CREATE TABLE %s AS SELECT %s FROM %s o WHERE false", s.Keys(list[0]).Table.SQL(), idents("o.", list[0].Key), list[0].Table.SQL()))
}

// Remove is the connector.Stage's.
func (s *Stage) Remove(ctx context.Context, into []connector.Into, how, column string) (connector.Removed, error) {
	var done connector.Removed
	list := distinct(into)
	t, seen := list[0], s.Keys(list[0]).Table.SQL()
	_, err := s.exec(ctx, "SAVEPOINT godwit_there; ANALYZE "+seen+"; RELEASE SAVEPOINT godwit_there")
	if state := sqlstate.Of(err); state == "3F000" || state == "42P01" {
		return done, s.gone(t.Table)
	}
	if err != nil {
		return done, sqlstate.Translate(err)
	}
	untold := make([]string, len(t.Key))
	for i, k := range t.Key {
		untold[i] = "s." + catalog.Quote(k) + " IS NULL"
	}
	done.Untold, err = survey.One(ctx, s.conn, pgx.RowTo[int64], "SELECT count(*) FROM "+seen+" s WHERE "+strings.Join(untold, " OR "))
	if err != nil {
		return done, err
	}
	if done.Untold == 0 {
		if how == connector.GoneMark {
			err = s.marked(ctx, t, seen, column, &done)
		} else {
			err = s.deleted(ctx, list, seen, &done)
		}
	}
	if err != nil {
		return done, refused(err)
	}
	return done, s.drop(ctx, list[:1])
}

// gone is the condition for a row of the first table whose key was not read.
func gone(alias string, t connector.Into, seen string) string {
	var match, told []string
	for _, k := range t.Key {
		match = append(match, fmt.Sprintf("s.%[1]s = %[2]s.%[1]s", catalog.Quote(k), alias))
		told = append(told, fmt.Sprintf("%s.%s IS NOT NULL", alias, catalog.Quote(k)))
	}
	return fmt.Sprintf("%s AND NOT EXISTS (SELECT FROM %s s WHERE %s)", strings.Join(told, " AND "), seen, strings.Join(match, " AND "))
}

// marked sets the column of rows that are gone and clears it of those that are
// there again: true and false, or the moment and null.
func (s *Stage) marked(ctx context.Context, t connector.Into, seen, column string, done *connector.Removed) error {
	truth, err := survey.One(ctx, s.conn, pgx.RowTo[bool], `SELECT atttypid = 'bool'::regtype FROM pg_catalog.pg_attribute
		WHERE attrelid = pg_catalog.to_regclass($1) AND attname = $2 AND NOT attisdropped`, t.Table.SQL(), column)
	if err != nil {
		return err
	}
	c := catalog.Quote(column)
	set, clear, is := "now()", "NULL", "o."+c+" IS NOT NULL"
	if truth {
		set, clear, is = "true", "false", "o."+c+" IS TRUE"
	}
	missing := gone("o", t, seen)
	if done.Rows, err = s.exec(ctx, fmt.Sprintf("UPDATE %s o SET %s = %s WHERE NOT (%s) AND %s", t.Table.SQL(), c, set, is, missing)); err != nil {
		return err
	}
	done.Back, err = s.exec(ctx, fmt.Sprintf("UPDATE %s o SET %s = %s WHERE %s AND NOT (%s)", t.Table.SQL(), c, clear, is, missing))
	return err
}

// deleted deletes the parts of rows that are gone, then those.
func (s *Stage) deleted(ctx context.Context, list []connector.Into, seen string, done *connector.Removed) error {
	owners, err := s.parts(ctx, list)
	if err != nil {
		return err
	}
	var condition func(i int) string
	condition = func(i int) string {
		if i == 0 {
			return gone("t0", list[0], seen)
		}
		r := owners[i]
		var match []string
		for k, c := range r.Columns {
			match = append(match, fmt.Sprintf("t%d.%s = t%d.%s", r.To, catalog.Quote(r.Foreign[k]), i, catalog.Quote(c)))
		}
		return fmt.Sprintf("EXISTS (SELECT FROM %s t%d WHERE %s AND %s)", list[r.To].Table.SQL(), r.To, strings.Join(match, " AND "), condition(r.To))
	}
	order := parentsFirst(len(list), slices.Collect(func(yield func(reference) bool) {
		for _, r := range owners {
			if !yield(r) {
				return
			}
		}
	}))
	slices.Reverse(order)
	if err := s.run(ctx, "SET CONSTRAINTS ALL DEFERRED"); err != nil {
		return err
	}
	for _, i := range order {
		n, err := s.exec(ctx, fmt.Sprintf("DELETE FROM %s t%d WHERE %s", list[i].Table.SQL(), i, condition(i)))
		if err != nil {
			return err
		}
		if i == 0 {
			done.Rows += n
		} else {
			done.Parts += n
		}
	}
	_, err = s.exec(ctx, "SET CONSTRAINTS ALL IMMEDIATE")
	return err
}

// parts says of each table but the first how its rows belong to another: by a
// foreign key, the one to an earlier table first, or by columns that have the
// names of the first one's key.
func (s *Stage) parts(ctx context.Context, list []connector.Into) (map[int]reference, error) {
	tables := make([]catalog.Name, len(list))
	for i, t := range list {
		tables[i] = t.Table
	}
	refs, err := s.references(ctx, tables)
	if err != nil {
		return nil, err
	}
	owners := map[int]reference{}
	for i := 1; i < len(list); i++ {
		for _, r := range refs {
			if have, ok := owners[i]; r.From == i && r.To < i && (!ok || r.To < have.To) {
				owners[i] = r
			}
		}
		if _, ok := owners[i]; ok {
			continue
		}
		if !within(list[0].Key, list[i].Columns) {
			return nil, fault.New(fault.Config, "load.parts", "which rows of %s are parts of a row of %s cannot be told: it has no foreign key to it", list[i].Table, list[0].Table).
				Hint("give it one, or its columns the names of %s, or leave gone out", idents("", list[0].Key))
		}
		owners[i] = reference{From: i, To: 0, Columns: list[0].Key, Foreign: list[0].Key}
	}
	return owners, nil
}

// Package staging holds rows back at a PostgreSQL server, in tables of its own,
// until they are published: then their targets are changed by them in the same
// transaction. It works in the transaction that is open in a session; it opens,
// begins and commits nothing. Start at Stage.
package staging

import (
	"context"
	"encoding/hex"
	"encoding/json"
	"slices"
	"strings"

	"godwit/internal/catalog"
	"godwit/internal/connector"
	"godwit/internal/connector/postgres/sqlstate"
	"godwit/internal/connector/postgres/survey"
	"godwit/internal/fault"

	"github.com/jackc/pgx/v5"
	"github.com/zeebo/xxh3"
)

// A step has a schema of its own for each schema that it writes to. So its
// tables, constraints and indexes have their targets' names, and what the
// server says of a record is the same as if it had gone there.

// Schema names the one that stands in for another. It says nothing to people;
// its comment does.
func Schema(h connector.Holder, of string) string {
	sum := xxh3.HashString128(strings.Join([]string{h.Run, h.Step, of}, "\x00")).Bytes()
	return survey.StagePrefix + hex.EncodeToString(sum[:8])
}

// keys is the table for keys, which stands there alone.
const keys = "keys"

func beside(h connector.Holder, t catalog.Name) catalog.Name {
	return catalog.Name{Schema: Schema(h, t.Schema), Object: t.Object}
}

// Stage works on what one step holds back, in the transaction that is open in
// a session. Not safe for concurrent use; after an error the transaction is of
// no more use.
type Stage struct {
	conn *pgx.Conn
	of   connector.Holder
}

// New makes a stage.
func New(conn *pgx.Conn, of connector.Holder) *Stage { return &Stage{conn, of} }

// Tables is the connector.Stage's: keys are compared when rows are published.
func (s *Stage) Tables(into []connector.Into) []connector.Into {
	list := make([]connector.Into, len(into))
	for i, t := range into {
		list[i] = connector.Into{Table: beside(s.of, t.Table), Columns: t.Columns}
	}
	return list
}

// Keys is the connector.Stage's.
func (s *Stage) Keys(into connector.Into) connector.Into {
	return connector.Into{Table: catalog.Name{Schema: Schema(s.of, into.Table.Schema), Object: keys}, Columns: into.Key}
}

// exec runs one or several statements in one message and gives the rows of the
// last one. The error is the server's own.
func (s *Stage) exec(ctx context.Context, sql string) (int64, error) {
	results, err := s.conn.PgConn().Exec(ctx, sql).ReadAll()
	if err != nil || len(results) == 0 {
		return 0, err
	}
	return results[len(results)-1].CommandTag.RowsAffected(), nil
}

func (s *Stage) run(ctx context.Context, sql string) error {
	_, err := s.exec(ctx, sql)
	return sqlstate.Translate(err)
}

// owned is what the comment of a schema says: whose it is, and for which tables.
type owned struct {
	Run    string   `json:"godwit run"`
	Step   string   `json:"step"`
	Tables []string `json:"tables"`
}

// found is a schema of ours.
type found struct {
	name string
	owned
}

// schemas lists those of all runs. What only looks like one of ours is not.
func schemas(ctx context.Context, conn *pgx.Conn) ([]found, error) {
	type row struct{ Name, Comment string }
	rows, err := survey.List(ctx, conn, pgx.RowToStructByPos[row], `
		SELECT n.nspname::text, pg_catalog.obj_description(n.oid, 'pg_namespace') FROM pg_catalog.pg_namespace n
		WHERE pg_catalog.starts_with(n.nspname::text, '`+survey.StagePrefix+`') AND pg_catalog.obj_description(n.oid, 'pg_namespace') IS NOT NULL
		ORDER BY 1`)
	var all []found
	for _, r := range rows {
		f := found{name: r.Name}
		if json.Unmarshal([]byte(r.Comment), &f.owned) == nil && f.Run != "" {
			all = append(all, f)
		}
	}
	return all, err
}

// patience is how long taking a schema away waits for who works with it.
const patience = "3s"

// Drop is the connector.Stage's.
func (s *Stage) Drop(ctx context.Context) error {
	all, err := schemas(ctx, s.conn)
	if err != nil {
		return err
	}
	return s.sweep(ctx, all, func(f found) bool { return f.Run == s.of.Run })
}

// sweep drops schemas. One of another role stays: it is in nobody's way.
func (s *Stage) sweep(ctx context.Context, all []found, which func(found) bool) error {
	for _, f := range all {
		if !which(f) {
			continue
		}
		_, err := s.exec(ctx, "SAVEPOINT godwit_sweep; SET LOCAL lock_timeout = '"+patience+"'; DROP SCHEMA IF EXISTS "+
			catalog.Quote(f.name)+" CASCADE; SET LOCAL lock_timeout = 0; RELEASE SAVEPOINT godwit_sweep")
		switch sqlstate.Of(err) {
		case "":
			if err != nil {
				return sqlstate.Translate(err)
			}
		case "55P03":
			return fault.New(fault.Conflict, "stage.busy", "another run is writing what is to replace %s", strings.Join(f.Tables, ", ")).
				With("run", "%s", f.Run).Hint("wait for its end, or cancel it")
		case "42501":
			if err := s.run(ctx, "ROLLBACK TO SAVEPOINT godwit_sweep"); err != nil {
				return err
			}
		default:
			return sqlstate.Translate(err)
		}
	}
	return nil
}

// gone is the fault of tables that somebody took away.
func (s *Stage) gone(t catalog.Name) error {
	return fault.New(fault.Config, "stage.gone", "the records that were to go into %s are not held back any more", t).
		Hint("a later run into the same table has taken them away, or somebody dropped schema %s", Schema(s.of, t.Schema)).
		Hint("nothing was changed; the same command with --new begins anew")
}

// distinct merges the entries of a table that is written to more than once.
func distinct(into []connector.Into) []connector.Into {
	var list []connector.Into
	for _, t := range into {
		i := slices.IndexFunc(list, func(o connector.Into) bool { return o.Table == t.Table })
		if i < 0 {
			t.Columns = slices.Clone(t.Columns)
			list = append(list, t)
			continue
		}
		for _, c := range t.Columns {
			if !slices.Contains(list[i].Columns, c) {
				list[i].Columns = append(list[i].Columns, c)
			}
		}
		if list[i].Key == nil {
			list[i].Key = t.Key
		}
	}
	return list
}

// names are tables as the server reads them.
func names(into []connector.Into) []string {
	list := make([]string, len(into))
	for i, t := range into {
		list[i] = t.Table.SQL()
	}
	return list
}

// idents are columns of an alias, with commas.
func idents(alias string, columns []string) string {
	list := make([]string, len(columns))
	for i, c := range columns {
		list[i] = alias + catalog.Quote(c)
	}
	return strings.Join(list, ", ")
}

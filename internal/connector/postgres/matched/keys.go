// Package matched keeps the keys of records that were compared with rows, in
// temporary tables of a session inside a transaction: at the end they tell how
// many were equal, and which rows no record has. Start at Make.
package matched

import (
	"context"
	"fmt"
	"strings"

	"godwit/internal/catalog"
	"godwit/internal/connector"
	"godwit/internal/connector/postgres/sqlstate"
	"godwit/internal/fault"

	"github.com/jackc/pgx/v5"
)

// States of a row, in column state of the tables of keys.
const (
	Equal = iota
	Changed
	Missing
)

// Table is one that records were compared with. Columns are quoted.
type Table struct {
	Name          catalog.Name
	Key           []string
	Kept          []string // the key's columns of a row o, as they are kept
	Version       string   // the same of the version, of the first table; "" without
	Owner         int      // the table whose rows those of this one are parts of; -1: not known
	Parent, Owned []string // columns here that refer to those there
	Where         string   // which of its rows stand for the records; "" = all
}

// Keys are those of several tables. Not safe for concurrent use.
type Keys struct {
	conn   *pgx.Conn
	tables []Table
	alone  bool // rows without a record are looked for
}

// Make makes their tables. A condition that is none is a fault, query.invalid.
func Make(ctx context.Context, conn *pgx.Conn, tables []Table, alone bool) (*Keys, error) {
	k := &Keys{conn, tables, alone}
	for i, t := range tables {
		version := t.Version
		if version == "" {
			version = "NULL::int4"
		}
		kept := each(len(t.Key), func(n int) string { return fmt.Sprintf("%s AS k%d", t.Kept[n], n) })
		if err := k.run(ctx, fmt.Sprintf("CREATE TEMP TABLE godwit_keys_%d ON COMMIT DROP AS SELECT 0::int8 AS n, 0::int2 AS state, %s AS version, %s FROM %s o WITH NO DATA",
			i, version, kept, t.Name.SQL())); err != nil {
			return nil, err
		}
		if t.Where == "" {
			continue
		}
		// As a prepared statement, which is only one: nothing else hides in it.
		if _, err := ask(ctx, k, pgx.RowTo[bool], "SELECT true FROM "+k.rows(i)+" LIMIT 0"); err != nil {
			return nil, fault.New(fault.Config, "query.invalid", "where of %s: %s", t.Name, fault.Of(err).Text)
		}
	}
	return k, nil
}

func (k *Keys) run(ctx context.Context, sql string) error {
	_, err := k.conn.PgConn().Exec(ctx, sql).ReadAll()
	return sqlstate.Translate(err)
}

func ask[T any](ctx context.Context, k *Keys, scan pgx.RowToFunc[T], sql string, args ...any) ([]T, error) {
	rows, err := k.conn.Query(ctx, sql, args...)
	if err != nil {
		return nil, sqlstate.Translate(err)
	}
	all, err := pgx.CollectRows(rows, scan)
	return all, sqlstate.Translate(err)
}

func each(n int, of func(n int) string) string {
	texts := make([]string, n)
	for i := range texts {
		texts[i] = of(i)
	}
	return strings.Join(texts, ", ")
}

// Into is a table of keys with its columns: number of the record, state,
// version, and the key as k0, k1 ...
func (k *Keys) Into(i int) string {
	return k.name(i) + " (n, state, version, " + numbered(len(k.tables[i].Key), "") + ")"
}

func (k *Keys) name(i int) string { return fmt.Sprintf("pg_temp.godwit_keys_%d", i) }

func numbered(n int, prefix string) string {
	return each(n, func(n int) string { return fmt.Sprintf("%sk%d", prefix, n) })
}

// Unreadable notes a row that is missing, since no row can have its key.
func (k *Keys) Unreadable(ctx context.Context, i int, record int64) error {
	return k.run(ctx, fmt.Sprintf("INSERT INTO %s (n, state) VALUES (%d, %d)", k.name(i), record, Missing))
}

// rows are those of a table that stand for the records: of parts without a
// condition of their own those of such rows.
func (k *Keys) rows(i int) string {
	t := k.tables[i]
	switch {
	case t.Where != "":
		return "(SELECT * FROM " + t.Name.SQL() + " WHERE (\n" + t.Where + "\n)) o"
	case t.Owner < 0 || k.tables[t.Owner].Where == "":
		return t.Name.SQL() + " o"
	}
	own, theirs := each(len(t.Parent), func(n int) string { return "t." + t.Parent[n] }), each(len(t.Owned), func(n int) string { return "o." + t.Owned[n] })
	return fmt.Sprintf("(SELECT t.* FROM %s t WHERE EXISTS (SELECT FROM %s WHERE (%s) = (%s))) o", t.Name.SQL(), k.rows(t.Owner), theirs, own)
}

// has is the condition that the key of a row o was kept.
func (k *Keys) has(i int) string {
	t := k.tables[i]
	return fmt.Sprintf("EXISTS (SELECT FROM %s k WHERE (%s) = (%s))", k.name(i), numbered(len(t.Key), "k."), each(len(t.Key), func(n int) string { return "o." + t.Key[n] }))
}

// Result is the connector.RecordComparison's. Merged tells that of records with
// the same key one counts.
func (k *Keys) Result(ctx context.Context, merged bool, told []int64) (*connector.Compared, error) {
	all := &connector.Compared{Tables: make([]connector.ComparedTable, len(k.tables))}
	if err := k.run(ctx, "ANALYZE "+each(len(k.tables), k.name)); err != nil {
		return nil, err
	}
	if merged {
		if err := k.supersede(ctx, told, all); err != nil {
			return nil, err
		}
	}
	for i := range k.tables {
		if err := k.count(ctx, i, all); err != nil {
			return nil, err
		}
	}
	return all, nil
}

// count counts the rows of a table and names those that no record has.
func (k *Keys) count(ctx context.Context, i int, all *connector.Compared) error {
	t := k.tables[i]
	alone, count := "", "0::int8"
	if k.alone {
		alone = "FROM " + k.rows(i) + " WHERE NOT " + k.has(i)
		count = "(SELECT count(*) " + alone + ")"
	}
	counts, err := ask(ctx, k, pgx.RowToStructByPos[connector.ComparedTable], fmt.Sprintf(`SELECT count(*) FILTER (WHERE state = %d),
		count(*) FILTER (WHERE state = %d), count(*) FILTER (WHERE state = %d), %s FROM %s`, Equal, Changed, Missing, count, k.name(i)))
	if err != nil {
		return err
	}
	if all.Tables[i] = counts[0]; counts[0].Extra == 0 {
		return nil
	}
	key := func(cast string) string {
		return each(len(t.Key), func(n int) string { return "o." + t.Key[n] + cast })
	}
	found, err := ask(ctx, k, pgx.RowTo[[]*string], fmt.Sprintf("SELECT ARRAY[%s] %s ORDER BY %s LIMIT %d", key("::pg_catalog.text"), alone, key(""), connector.MostUnlike))
	for _, key := range found {
		all.Extra = append(all.Extra, connector.Unlike{Record: -1, Into: i, What: connector.RowExtra, Key: key})
	}
	return err
}

// supersede takes records away of which another one with the same key counts:
// the latest of the highest version. There are some if more records than rows
// have met, or several miss the same one.
func (k *Keys) supersede(ctx context.Context, told []int64, all *connector.Compared) error {
	key := numbered(len(k.tables[0].Key), "")
	twice, err := ask(ctx, k, pgx.RowTo[bool], fmt.Sprintf(`SELECT (SELECT count(*) FROM %[1]s WHERE state <> %[2]d) > (SELECT count(*) FROM %[3]s o WHERE %[4]s)
		OR EXISTS (SELECT FROM %[1]s WHERE state = %[2]d AND k0 IS NOT NULL GROUP BY %[5]s HAVING count(*) > 1)`,
		k.name(0), Missing, k.tables[0].Name.SQL(), k.has(0), key))
	if err != nil || !twice[0] {
		return err
	}
	sql := fmt.Sprintf(`CREATE TEMP TABLE godwit_old ON COMMIT DROP AS SELECT n FROM (SELECT n, pg_catalog.row_number()
		OVER (PARTITION BY %s ORDER BY version DESC NULLS LAST, n DESC) AS place FROM %s WHERE k0 IS NOT NULL) k WHERE place > 1`, key, k.name(0))
	for i := range k.tables {
		sql += "; DELETE FROM " + k.name(i) + " WHERE n IN (SELECT n FROM pg_temp.godwit_old)"
	}
	if err := k.run(ctx, sql); err != nil {
		return err
	}
	counts, err := ask(ctx, k, pgx.RowTo[int64], "SELECT count(*) FROM pg_temp.godwit_old")
	if err != nil {
		return err
	}
	all.Superseded = counts[0]
	all.Replaced, err = ask(ctx, k, pgx.RowTo[int64], "SELECT n FROM pg_temp.godwit_old WHERE n = ANY ($1::int8[])", told)
	return err
}

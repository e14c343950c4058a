package main

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"godwit/rig/demo"
	"godwit/rig/mariadb"
	"godwit/rig/warehouse"

	"github.com/go-sql-driver/mysql"
	"github.com/jackc/pgx/v5"
)

// tables are those of the old model, in the order of source/model.sql.
var tables = []string{"project", "resource", "assignment", "contact", "note", "document", "planboard"}

// old is one old database: number n is of MariaDB when three divide it.
type old struct {
	n      int
	client string // whose overlay it takes
}

// deviate are the customers that have something otherwise, by their databases.
var deviate = map[int]string{3: "nordic", 14: "nordic", 4: "harbor", 9: "harbor", 5: "delta", 20: "delta"}

func oldDatabase(n int) old {
	client := deviate[n]
	if client == "" {
		client = []string{"amstel", "brabant"}[n%2]
	}
	return old{n: n, client: client}
}

func (o old) name() string { return fmt.Sprintf("project_%02d", o.n) }
func (o old) maria() bool  { return o.n%3 == 0 }
func (o old) system() string {
	if o.maria() {
		return "mariadb"
	}
	return "postgres"
}

// legacy makes the old databases and the registry that names them.
type legacy struct {
	example string
	staging string // URL of a database that holds Northwind
	both    *demo.Pair
	maria   *mariadb.Server
}

// take loads what the old databases are made of.
func (l *legacy) take(ctx context.Context) error {
	if err := warehouse.LoadSome(ctx, l.staging, "northwind"); err != nil {
		return err
	}
	for _, file := range []string{"source/take.sql", "source/registry.sql"} {
		text, err := os.ReadFile(filepath.Join(l.example, file))
		if err != nil {
			return err
		}
		if err := demo.Ask(ctx, l.staging, string(text)); err != nil {
			return fmt.Errorf("%s: %w", file, err)
		}
	}
	return nil
}

// fill makes one old database with its deviations and faults, and registers it.
func (l *legacy) fill(ctx context.Context, o old) error {
	text, err := l.script(ctx, o)
	if err != nil {
		return err
	}
	if err := l.make(ctx, o, text); err != nil {
		return fmt.Errorf("%s: %w", o.name(), err)
	}
	port := l.both.Old.Port
	if o.maria() {
		port = l.maria.Port
	}
	flow := "project_" + o.system()
	if o.n == wrongFlow {
		flow = "project_access"
	}
	return demo.Ask(ctx, l.staging, fmt.Sprintf("insert into registry.project values ('p%02d', '%s', 'planboards_%s', '127.0.0.1', %d, '%s', '%s')",
		o.n, flow, o.system(), port, o.name(), o.client))
}

// wrongFlow is the database whose flow the registry has wrong.
const wrongFlow = 5

// script is all that is in an old database, in SQL that both systems know.
func (l *legacy) script(ctx context.Context, o old) (string, error) {
	files := []string{"source/model.sql"}
	if deviate[o.n] != "" {
		files = append(files, "source/"+o.client+".sql")
	}
	if faults := fmt.Sprintf("source/faults_%02d.sql", o.n); exists(filepath.Join(l.example, faults)) {
		files = append(files, faults)
	}
	var all strings.Builder
	for i, file := range files {
		text, err := os.ReadFile(filepath.Join(l.example, file))
		if err != nil {
			return "", err
		}
		all.Write(text)
		if i > 0 {
			continue
		}
		for _, table := range tables {
			if err := l.rows(ctx, &all, o, table); err != nil {
				return "", fmt.Errorf("%s: %w", table, err)
			}
		}
	}
	return all.String(), nil
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

// rows writes a table's rows as one insert.
func (l *legacy) rows(ctx context.Context, into *strings.Builder, o old, table string) error {
	conn, err := pgx.Connect(ctx, l.staging)
	if err != nil {
		return err
	}
	defer conn.Close(context.WithoutCancel(ctx))
	rows, err := conn.Query(ctx, fmt.Sprintf("select * from legacy.%s where db = %d", table, o.n), pgx.QueryExecModeSimpleProtocol)
	if err != nil {
		return err
	}
	defer rows.Close()
	for first := true; rows.Next(); first = false {
		var values []string
		for _, v := range rows.RawValues()[1:] { // the first is the database's number
			text := "null"
			if v != nil {
				text = "'" + strings.ReplaceAll(string(v), "'", "''") + "'"
			}
			values = append(values, text)
		}
		begin := ",\n  "
		if first {
			begin = "insert into " + table + " values\n  "
		}
		fmt.Fprintf(into, "%s(%s)", begin, strings.Join(values, ", "))
	}
	into.WriteString(";\n")
	return rows.Err()
}

// make creates the database and runs its script there.
func (l *legacy) make(ctx context.Context, o old, text string) error {
	if !o.maria() {
		if err := demo.Ask(ctx, l.both.Old.URL("postgres"), "create database "+o.name()); err != nil {
			return err
		}
		return demo.Ask(ctx, l.both.Old.URL(o.name()), text)
	}
	c := mysql.NewConfig()
	c.User, c.Passwd, c.Net, c.Addr, c.MultiStatements = "rig", mariadb.Password, "tcp", fmt.Sprintf("127.0.0.1:%d", l.maria.Port), true
	connector, err := mysql.NewConnector(c)
	if err != nil {
		return err
	}
	db := sql.OpenDB(connector)
	_, err = db.ExecContext(ctx, "create database "+o.name()+"; use "+o.name()+"; "+text)
	return errors.Join(err, db.Close())
}

// archive writes the files of documents, all but one.
func (l *legacy) archive(ctx context.Context, dir string, databases int) error {
	conn, err := pgx.Connect(ctx, l.staging)
	if err != nil {
		return err
	}
	defer conn.Close(context.WithoutCancel(ctx))
	rows, err := conn.Query(ctx, "select path, d.name || E'\\n' || a.title || E'\\n' from legacy.document d join legacy.assignment a using (assignment_id) where d.db <= $1", databases)
	if err != nil {
		return err
	}
	var path, text string
	_, err = pgx.ForEachRow(rows, []any{&path, &text}, func() error {
		if path == lostFile {
			return nil
		}
		return writeFile(filepath.Join(dir, path), text)
	})
	return err
}

// lostFile is the one that is not in the archive.
const lostFile = "2/10324.txt"

func writeFile(path, text string) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	return os.WriteFile(path, []byte(text), 0o644)
}

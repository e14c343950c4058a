package survey

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"godwit/internal/catalog"
	"godwit/internal/fault"
	"godwit/internal/nearest"

	"github.com/jackc/pgx/v5"
)

// Schema is where the marks live at a target. It is never selected.
const Schema = "godwit"

// StagePrefix begins the names of schemas that hold back what is to be
// published. They are never selected either.
const StagePrefix = "godwit_stage_"

// Ours reports whether a schema is one of them.
func Ours(schema string) bool { return schema == Schema || strings.HasPrefix(schema, StagePrefix) }

// Foreigners are schemas that are nobody's: the server's, temporary ones, ours.
const Foreigners = `(n.nspname LIKE 'pg\_%' OR n.nspname IN ('information_schema', '` + Schema + `')
	OR pg_catalog.starts_with(n.nspname::text, '` + StagePrefix + `'))`

// NotOfExtension is a condition on an object of a catalogue: extensions bring
// their members along.
func NotOfExtension(class, oid string) string {
	return `NOT EXISTS (SELECT FROM pg_catalog.pg_depend x WHERE x.deptype = 'e'
		AND x.classid = 'pg_catalog.` + class + `'::regclass AND x.objid = ` + oid + `)`
}

// Inspect reads what the selection holds. Sizes and row counts are the
// server's estimates. Tables of extensions are left out: the extension makes
// them, and their rows with them. Materialised views are among the tables,
// sequences of identity columns among the sequences. An include pattern that
// matches nothing is a fault of kind config, code pattern.unmatched.
func Inspect(ctx context.Context, conn *pgx.Conn, sel catalog.Selection) (*catalog.Database, error) {
	db, err := readDatabase(ctx, conn)
	if err != nil {
		return nil, err
	}
	tables, err := Tables(ctx, conn)
	if err != nil {
		return nil, err
	}
	others, err := everyOther(ctx, conn)
	if err != nil {
		return nil, err
	}
	if db.There, err = there(ctx, conn, db.Schemas, others); err != nil {
		return nil, err
	}
	others = slices.DeleteFunc(others, func(o Other) bool { return o.Member })
	sequences, err := readSequences(ctx, conn)
	if err != nil {
		return nil, err
	}
	out, err := leftOut(ctx, conn, sel, tables)
	if err != nil {
		return nil, err
	}
	names := slices.Clone(db.Schemas)
	var all []catalog.Name
	for _, t := range tables {
		all = append(all, t.Name)
		if out[t.Name] {
			db.LeftOut = append(db.LeftOut, t.Name)
		} else {
			db.Tables = append(db.Tables, t.Table)
		}
	}
	for _, o := range others {
		if o.Schema != "" {
			all = append(all, catalog.Name{Schema: o.Schema, Object: o.Bare})
		}
		switch {
		case o.Kind == "VIEW" && out[o.Name()]:
			db.LeftOut = append(db.LeftOut, o.Name())
		case o.chosen(sel):
			db.Others = append(db.Others, catalog.Object{Kind: o.Kind, Name: o.Name()})
		}
	}
	for _, q := range sequences {
		all = append(all, q.Name)
		if q.chosen(sel, out) {
			db.Sequences = append(db.Sequences, q.Name)
		}
	}
	if WholeDatabase(sel) {
		if db.Blobs, err = List(ctx, conn, pgx.RowTo[uint32], `SELECT oid FROM pg_catalog.pg_largeobject_metadata ORDER BY oid`); err != nil {
			return nil, err
		}
	} else if err := omitBlobs(ctx, conn, db); err != nil {
		return nil, err
	}
	if err := reserved(ctx, conn, sel, db); err != nil {
		return nil, err
	}
	used := map[string]bool{}
	for _, t := range db.Tables {
		used[t.Name.Schema] = true
	}
	db.Schemas = slices.DeleteFunc(db.Schemas, func(n string) bool { return !used[n] && !sel.Whole(n) })
	return db, unmatched(sel, names, all)
}

// there lists everything that has a name, selected or not, also what extensions
// brought: nothing of it can be made a second time.
func there(ctx context.Context, conn *pgx.Conn, schemas []string, others []Other) ([]catalog.Object, error) {
	all, err := List(ctx, conn, func(row pgx.CollectableRow) (catalog.Object, error) {
		var o catalog.Object
		err := row.Scan(&o.Kind, &o.Name.Schema, &o.Name.Object)
		return o, err
	}, `
		SELECT CASE c.relkind WHEN 'm' THEN 'MATERIALIZED VIEW' WHEN 'f' THEN 'FOREIGN TABLE' WHEN 'S' THEN 'SEQUENCE'
			WHEN 'i' THEN 'INDEX' WHEN 'I' THEN 'INDEX' ELSE 'TABLE' END, n.nspname::text, c.relname::text
		FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
		WHERE c.relkind IN ('r', 'p', 'f', 'm', 'S', 'i', 'I') AND c.relpersistence <> 't' AND NOT `+Foreigners+` ORDER BY 1, 2, 3`)
	for _, n := range schemas {
		all = append(all, catalog.Object{Kind: "SCHEMA", Name: catalog.Name{Object: n}})
	}
	for _, o := range others {
		all = append(all, catalog.Object{Kind: o.Kind, Name: o.Name()})
	}
	return all, err
}

// WholeDatabase reports whether what belongs to no schema (large objects,
// publications, event triggers) is selected: unless include picks some schemas.
func WholeDatabase(sel catalog.Selection) bool {
	return len(sel.Include) == 0 || slices.ContainsFunc(sel.Include, func(p catalog.Pattern) bool {
		return p.String() == "*" || p.String() == "*.*"
	})
}

func readDatabase(ctx context.Context, conn *pgx.Conn) (*catalog.Database, error) {
	db, err := One(ctx, conn, func(row pgx.CollectableRow) (*catalog.Database, error) {
		db := &catalog.Database{System: "postgres"}
		err := row.Scan(&db.Version, &db.Number, &db.Name, &db.User, &db.Super, &db.ID, &db.Bytes)
		return db, err
	}, `SELECT pg_catalog.split_part(pg_catalog.current_setting('server_version'), ' ', 1),
		pg_catalog.current_setting('server_version_num')::int, d.datname, current_user::text,
		(SELECT rolsuper FROM pg_catalog.pg_roles WHERE rolname = current_user),
		(SELECT system_identifier FROM pg_catalog.pg_control_system()) || '/' || d.oid,
		pg_catalog.pg_database_size(d.oid)
		FROM pg_catalog.pg_database d WHERE d.datname = pg_catalog.current_database()`)
	if err != nil {
		return nil, err
	}
	if db.Schemas, err = List(ctx, conn, pgx.RowTo[string],
		`SELECT n.nspname::text FROM pg_catalog.pg_namespace n WHERE NOT `+Foreigners+`
		AND `+NotOfExtension("pg_namespace", "n.oid")+` ORDER BY 1`); err != nil {
		return nil, err
	}
	provider := "'c'"
	if db.Number >= 150000 {
		provider = "datlocprovider::text"
	}
	db.Settings, err = List(ctx, conn, pgx.RowToStructByPos[catalog.Property], `
		SELECT name, setting FROM pg_catalog.pg_settings WHERE name IN ('server_encoding', 'max_connections',
			'max_locks_per_transaction', 'max_prepared_transactions', 'default_table_access_method', 'wal_level', 'block_size')
		UNION ALL
		SELECT s.name, s.value FROM pg_catalog.pg_database, LATERAL (VALUES ('lc_collate', datcollate::text),
			('lc_ctype', datctype::text), ('locale_provider', `+provider+`)) s(name, value)
		WHERE datname = pg_catalog.current_database()
		ORDER BY 1`)
	return db, err
}

// unmatched refuses include patterns that match nothing and names what is
// spelt nearly so.
func unmatched(sel catalog.Selection, schemas []string, names []catalog.Name) error {
	unused := sel.Unused(names)
	unused = slices.DeleteFunc(unused, func(p catalog.Pattern) bool {
		return slices.ContainsFunc(schemas, p.WholeSchema) // an empty schema
	})
	if len(unused) == 0 {
		return nil
	}
	var texts []string
	for _, p := range unused {
		texts = append(texts, fmt.Sprintf("%q", p.String()))
	}
	e := fault.New(fault.Config, "pattern.unmatched", "include pattern %s matches nothing", strings.Join(texts, ", "))
	var spelt []string
	for _, n := range names {
		spelt = append(spelt, n.String())
		if all := n.Schema + ".*"; !slices.Contains(spelt, all) {
			spelt = append(spelt, all)
		}
	}
	for _, p := range unused {
		word := p.String()
		if !strings.Contains(word, ".") {
			word += ".*" // which is what it means
		}
		if near := nearest.Names(word, spelt, 3); len(near) > 0 {
			e = e.Hint("near %q there is %s", p.String(), strings.Join(near, ", "))
		}
	}
	return e
}

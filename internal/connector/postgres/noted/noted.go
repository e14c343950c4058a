package noted

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"godwit/internal/catalog"
	"godwit/internal/connector/postgres/sqlstate"
	"godwit/internal/connector/postgres/survey"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// Table is what tells one table's rows from others of its name.
type Table struct {
	OID        uint32
	Node       uint32 // of its file; 0 where rows are in partitions
	Attributes int16  // places of columns ever given: never one again
}

// Notes are what was noted at one time.
type Notes struct {
	tables map[catalog.Name]Table
	words  map[string]string // of types, by what they have for good: see words
}

// Read notes all tables and words of types. Before a snapshot is taken, a node that is noted is
// never newer than what the snapshot sees: at worst a table that is emptied at
// that very moment is called changed.
func Read(ctx context.Context, conn *pgx.Conn) (Notes, error) {
	type row struct {
		Schema, Table string
		OID, Node     uint32
		Attributes    int16
	}
	all, err := survey.List(ctx, conn, pgx.RowToStructByPos[row], `
		SELECT n.nspname::text, c.relname::text, c.oid, coalesce(pg_relation_filenode(c.oid), 0), c.relnatts
		FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
		WHERE c.relkind IN ('r', 'm', 'p') AND c.relpersistence <> 't' AND c.oid >= 16384
		AND (c.relkind = 'p' OR pg_relation_filenode(c.oid) IS NOT NULL)`)
	if err != nil {
		return Notes{}, err
	}
	notes := Notes{make(map[catalog.Name]Table, len(all)), map[string]string{}}
	for _, r := range all {
		notes.tables[catalog.Name{Schema: r.Schema, Object: r.Table}] = Table{r.OID, r.Node, r.Attributes}
	}
	said, err := survey.List(ctx, conn, pgx.RowTo[string], fmt.Sprintf(wordsSQL, "", ""))
	for _, w := range said {
		key, word := cut(w)
		notes.words[key] = word
	}
	return notes, err
}

// Words of types: the labels of enums by their OID, the attributes of rows by
// their place. Values hold these, and are read in the words of now.
const wordsSQL = `
	SELECT e.oid || ' ' || e.enumlabel FROM pg_enum e %s
	UNION ALL
	SELECT p.attrelid || '.' || p.attnum || ' ' || p.attname
	FROM pg_attribute p JOIN pg_class pc ON pc.oid = p.attrelid %s
	WHERE pc.relkind = 'c' AND pc.oid >= 16384 AND p.attnum > 0 AND NOT p.attisdropped`

func cut(word string) (key, text string) {
	key, text, _ = strings.Cut(word, " ")
	return key, text
}

// Of is what was noted of a table; its OID is 0 when there was none.
func (n Notes) Of(table catalog.Name) Table { return n.tables[table] }

// fileNode is what a chunk's table must still have: that of the snapshot, which
// may be a later one than the chunk was planned at. 0 is not compared.
func (n Notes) fileNode(c catalog.Chunk) uint32 {
	if t := n.tables[c.Table]; t.Node != 0 && c.FileNode != 0 {
		return t.Node
	}
	return c.FileNode
}

// Column is one column, with its table as it is; a table without columns has
// one without a name.
type Column struct {
	Schema string
	Of     string
	Table
	Name      *string
	Type      *string
	Generated bool
	Place     *int16
	Words     []string // of its type and of those that this one is made of
}

// usedSQL are the types that a column's is made of; none is one of the server's
// own, which have no such words.
const usedSQL = `
	WITH RECURSIVE used (oid) AS (
		SELECT a.atttypid
		UNION
		SELECT part.oid FROM used JOIN pg_type t ON t.oid = used.oid CROSS JOIN LATERAL (
			SELECT t.typelem
			UNION ALL SELECT t.typbasetype
			UNION ALL SELECT r.rngsubtype FROM pg_range r
				WHERE t.typtype IN ('r', 'm') AND t.oid IN (r.rngtypid, (to_jsonb(r) ->> 'rngmultitypid')::oid)
			UNION ALL SELECT p.atttypid FROM pg_attribute p WHERE p.attrelid = t.typrelid AND p.attnum > 0 AND NOT p.attisdropped
		) part (oid) WHERE part.oid >= 16384)`

var columnsSQL = `
	SELECT n.nspname::text, c.relname::text, c.oid, coalesce(pg_relation_filenode(c.oid), 0), c.relnatts,
	       a.attname::text, format_type(a.atttypid, a.atttypmod), coalesce(a.attgenerated <> '', false), a.attnum,
	       CASE WHEN a.atttypid >= 16384 THEN ARRAY(` + usedSQL + fmt.Sprintf(wordsSQL,
	"JOIN used ON used.oid = e.enumtypid", "JOIN used ON used.oid = pc.reltype") + `) END
	FROM unnest($1::text[], $2::text[]) AS wanted (schema, name)
	JOIN pg_namespace n ON n.nspname = wanted.schema
	JOIN pg_class c ON c.relnamespace = n.oid AND c.relname = wanted.name
	LEFT JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
	ORDER BY c.oid, a.attnum`

// Columns reads those of the chunks' tables, as the connection sees them.
func Columns(ctx context.Context, conn *pgx.Conn, chunks []catalog.Chunk) (map[catalog.Name][]Column, error) {
	var schemas, names []string
	for _, c := range chunks {
		schemas, names = append(schemas, c.Table.Schema), append(names, c.Table.Object)
	}
	all, err := survey.List(ctx, conn, pgx.RowToStructByPos[Column], columnsSQL, schemas, names)
	if err != nil {
		return nil, err
	}
	by := map[catalog.Name][]Column{}
	for _, c := range all {
		table := catalog.Name{Schema: c.Schema, Object: c.Of}
		by[table] = append(by[table], c)
	}
	return by, nil
}

// Plain are columns in the catalogue's words.
func Plain(list []Column) []catalog.Column {
	var all []catalog.Column
	for _, c := range list {
		if c.Name != nil && c.Type != nil {
			all = append(all, catalog.Column{Name: *c.Name, Type: *c.Type, Generated: c.Generated})
		}
	}
	return all
}

// Named is a condition that is true as long as a name stands for the table with
// this OID, and nothing for OID 0. It costs nothing: both are known when the
// statement is planned, which fails otherwise (Moved). Renaming a schema waits
// for no lock on what is in it.
func Named(table catalog.Name, oid uint32) string {
	if oid == 0 {
		return ""
	}
	return fmt.Sprintf("CASE WHEN %s::regclass::oid = %d THEN true ELSE '%s'::text::int4 = 0 END",
		survey.Literal(table.SQL()), oid, otherTable)
}

const otherTable = "godwit: another table has this name"

// Moved tells the failure of Named.
func Moved(err error) bool {
	var e *pgconn.PgError
	return errors.As(err, &e) && e.Code == "22P02" && strings.Contains(e.Message, otherTable)
}

// Still is the fault of a held table whose name has gone since, or is another
// one's; any other error stays.
func Still(err error, c catalog.Chunk) error {
	switch state := sqlstate.Of(err); {
	case Moved(err):
		return Other(c)
	case state == "42P01" || state == "3F000": // no such table, no such schema
		return Gone(c)
	}
	return err
}

package staging

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"godwit/internal/catalog"
	"godwit/internal/connector"
	"godwit/internal/connector/postgres/sqlstate"
	"godwit/internal/connector/postgres/survey"
	"godwit/internal/fault"

	"github.com/jackc/pgx/v5"
)

// Hold is the connector.Stage's.
func (s *Stage) Hold(ctx context.Context, into []connector.Into) error {
	list := distinct(into)
	if _, err := s.learn(ctx, list); err != nil { // a key that tells nothing apart is refused before records are read
		return err
	}
	real, err := s.make(ctx, list)
	if err != nil {
		return err
	}
	live, staged := make([]string, len(list)), make([]string, len(list))
	for i, t := range list {
		if real[i].Foreign {
			return fault.New(fault.Config, "statement.unsupported", "%s is a foreign table: its rows cannot be replaced at once", t.Table)
		}
		live[i], staged[i] = real[i].SQL(), beside(s.of, t.Table).SQL()
	}
	if err := s.run(ctx, "SET LOCAL search_path TO ''"); err != nil { // definitions are written with schemas then
		return err
	}
	numbers, plain, err := s.numbered(ctx, list, live, staged)
	if err != nil {
		return err
	}
	statements, err := survey.List(ctx, s.conn, pgx.RowTo[string], likeSQL, live, staged, numbers)
	if err != nil {
		return err
	}
	loose, err := s.loose(ctx, list, live, staged)
	if err != nil {
		return err
	}
	foreign, err := s.foreign(ctx, live, staged)
	if err != nil {
		return err
	}
	return s.run(ctx, strings.Join(slices.Concat(statements, plain, loose, foreign), ";\n"))
}

// likeSQL makes tables that refuse what their targets refuse. They have no
// other indexes than those that refuse, no identity of their own, and foreign
// keys to each other instead of to their targets. Constraints have their names
// and come in their order: which of two that are broken is told depends on it.
// Keys with a number that the server gives are left to it.
const likeSQL = `
	WITH t AS (SELECT pg_catalog.to_regclass(live) AS live, live AS name, staged, numbers::int2[] AS numbers, n
		FROM unnest($1::text[], $2::text[], $3::text[]) WITH ORDINALITY AS t (live, staged, numbers, n))
	SELECT sql FROM (
		SELECT 1 AS o, n, 0::oid AS at, format('CREATE TABLE %s (LIKE %s INCLUDING ALL EXCLUDING INDEXES EXCLUDING IDENTITY EXCLUDING STATISTICS EXCLUDING COMMENTS)', staged, name) AS sql FROM t
		UNION ALL
		SELECT 3, n, c.conindid, format('ALTER TABLE %s ADD CONSTRAINT %I %s', staged, c.conname, pg_catalog.pg_get_constraintdef(c.oid))
		FROM t JOIN pg_catalog.pg_constraint c ON c.conrelid = t.live AND c.contype IN ('p', 'u', 'x') AND NOT c.conkey && t.numbers
		UNION ALL
		SELECT 3, n, i.indexrelid, format('CREATE UNIQUE INDEX %I ON %s%s', x.relname, staged, substr(d.def, strpos(d.def, ' USING ')))
		FROM t JOIN pg_catalog.pg_index i ON i.indrelid = t.live AND i.indisunique AND i.indisvalid AND NOT i.indkey::int2[] && t.numbers
		JOIN pg_catalog.pg_class x ON x.oid = i.indexrelid CROSS JOIN LATERAL pg_catalog.pg_get_indexdef(i.indexrelid) AS d (def)
		WHERE NOT EXISTS (SELECT FROM pg_catalog.pg_constraint c WHERE c.conindid = i.indexrelid AND c.conrelid = t.live AND c.contype IN ('p', 'u', 'x'))
		UNION ALL
		SELECT 4, t.n, c.oid, format('ALTER TABLE %s ADD CONSTRAINT %I %s', t.staged, c.conname,
			replace(pg_catalog.pg_get_constraintdef(c.oid), 'REFERENCES ' || f.live::text || '(', 'REFERENCES ' || f.staged || '('))
		FROM t JOIN pg_catalog.pg_constraint c ON c.conrelid = t.live AND c.contype = 'f' JOIN t f ON f.live = c.confrelid
		WHERE NOT c.confkey && f.numbers
	) s ORDER BY o, n, at`

// real is a target as the server knows it.
type real struct {
	catalog.Name
	Foreign bool
}

// make makes the schemas for tables, once what dead runs left of them is gone.
func (s *Stage) make(ctx context.Context, list []connector.Into) ([]real, error) {
	type row struct {
		Schema, Object string
		Foreign        bool
	}
	rows, err := survey.List(ctx, s.conn, pgx.RowToStructByPos[row], `
		SELECT n.nspname::text, c.relname::text, c.relkind = 'f'
		FROM unnest($1::text[]) WITH ORDINALITY AS w (name, n) JOIN pg_catalog.pg_class c ON c.oid = pg_catalog.to_regclass(w.name)
		JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace ORDER BY w.n`, names(list))
	if err == nil && len(rows) != len(list) {
		err = fault.New(fault.Config, "table.unknown", "a table of %s is not there any more", list[0].Table)
	}
	if err != nil {
		return nil, err
	}
	all := make([]real, len(list))
	by := map[string]*owned{}
	var order []string
	for i, r := range rows {
		all[i] = real{catalog.Name{Schema: r.Schema, Object: r.Object}, r.Foreign}
		name := Schema(s.of, list[i].Table.Schema)
		if by[name] == nil {
			by[name], order = &owned{Run: s.of.Run, Step: s.of.Step}, append(order, name)
		}
		by[name].Tables = append(by[name].Tables, all[i].String())
	}
	others, err := schemas(ctx, s.conn)
	if err != nil {
		return nil, err
	}
	err = s.sweep(ctx, others, func(f found) bool {
		return slices.ContainsFunc(all, func(r real) bool { return slices.Contains(f.Tables, r.String()) })
	})
	if err != nil {
		return nil, err
	}
	for _, name := range order {
		comment, err := json.Marshal(by[name])
		if err != nil {
			return nil, fault.New(fault.Internal, "internal", "write a comment: %w", err)
		}
		_, err = s.exec(ctx, "CREATE SCHEMA "+catalog.Quote(name)+"; COMMENT ON SCHEMA "+catalog.Quote(name)+" IS "+survey.Literal(string(comment)))
		if sqlstate.Of(err) == "42501" {
			f := fault.Of(sqlstate.Translate(err))
			return nil, (&fault.Error{Fault: f}).Hint("the role needs CREATE on the database, as for the marks")
		}
		if err != nil {
			return nil, sqlstate.Translate(err)
		}
	}
	return all, nil
}

// numbered finds the columns of tables that the server numbers. Where nothing is
// written into one its number would be given in vain: there it is null, and
// stands in numbers (attnum, as an array of the server's). Else the number of a
// row that has none comes from the target's sequence, where this role may.
func (s *Stage) numbered(ctx context.Context, list []connector.Into, live, staged []string) (numbers, statements []string, err error) {
	type column struct {
		N        int
		Number   int16
		Name     string
		Sequence *string // of an identity
	}
	all, err := survey.List(ctx, s.conn, pgx.RowToStructByPos[column], `
		SELECT w.n::int4, a.attnum, a.attname::text, CASE WHEN a.attidentity <> '' AND pg_catalog.has_sequence_privilege(q.name, 'USAGE') THEN q.name END
		FROM unnest($1::text[]) WITH ORDINALITY AS w (name, n)
		JOIN pg_catalog.pg_attribute a ON a.attrelid = pg_catalog.to_regclass(w.name) AND a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated = ''
		CROSS JOIN LATERAL pg_catalog.pg_get_serial_sequence(w.name, a.attname::text) AS q (name)
		WHERE a.attidentity <> '' OR EXISTS (SELECT FROM pg_catalog.pg_attrdef d JOIN pg_catalog.pg_depend p ON p.classid = 'pg_catalog.pg_attrdef'::regclass AND p.objid = d.oid
			JOIN pg_catalog.pg_class c ON p.refclassid = 'pg_catalog.pg_class'::regclass AND c.oid = p.refobjid AND c.relkind = 'S'
			WHERE d.adrelid = a.attrelid AND d.adnum = a.attnum)
		ORDER BY 1, 2`, live)
	places := make([][]string, len(list))
	for _, c := range all {
		alter := fmt.Sprintf("ALTER TABLE %s ALTER COLUMN %s ", staged[c.N-1], catalog.Quote(c.Name))
		switch {
		case !slices.Contains(list[c.N-1].Columns, c.Name):
			places[c.N-1] = append(places[c.N-1], strconv.Itoa(int(c.Number)))
			statements = append(statements, alter+"DROP DEFAULT", alter+"DROP NOT NULL")
		case c.Sequence != nil:
			statements = append(statements, alter+"SET DEFAULT nextval("+survey.Literal(*c.Sequence)+")")
		}
	}
	for _, p := range places {
		numbers = append(numbers, "{"+strings.Join(p, ",")+"}")
	}
	return numbers, statements, err
}

// loose lets columns be null that nothing is written into, where a trigger of
// the target may fill them: there are no triggers here.
func (s *Stage) loose(ctx context.Context, list []connector.Into, live, staged []string) ([]string, error) {
	type column struct {
		N    int
		Name string
	}
	all, err := survey.List(ctx, s.conn, pgx.RowToStructByPos[column], `
		SELECT w.n::int4, a.attname::text FROM unnest($1::text[]) WITH ORDINALITY AS w (name, n)
		JOIN pg_catalog.pg_attribute a ON a.attrelid = pg_catalog.to_regclass(w.name) AND a.attnum > 0 AND NOT a.attisdropped AND a.attnotnull
		WHERE EXISTS (SELECT FROM pg_catalog.pg_trigger t WHERE t.tgrelid = a.attrelid AND NOT t.tgisinternal AND t.tgenabled <> 'D' AND t.tgtype & 7 = 7)
			AND NOT EXISTS (SELECT FROM pg_catalog.pg_constraint c WHERE c.conrelid = a.attrelid AND c.contype = 'p' AND a.attnum = ANY (c.conkey))
		ORDER BY 1, a.attnum`, live)
	var statements []string
	for _, c := range all {
		if !slices.Contains(list[c.N-1].Columns, c.Name) {
			statements = append(statements, fmt.Sprintf("ALTER TABLE %s ALTER COLUMN %s DROP NOT NULL", staged[c.N-1], catalog.Quote(c.Name)))
		}
	}
	return statements, err
}

// outward is a foreign key to a table that is not replaced.
type outward struct {
	N             int
	Name          string
	Schema, Table string   // that has it
	Of, OfName    string   // that it refers to, as it is written and by its bare name
	Columns       []string // of the table
	Equal         []string // conditions: f is the one referred to, n the new row
	Full          bool     // MATCH FULL
}

// foreign checks such keys by triggers: a true key would lock the table that it
// refers to, and keep others from deleting there. A table that this role may
// not read is not asked; what refers to nothing there is found when rows are
// published.
func (s *Stage) foreign(ctx context.Context, live, staged []string) ([]string, error) {
	all, err := survey.List(ctx, s.conn, pgx.RowToStructByPos[outward], `
		WITH t AS (SELECT pg_catalog.to_regclass(name) AS t, n::int4 FROM unnest($1::text[]) WITH ORDINALITY AS w (name, n))
		SELECT t.n, c.conname::text, tn.nspname::text, tc.relname::text, c.confrelid::regclass::text, f.relname::text,
			ARRAY(SELECT a.attname::text FROM unnest(c.conkey) WITH ORDINALITY k (num, i) JOIN pg_catalog.pg_attribute a
				ON a.attrelid = c.conrelid AND a.attnum = k.num ORDER BY k.i),
			ARRAY(SELECT format('f.%I OPERATOR(%I.%s) n.%I', b.attname, o.oprnamespace::regnamespace::text, o.oprname, a.attname)
				FROM unnest(c.conkey, c.confkey, c.conpfeqop) WITH ORDINALITY k (num, other, op, i)
				JOIN pg_catalog.pg_attribute a ON a.attrelid = c.conrelid AND a.attnum = k.num
				JOIN pg_catalog.pg_attribute b ON b.attrelid = c.confrelid AND b.attnum = k.other
				JOIN pg_catalog.pg_operator o ON o.oid = k.op ORDER BY k.i),
			c.confmatchtype = 'f'
		FROM t JOIN pg_catalog.pg_constraint c ON c.conrelid = t.t AND c.contype = 'f'
		JOIN pg_catalog.pg_class tc ON tc.oid = c.conrelid JOIN pg_catalog.pg_namespace tn ON tn.oid = tc.relnamespace
		JOIN pg_catalog.pg_class f ON f.oid = c.confrelid
		WHERE c.confrelid NOT IN (SELECT t.t FROM t) AND pg_catalog.pg_get_constraintdef(c.oid) NOT LIKE '%NOT ENFORCED'
			AND NOT EXISTS (SELECT FROM pg_catalog.pg_constraint p WHERE p.oid = c.conparentid AND p.conrelid = c.conrelid)
			AND pg_catalog.has_table_privilege(c.confrelid, 'SELECT') AND NOT pg_catalog.row_security_active(c.confrelid)
			AND EXISTS (SELECT FROM pg_catalog.pg_language WHERE lanname = 'plpgsql' AND pg_catalog.has_language_privilege(oid, 'USAGE'))
		ORDER BY 1, 2`, live)
	if err != nil {
		return nil, err
	}
	var statements []string
	for i, k := range all {
		schema, _, _ := strings.Cut(staged[k.N-1], ".")
		statements = append(statements, k.check(fmt.Sprintf("%s.godwit_key_%d", schema, i+1), staged[k.N-1])...)
	}
	return statements, nil
}

// check is a trigger that says what the server says of a foreign key.
func (k outward) check(function, staged string) []string {
	set := make([]string, len(k.Columns))
	for i, c := range k.Columns {
		set[i] = "n." + catalog.Quote(c) + " IS NOT NULL"
	}
	filled := strings.Join(set, " AND ")
	if k.Full {
		filled = "(" + strings.Join(set, " OR ") + ")"
	}
	body := fmt.Sprintf(`
DECLARE godwit_key text;
BEGIN
	SELECT pg_catalog.concat_ws(', ', %s) INTO godwit_key FROM godwit_fresh n WHERE %s AND NOT EXISTS (SELECT FROM %s f WHERE %s) LIMIT 1;
	IF FOUND THEN
		RAISE EXCEPTION USING ERRCODE = '23503', MESSAGE = %s, DETAIL = %s || godwit_key || %s, SCHEMA = %s, TABLE = %s, CONSTRAINT = %s;
	END IF;
	RETURN NULL;
END`,
		idents("n.", k.Columns), filled, k.Of, strings.Join(k.Equal, " AND "),
		survey.Literal(fmt.Sprintf("insert or update on table \"%s\" violates foreign key constraint \"%s\"", k.Table, k.Name)),
		survey.Literal(fmt.Sprintf("Key (%s)=(", strings.Join(k.Columns, ", "))),
		survey.Literal(fmt.Sprintf(") is not present in table \"%s\".", k.OfName)),
		survey.Literal(k.Schema), survey.Literal(k.Table), survey.Literal(k.Name))
	return []string{
		"CREATE FUNCTION " + function + "() RETURNS trigger LANGUAGE plpgsql AS " + survey.Literal(body),
		fmt.Sprintf("CREATE TRIGGER %s AFTER INSERT ON %s REFERENCING NEW TABLE AS godwit_fresh FOR EACH STATEMENT EXECUTE FUNCTION %s()",
			catalog.Quote(k.Name), staged, function),
	}
}

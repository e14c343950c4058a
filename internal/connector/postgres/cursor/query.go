package cursor

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"godwit/internal/catalog"
	"godwit/internal/connector"
	"godwit/internal/connector/postgres/bindings"
	"godwit/internal/connector/postgres/sqlstate"
	"godwit/internal/connector/postgres/survey"
	"godwit/internal/connector/postgres/typed"
	"godwit/internal/fault"
	"godwit/internal/record"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// query is a connector.Query in the server's words.
type query struct {
	conn   *pgx.Conn
	q      connector.Query
	text   bindings.Text // the SQL or the condition
	before string        // what stands before it in a statement, behind SELECT ...
	after  string
	args   [][]byte // of its parameters, nil is NULL
	schema *record.Schema
	types  []typed.Type
	key    []column
	since  *column // of an incremental read that leaves something out
}

// column is one of the key.
type column struct {
	slot int
	ref  string // quoted, for the statement
	t    typed.Type
	null bool // it may be null
	sure bool // two texts that differ are two values
}

// prepare has the server look at a query and learns its fields. Nothing is read.
func prepare(ctx context.Context, conn *pgx.Conn, q connector.Query) (*query, error) {
	p := &query{conn: conn, q: q}
	if err := p.bind(); err != nil {
		return nil, err
	}
	// Without its order first: the key's places are not known yet.
	described, err := p.look(ctx, "SELECT *")
	if err != nil {
		return nil, err
	}
	if err := p.fields(ctx, described); err != nil {
		return nil, err
	}
	if err := p.begin(); err != nil {
		return nil, err
	}
	return p, p.keys(ctx)
}

// begin finds the column of an incremental read.
func (p *query) begin() error {
	s := p.q.Since
	if s == nil {
		return nil
	}
	i := p.schema.Index(s.Column)
	if i < 0 {
		return connector.NoSince(s.Column)
	}
	if s.From != nil && !slices.Contains(p.text.Names, connector.SinceName) {
		p.since = p.column(i)
	}
	return nil
}

func (p *query) column(slot int) *column {
	name := catalog.Quote(p.schema.Fields[slot].Name)
	ref := "q." + name
	if p.q.SQL == "" {
		ref = p.q.Table.SQL() + "." + name
	}
	return &column{slot: slot, ref: ref, t: p.types[slot], null: p.schema.Fields[slot].Null}
}

// bind puts parameters for the names.
func (p *query) bind() (err error) {
	source := p.q.SQL
	switch {
	case source == "":
		p.before, source = " FROM "+p.q.Table.SQL(), p.q.Where
		if source != "" {
			p.before, p.after = p.before+" WHERE (\n", "\n)"
		}
	default:
		p.before, p.after = " FROM (\n", "\n) AS q"
	}
	args, err := connector.Bound(p.q)
	if err != nil {
		return err
	}
	p.text, err = bindings.Parse(source, func(name string) bool {
		_, ok := args[name]
		return ok
	})
	if err != nil {
		return err
	}
	p.args, err = p.text.Args(args)
	return err
}

// look has a statement over the query parsed.
func (p *query) look(ctx context.Context, sel string) (*pgconn.StatementDescription, error) {
	sql := sel + p.before + p.text.SQL + p.after
	d, err := p.conn.PgConn().Prepare(ctx, "", sql, nil)
	if err != nil {
		return nil, p.refused(err, len(sel)+len(p.before), sql)
	}
	return d, nil
}

// refused is the server's refusal of the query itself, with its place in what
// was written when sql is given; other errors stay what they are.
func (p *query) refused(err error, begin int, sql string) error {
	translated := sqlstate.Translate(err)
	f := fault.Of(translated)
	var answer *pgconn.PgError
	if !errors.As(err, &answer) || f.Kind != fault.Config && f.Kind != fault.Data {
		return translated
	}
	e := fault.New(fault.Config, "query.invalid", "%s", f.Text)
	if at := byteOf(sql, int(answer.Position)) - begin; sql != "" && answer.Position > 0 && at >= 0 && at <= len(p.text.SQL) {
		line, column := p.text.Place(at)
		e.With("at", "line %d, column %d", line, column)
	}
	e.Lines, e.Next = append(e.Lines, f.Lines...), f.Next
	return e
}

// byteOf is the place of the nth character, from 1.
func byteOf(s string, n int) int {
	for i := range s {
		if n--; n == 0 {
			return i
		}
	}
	return len(s)
}

// fields makes the schema of what the server described.
func (p *query) fields(ctx context.Context, d *pgconn.StatementDescription) (err error) {
	refs := make([]typed.Ref, len(d.Fields))
	seen := map[string]bool{}
	for i, f := range d.Fields {
		if seen[f.Name] {
			return fault.New(fault.Config, "query.invalid", "two columns of the query have the name %q", f.Name).
				Hint("name one of them otherwise: AS other_name")
		}
		seen[f.Name] = true
		refs[i] = typed.Ref{OID: f.DataTypeOID, Modifier: f.TypeModifier}
	}
	if p.types, err = typed.Load(ctx, p.conn, refs); err != nil {
		return err
	}
	filled, err := p.filled(ctx)
	if err != nil {
		return err
	}
	p.schema = &record.Schema{Fields: make([]record.Field, len(d.Fields))}
	for i, f := range d.Fields {
		p.schema.Fields[i] = record.Field{Name: f.Name, Type: p.types[i].Type, Null: !filled[f.Name]}
	}
	return nil
}

// filled are the columns of a table that are never null. Of a statement none
// is known to be: an outer join makes nulls.
func (p *query) filled(ctx context.Context) (map[string]bool, error) {
	if p.q.SQL != "" {
		return nil, nil
	}
	names, err := survey.List(ctx, p.conn, pgx.RowTo[string], `SELECT attname::text FROM pg_catalog.pg_attribute
		WHERE attrelid = $1::text::pg_catalog.regclass AND attnum > 0 AND attnotnull`, p.q.Table.SQL())
	filled := map[string]bool{}
	for _, n := range names {
		filled[n] = true
	}
	return filled, err
}

// keys finds the key's columns. A second look has the server say whether they
// have an order.
func (p *query) keys(ctx context.Context) error {
	if len(p.q.Key) == 0 {
		return nil
	}
	strict, err := survey.List(ctx, p.conn, pgx.RowTo[bool],
		"SELECT NOT EXISTS (SELECT FROM pg_catalog.pg_collation WHERE NOT collisdeterministic)")
	if err != nil {
		return err
	}
	for _, name := range p.q.Key {
		i := p.schema.Index(name)
		if i < 0 {
			return fault.New(fault.Config, "query.invalid", "the key's column %q is none of the query", name)
		}
		k := p.column(i)
		k.sure = sure(k.t, strict[0])
		p.key = append(p.key, *k)
	}
	p.after += p.order()
	_, err = p.look(ctx, "SELECT *")
	p.after = strings.TrimSuffix(p.after, p.order())
	return err
}

// sure tells types of which two values with different texts are never equal.
func sure(t typed.Type, strict bool) bool {
	switch {
	case t.Kind == catalog.KindFloat:
		return false // -0 and 0
	case t.Kind == catalog.KindDecimal:
		return t.Precision > 0 // all have the same scale
	case t.Padded():
		return strict && t.Length > 0
	case t.Collated():
		return strict
	}
	return t.Plain
}

func (p *query) order() string {
	if len(p.key) == 0 {
		return ""
	}
	refs := make([]string, len(p.key))
	for i, k := range p.key {
		refs[i] = k.ref
	}
	return " ORDER BY " + strings.Join(refs, ", ")
}

// from is the least value of an incremental read, as a parameter.
func (p *query) from() ([]byte, error) {
	v, err := record.DecodeValue(p.q.Since.From)
	var text []byte
	if err == nil {
		text, err = p.since.t.Append([]byte{}, v)
	}
	if err != nil {
		return nil, fault.New(fault.Internal, "query.position", "since: %w", err)
	}
	return text, nil
}

// ordered is the whole statement, its parameters in args. Where texts do not
// tell whether two keys are equal, a last column says it: this one is the same
// as the one before.
func (p *query) ordered() (sql string, args [][]byte, same bool, err error) {
	args = p.args
	var conditions []string
	for _, bound := range []struct {
		at   []byte
		cond func([]column, []string) string
	}{{p.q.After, behind}, {p.q.Until, upTo}} {
		if bound.at == nil {
			continue
		}
		values, err := position(bound.at, len(p.key))
		if err != nil {
			return "", nil, false, err
		}
		casts := make([]string, len(values))
		for i, v := range values {
			args = append(args, []byte(v))
			casts[i] = fmt.Sprintf("$%d::%s", len(args), p.key[i].t.Cast)
		}
		conditions = append(conditions, bound.cond(p.key, casts))
	}
	if p.since != nil {
		from, err := p.from()
		if err != nil {
			return "", nil, false, err
		}
		args = append(args, from)
		sooner := fmt.Sprintf("%s >= $%d::%s", p.since.ref, len(args), p.since.t.Cast)
		if p.since.null {
			sooner = "(" + sooner + " OR " + p.since.ref + " IS NULL)"
		}
		conditions = append(conditions, sooner)
	}
	where := ""
	if conditions != nil {
		where = " WHERE "
		if p.q.SQL == "" && p.q.Where != "" {
			where = " AND "
		}
		where += strings.Join(conditions, " AND ")
	}
	sel, window := "SELECT *", ""
	for _, k := range p.key {
		same = same || !k.sure
	}
	if same {
		var equal []string
		for _, k := range p.key {
			equal = append(equal, fmt.Sprintf("pg_catalog.lag(%s) OVER godwit IS NOT DISTINCT FROM %s", k.ref, k.ref))
		}
		sel += ", pg_catalog.lag(1) OVER godwit IS NOT NULL AND " + strings.Join(equal, " AND ")
		window = " WINDOW godwit AS (" + strings.TrimPrefix(p.order(), " ") + ")"
	}
	return sel + p.before + p.text.SQL + p.after + where + window + p.order(), args, same, nil
}

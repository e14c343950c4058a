package keyset

import (
	"strings"

	"godwit/internal/connector"
	"godwit/internal/fault"
	"godwit/internal/record"
)

// Query is a connector.Query in a server's words.
type Query struct {
	From   string // "FROM ..." without its condition
	Where  string // in brackets, "" = none
	Args   []any  // of the marks in both, in order
	Schema *record.Schema
	Select string // the columns, in the schema's order
	Key    []Column
	Heavy  bool // it is a statement: asking it again may be dear
	since  *Column
	from   any  // the least value of since, in the driver's form
	own    bool // the text names :since
}

// Column is one of the key.
type Column struct {
	Slot int
	Ref  string                      // in comparisons and in the order
	Mark string                      // for a value of it: ?
	Arg  func(any) (any, error)      // a record's value as the driver takes it
	Back func(any) (any, int, error) // what the driver gives of Ref as a record's value
}

// Keys finds the key's columns in a schema.
func Keys(s *record.Schema, key []string, column func(slot int, name string) Column) ([]Column, error) {
	var list []Column
	for _, name := range key {
		i := s.Index(name)
		if i < 0 {
			return nil, fault.New(fault.Config, "query.invalid", "the key's column %q is none of the query", name)
		}
		list = append(list, column(i, name))
	}
	return list, nil
}

// Text puts the statement or the condition of a query for a server together:
// what it reads from, in what condition, with which values.
func Text(q connector.Query, g Grammar, quote func(string) string, arg func(any) (any, error)) (Query, error) {
	source := q.SQL
	if source == "" {
		source = q.Where
	}
	args, err := connector.Bound(q)
	if err != nil {
		return Query{}, err
	}
	text, names, err := g.BindLists(source, func(name string) int {
		v, ok := args[name]
		switch list, several := v.([]any); {
		case several:
			return len(list)
		case ok:
			return 1
		}
		return 0
	})
	if err != nil {
		return Query{}, err
	}
	out := Query{Heavy: q.SQL != ""}
	for _, name := range names {
		out.own = out.own || q.Since != nil && name == connector.SinceName
		list, several := args[name].([]any)
		if !several {
			list = []any{args[name]}
		}
		for _, v := range list {
			v, err := arg(v)
			if err != nil {
				return Query{}, fault.New(fault.Config, "query.invalid", "the value of :%s cannot be bound: %w", name, err)
			}
			out.Args = append(out.Args, v)
		}
	}
	switch {
	case q.SQL != "":
		out.From = "FROM (" + text + "\n) AS q"
	case q.Where != "":
		out.From, out.Where = "FROM "+Name(q.Table.Schema, q.Table.Object, quote), "("+text+"\n)"
	default:
		out.From = "FROM " + Name(q.Table.Schema, q.Table.Object, quote)
	}
	return out, nil
}

// Begin leaves out what an incremental read has behind it. The schema and the
// columns must be known.
func (q *Query) Begin(of connector.Query, column func(slot int, name string) Column) error {
	if of.Since == nil {
		return nil
	}
	slot := q.Schema.Index(of.Since.Column)
	if slot < 0 {
		return connector.NoSince(of.Since.Column)
	}
	if of.Since.From == nil || q.own {
		return nil
	}
	from, err := record.DecodeValue(of.Since.From)
	if err == nil {
		c := column(slot, of.Since.Column)
		q.since = &c
		q.from, err = c.Arg(from)
	}
	if err != nil {
		return fault.New(fault.Internal, "query.position", "since: %w", err)
	}
	return nil
}

// Ref is a column of the query in a statement.
func Ref(q connector.Query, column string, quote func(string) string) string {
	if q.SQL != "" {
		return "q." + quote(column)
	}
	return Name(q.Table.Schema, q.Table.Object, quote) + "." + quote(column)
}

// Name is a table in a statement.
func Name(schema, object string, quote func(string) string) string {
	if schema == "" {
		return quote(object)
	}
	return quote(schema) + "." + quote(object)
}

// statement is SELECT of something over a range of the key.
func (q *Query) statement(sel string, after, until []any) (string, []any) {
	w := where{args: append([]any(nil), q.Args...)}
	var conditions []string
	if q.Where != "" {
		conditions = append(conditions, q.Where)
	}
	if q.since != nil {
		sooner := w.compare(*q.since, ">=", q.from)
		if q.Schema.Fields[q.since.Slot].Null {
			sooner = "(" + sooner + " OR " + q.since.Ref + " IS NULL)"
		}
		conditions = append(conditions, sooner)
	}
	if after != nil {
		conditions = append(conditions, w.behind(q.Key[:len(after)], after))
	}
	if until != nil {
		conditions = append(conditions, w.upTo(q.Key[:len(until)], until))
	}
	sql := "SELECT " + sel + " " + q.From
	if len(conditions) > 0 {
		sql += " WHERE " + strings.Join(conditions, " AND ")
	}
	return sql, w.args
}

func (q *Query) refs() string {
	refs := make([]string, len(q.Key))
	for i, k := range q.Key {
		refs[i] = k.Ref
	}
	return strings.Join(refs, ", ")
}

func (q *Query) order() string {
	if len(q.Key) == 0 {
		return ""
	}
	return " ORDER BY " + q.refs()
}

// where builds conditions. Values are in the driver's form; nil is null, which
// comes before everything else.
type where struct{ args []any }

func (w *where) compare(k Column, sign string, v any) string {
	w.args = append(w.args, v)
	return k.Ref + " " + sign + " " + k.Mark
}

// behind is what comes after a key. Its first part is for the index.
func (w *where) behind(key []Column, at []any) string {
	k, v := key[0], at[0]
	switch {
	case len(key) == 1 && v == nil:
		return k.Ref + " IS NOT NULL"
	case len(key) == 1:
		return w.compare(k, ">", v)
	case v == nil:
		return "(" + k.Ref + " IS NOT NULL OR " + k.Ref + " IS NULL AND " + w.behind(key[1:], at[1:]) + ")"
	}
	return "(" + w.compare(k, ">=", v) + " AND (" + w.compare(k, ">", v) + " OR " + w.behind(key[1:], at[1:]) + "))"
}

// upTo is a key and what comes before it.
func (w *where) upTo(key []Column, at []any) string {
	k, v := key[0], at[0]
	switch {
	case len(key) == 1 && v == nil:
		return k.Ref + " IS NULL"
	case len(key) == 1:
		return "(" + w.compare(k, "<=", v) + " OR " + k.Ref + " IS NULL)"
	case v == nil:
		return "(" + k.Ref + " IS NULL AND " + w.upTo(key[1:], at[1:]) + ")"
	}
	return "(" + w.compare(k, "<", v) + " OR " + k.Ref + " IS NULL OR " + w.compare(k, "=", v) + " AND " + w.upTo(key[1:], at[1:]) + ")"
}

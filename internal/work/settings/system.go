package settings

import (
	"context"
	"fmt"
	"strings"

	"godwit/internal/catalog"
	"godwit/internal/connector"
	"godwit/internal/expression"
	"godwit/internal/expression/path"
	"godwit/internal/fault"
	"godwit/internal/record"
	"godwit/internal/record/leaf"
	"godwit/internal/unit"
	"godwit/internal/unit/request"
)

// element is an object that holds a setting: one of a list, or all that was read.
type element struct {
	key   string // "" without a list
	value record.Object
}

// system is where settings are.
type system struct {
	name  string // of the connection
	place string // identity
	call  connector.Lister
	sql   connector.StatementTarget
}

// most is what is read at once: it is kept in the ledger.
var most = connector.Most{Rows: 1000, Bytes: 1 << 20}

func (x *executor) system(ctx context.Context, name string, r *recipe) (s system, err error) {
	s.name = name
	look, err := connector.Capable[connector.Inspector](ctx, x.open, name, "be inspected")
	if err != nil {
		return s, err
	}
	db, err := look.Inspect(ctx, catalog.Only())
	if err != nil {
		return s, err
	}
	s.place = db.ID
	if request.Is(r.Change.Read) {
		s.call, err = connector.Capable[connector.Lister](ctx, x.open, name, "be asked by requests")
	} else {
		s.sql, err = connector.Capable[connector.StatementTarget](ctx, x.open, name, "run statements")
	}
	return s, err
}

// read gives the elements as they are now.
func (s system) read(ctx context.Context, r *recipe) (all []element, err error) {
	c := r.Change
	shape := func(format string, args ...any) error {
		return fault.New(fault.Data, "settings.shape", "read of setting %s at %s: %s", c.Name, s.name, fmt.Sprintf(format, args...))
	}
	var list []any
	switch {
	case s.call != nil && c.Each != "":
		list, err = s.call.List(ctx, s.reading(c), c.Each)
	case s.call != nil:
		var a *connector.Answer
		if a, err = s.call.Call(ctx, s.reading(c)); err == nil {
			list = []any{a.Body}
		}
	default:
		list, err = s.rows(ctx, c)
	}
	if err != nil {
		return nil, fault.Wrap(err, "read setting %s at %s", c.Name, s.name)
	}
	if c.Each == "" && len(list) != 1 {
		return nil, shape("it gave %d rows: a setting is one row", len(list))
	}
	key, err := path.Parse(c.Key)
	if err != nil {
		return nil, fault.New(fault.Config, "settings.invalid", "key of setting %s: %w", c.Name, err)
	}
	seen := map[string]bool{}
	for _, v := range list {
		object, ok := v.(record.Object)
		if !ok {
			return nil, shape("it gave %s, and a setting is an object", record.Show(v, false))
		}
		e := element{value: object}
		if c.Each != "" {
			id, err := key.Get(object)
			if err != nil || id == nil || id == record.Missing {
				return nil, shape("an element has no %s, which tells it from others", c.Key)
			}
			if e.key = record.KeyText(id); seen[e.key] {
				return nil, shape("two elements have the %s %s", c.Key, e.key)
			}
			seen[e.key] = true
		}
		all = append(all, e)
	}
	return all, nil
}

func (s system) reading(c Change) connector.Request {
	method, rest, _ := strings.Cut(c.Read, " ")
	r := connector.Request{Method: method, Path: rest, Body: record.Missing}
	if c.Params.V != nil {
		r.Params, _ = request.ParamsOf(c.Params.V) // checked when the guard was opened
	}
	return r
}

func (s system) rows(ctx context.Context, c Change) ([]any, error) {
	args, err := unit.Frozen(c.Args)
	if err != nil {
		return nil, err
	}
	ran, err := s.sql.RunUnmarked(ctx, connector.Statement{SQL: c.Read, Args: args, Most: most})
	if err != nil {
		return nil, err
	}
	list := make([]any, 0, len(ran.Rows))
	for _, row := range ran.Rows {
		v, err := record.DecodeJSON(row)
		if err != nil {
			return nil, err
		}
		list = append(list, v)
	}
	return list, nil
}

// write gives some values of an element others. A system that replaces the
// object is sent all of it, with what has not changed as it was read.
func (s system) write(ctx context.Context, r *recipe, e element, leaves []leaf.Leaf) error {
	c := r.Change
	item := leaf.Lay(e.value, leaves)
	var err error
	if s.call != nil {
		var f request.Filled
		if f, err = r.write.Fill(expression.NewMachine(r.env), r.docs(e.value)); err != nil {
			return fault.New(fault.Data, "settings.shape", "write of setting %s: %w", c.Name, err)
		}
		var body any = item
		if f.Method == "PATCH" {
			body = leaf.Lay(nil, nulls(leaves))
		}
		_, err = s.call.Call(ctx, connector.Request{Method: f.Method, Path: f.Path, Body: body})
	} else {
		var args record.Object
		if args, err = unit.Frozen(c.Args); err != nil {
			return err
		}
		all := record.Object{}
		for name, v := range args {
			all[name] = v
		}
		for name, v := range item {
			all[name] = v
		}
		_, err = s.sql.RunUnmarked(ctx, connector.Statement{SQL: c.Write, Args: all, Most: most})
	}
	return fault.Wrap(err, "write setting %s at %s", named(c.Name, e.key), s.name)
}

// nulls are leaves for a system that is sent what changes, and has no word for
// taking away (RFC 7396).
func nulls(leaves []leaf.Leaf) []leaf.Leaf {
	out := make([]leaf.Leaf, 0, len(leaves))
	for _, l := range leaves {
		if l.Value == record.Missing {
			l.Value = nil
		}
		out = append(out, l)
	}
	return out
}

// named is a setting as people see it.
func named(name, element string) string {
	if element == "" {
		return name
	}
	return name + "[" + element + "]"
}

package httpapi

import (
	"context"

	"godwit/internal/connector"
	"godwit/internal/expression/path"
	"godwit/internal/fault"
	"godwit/internal/record"
)

// List is the connector.Lister's. A list that the connection does not know how to
// page is only whole when the connection pages nothing.
func (e *Endpoint) List(ctx context.Context, r connector.Request, items string) ([]any, error) {
	if items != e.pages.Items.text {
		if e.pages.By != "" {
			return nil, fault.New(fault.Config, "http.pages", "%s %s: the connection pages lists at %s, and this one is at %s: nobody knows whether it is whole", r.Method, r.Path, e.pages.Items.or("body"), items).
				Hint("make a connection of its own for it, with its own pages")
		}
		return e.whole(ctx, r, items)
	}
	t, p, all := target{path: r.Path, params: r.Params, as: r.ParamsAs}, e.begin(), []any{}
	if why := badPath(r.Path); why != "" {
		return nil, fault.New(fault.Data, "http.path", "%s %s: %s", r.Method, r.Path, why)
	}
	for !p.Over {
		l, next, err := e.windowed(ctx, t, p)
		if err != nil {
			return nil, err
		}
		for _, raw := range l.items {
			v, err := record.DecodeJSON(raw)
			if err != nil {
				return nil, fault.New(fault.Data, "http.answer", "GET %s: an element of the list: %w", r.Path, err)
			}
			all = append(all, v)
		}
		p = next
	}
	return all, nil
}

// whole is a list that comes in one answer.
func (e *Endpoint) whole(ctx context.Context, r connector.Request, items string) ([]any, error) {
	p, err := path.Parse(items)
	if err != nil {
		return nil, fault.New(fault.Config, "http.pages", "%q is no path of a list: %w", items, err)
	}
	if why := badPath(r.Path); why != "" {
		return nil, fault.New(fault.Data, "http.path", "%s %s: %s", r.Method, r.Path, why)
	}
	a, err := e.patiently(ctx, target{path: r.Path, params: r.Params, as: r.ParamsAs})
	if err != nil {
		return nil, err
	}
	v, err := p.Get(record.Object{"body": a.shown().Body})
	list, ok := v.([]any)
	if err != nil || !ok {
		return nil, fault.New(fault.Data, "http.answer", "%s %s: there is no list at %s", r.Method, r.Path, items)
	}
	return list, nil
}

package calls

import (
	"fmt"
	"net/url"

	"godwit/internal/expression"
	"godwit/internal/record"
)

// Filled is a request with the values of a record.
type Filled struct {
	Method, Path string // the path encoded
	Params       map[string][]string
	Headers      map[string]string
	Body         any // record.Missing: there is none
	Parts        []FilledPart
}

// FilledPart is a part with the values of a record: JSON, or an object of a
// connection.
type FilledPart struct {
	Name             string
	JSON             any
	At, Object, Type string
}

// Fill fills a call's request in. What cannot be is the record's fault.
func (c *Compiled) Fill(m *expression.Machine, docs map[string]any) (Filled, error) {
	return c.request.fill(m, docs)
}

// Looks fills a look-up's request in.
func (c *Compiled) Looks(m *expression.Machine, docs map[string]any) (Filled, error) {
	return c.doubt.fill(m, docs)
}

// LooksUp reports whether the system is asked when an answer was lost.
func (c *Compiled) LooksUp() bool { return c.InDoubt.Then == "" }

// Method is that of its request.
func (c *Compiled) Method() string { return c.request.method }

func (r *Request) fill(m *expression.Machine, docs map[string]any) (f Filled, err error) {
	f = Filled{Method: r.method, Body: record.Missing}
	if f.Path, err = m.FillText(r.path, docs, url.PathEscape); err != nil {
		return f, err
	}
	if f.Params, err = texts(m, r.params, docs); err != nil {
		return f, err
	}
	headers, err := texts(m, r.headers, docs)
	if err != nil {
		return f, err
	}
	for name, values := range headers {
		if f.Headers == nil {
			f.Headers = map[string]string{}
		}
		f.Headers[name] = values[len(values)-1]
	}
	if r.body != nil {
		f.Body, err = m.Fill(r.body, docs)
	}
	for i := range r.parts {
		one := FilledPart{Name: r.parts[i].Name, At: r.parts[i].At}
		if err == nil {
			err = r.parts[i].fill(m, docs, &one)
		}
		f.Parts = append(f.Parts, one)
	}
	return f, err
}

func (p *part) fill(m *expression.Machine, docs map[string]any, to *FilledPart) (err error) {
	if p.json != nil {
		to.JSON, err = m.Fill(p.json, docs)
		return err
	}
	if to.Object, err = m.FillText(p.object, docs, nil); err == nil && p.media != nil {
		to.Type, err = m.FillText(p.media, docs, nil)
	}
	return err
}

// texts are values by names, as parameters are written: null is left out, a list
// stands as often as it is long.
func texts(m *expression.Machine, t *expression.Template, docs map[string]any) (map[string][]string, error) {
	if t == nil {
		return nil, nil
	}
	v, err := m.Fill(t, docs)
	if err != nil {
		return nil, err
	}
	all := map[string][]string{}
	for name, v := range v.(record.Object) {
		list, ok := v.([]any)
		if !ok {
			list = []any{v}
		}
		for _, v := range list {
			if v == nil || v == record.Missing {
				continue
			}
			text, err := expression.Text(v)
			if err != nil {
				return nil, fmt.Errorf("%s: %w", name, err)
			}
			all[name] = append(all[name], text)
		}
	}
	return all, nil
}

// Wanted says whether a call is made, by its when; true without one.
func (c *Compiled) Wanted(m *expression.Machine, docs map[string]any) (bool, error) {
	if c.when == nil {
		return true, nil
	}
	v, err := m.Eval(c.when, docs)
	if err != nil {
		return false, fmt.Errorf("when: %w", err)
	}
	return v == true, nil
}

// Elements are those of each, nil for null.
func (c *Compiled) Elements(m *expression.Machine, docs map[string]any) ([]any, error) {
	v, err := m.Eval(c.each, docs)
	if err != nil {
		return nil, fmt.Errorf("each: %w", err)
	}
	list, ok := v.([]any)
	if !ok && v != nil {
		return nil, fmt.Errorf("each: it is no list")
	}
	return list, nil
}

// Element is the text of an element's key.
func (c *Compiled) Element(m *expression.Machine, docs map[string]any) (string, error) {
	v, err := m.Eval(c.key, docs)
	if err == nil && (v == nil || v == "") {
		err = fmt.Errorf("it is empty: nothing tells the element from others")
	}
	if err != nil {
		return "", fmt.Errorf("key: %w", err)
	}
	return record.KeyText(v), nil
}

// Kept is what a call keeps of an answer. What is not there is null.
func (c *Compiled) Kept(m *expression.Machine, docs map[string]any, response any) (record.Object, error) {
	docs["response"] = response
	defer delete(docs, "response")
	return keeps(m, c.keep, docs)
}

// Items are what a look-up found: the elements of its list, or its answer.
func (c *Compiled) Items(m *expression.Machine, answer map[string]any) ([]any, error) {
	if c.items == nil {
		return []any{answer["body"]}, nil
	}
	v, err := m.Eval(c.items, answer)
	if err != nil {
		return nil, fmt.Errorf("items: %w", err)
	}
	list, ok := v.([]any)
	if !ok {
		return nil, fmt.Errorf("items: the answer has no list there")
	}
	return list, nil
}

// Found is what is kept of the one that a look-up found.
func (c *Compiled) Found(m *expression.Machine, docs map[string]any, item any) (record.Object, error) {
	if c.found == nil {
		return c.Kept(m, docs, map[string]any{"status": int64(200), "headers": map[string]any{}, "body": item})
	}
	was, inside := docs["item"]
	docs["item"] = item
	defer func() {
		if delete(docs, "item"); inside {
			docs["item"] = was
		}
	}()
	return keeps(m, c.found, docs)
}

func keeps(m *expression.Machine, list []kept, docs map[string]any) (record.Object, error) {
	if len(list) == 0 {
		return nil, nil
	}
	out := record.Object{}
	for _, k := range list {
		v, err := m.Eval(k.Program, docs)
		if err != nil {
			return nil, fmt.Errorf("keep.%s: %w", k.name, err)
		}
		out[k.name] = v
	}
	return out, nil
}

// Part is what calls read of a record as it was read, as a document. Names are
// all fields that it has.
func (p *Program) Part(names []string, get func(name string) any) record.Object {
	out := record.Object{}
	for _, at := range p.Reads {
		if len(at) == 0 { // all of it
			for _, name := range names {
				if v := get(name); v != record.Missing {
					out[name] = v
				}
			}
			return out
		}
		v := get(at[0].Name)
		if v == record.Missing {
			continue
		}
		if len(at) > 1 {
			inner, err := at[1:].Get(v)
			if err != nil || inner == record.Missing {
				continue
			}
			v = inner
		}
		into := out
		for _, part := range at[:len(at)-1] {
			below, ok := into[part.Name].(record.Object)
			if !ok {
				below = record.Object{}
				into[part.Name] = below
			}
			into = below
		}
		into[at[len(at)-1].Name] = v
	}
	return out
}

package calls

import (
	"fmt"
	"strings"

	"godwit/internal/expression"
	"godwit/internal/record"
	"godwit/internal/unit/request"
)

// Filled is a request with the values of a record.
type Filled struct {
	request.Filled
	Parts []FilledPart
}

// FilledPart is a part with the values of a record: JSON, or an object of a
// connection.
type FilledPart struct {
	Name             string
	JSON             any
	At, Object, Type string
}

// Fill fills a call's request in. What cannot be is the record's fault.
func (c *Compiled) Fill(m *expression.Machine, docs map[string]any) (f Filled, err error) {
	if f.Filled, err = c.request.Fill(m, docs); c.whole {
		f.Body = docs["record"]
	}
	for i := range c.parts {
		one := FilledPart{Name: c.parts[i].Name, At: c.parts[i].At}
		if err == nil {
			err = c.parts[i].fill(m, docs, &one)
		}
		f.Parts = append(f.Parts, one)
	}
	return f, err
}

// LookUp is what the system is asked when an answer was lost, nil when it is not.
func (c *Compiled) LookUp() *request.LookUp { return c.looks }

// Names are what its path names of documents, as what a call has kept.
func (c *Compiled) Names() (list []expression.Var) {
	for _, p := range c.request.InPath() {
		list = append(list, p.Vars...)
	}
	return list
}

// Method is that of its request.
func (c *Compiled) Method() string { return c.request.Method() }

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

// Found is what is kept of the one that a look-up found.
func (c *Compiled) Found(m *expression.Machine, docs map[string]any, item any) (record.Object, error) {
	if c.found == nil {
		return c.Kept(m, docs, map[string]any{"status": int64(200), "headers": map[string]any{}, "body": item})
	}
	defer within(docs, item)()
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
		out[k.name] = detached(v)
	}
	return out, nil
}

// detached is a value of an answer that does not hold all of it in memory: its texts are
// cut from the answer's, and what is kept stays until its chunk is settled.
func detached(v any) any {
	switch v := v.(type) {
	case string:
		return strings.Clone(v)
	case record.Decimal:
		return record.Decimal(strings.Clone(string(v)))
	case []any:
		out := make([]any, len(v))
		for i := range v {
			out[i] = detached(v[i])
		}
		return out
	case record.Object:
		out := make(record.Object, len(v))
		for name, of := range v {
			out[strings.Clone(name)] = detached(of)
		}
		return out
	}
	return v
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

package readback

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"godwit/internal/connector"
	"godwit/internal/expression"
	"godwit/internal/fault"
	"godwit/internal/record"
	"godwit/internal/unit/calls"
)

// comparing is one record on its way.
type comparing struct {
	c      *Comparison
	m      *expression.Machine
	key    string
	docs   map[string]any
	counts []connector.ComparedTable
	unlike []connector.Unlike
}

// record compares one record with all that stands for it.
func (r *comparing) record(ctx context.Context, m *record.Mapped, s calls.Standing) error {
	mapped, doc := record.Object{}, record.Object{}
	for n, name := range r.c.columns {
		if v := m.Rows[0].Slots[n]; v != record.Missing {
			mapped[name] = v
		}
	}
	for i, v := range m.Record.AsRead() {
		if v != record.Missing {
			doc[r.c.names[i]] = v
		}
	}
	r.docs = map[string]any{"doc": doc, "record": mapped, "key": r.key, "op": string(record.Update)}
	for _, c := range r.c.program.Calls {
		if c.Each == "" {
			r.docs[c.Name] = any(s.Kept[c.Name])
		}
	}
	for _, sent := range s.Calls { // of a delivery that did not come to its end
		if _, one := r.docs[sent.Call]; one && sent.Answered && sent.Element == "" && len(sent.Kept) > 0 {
			r.docs[sent.Call] = any(sent.Kept)
		}
	}
	into := 0
	if of := r.c.program.Read; of != nil {
		if err := r.object(ctx, into, of, func() (record.Object, error) { return mapped, nil }); err != nil {
			return err
		}
		into++
	}
	for _, c := range r.c.program.Calls {
		if c.Reading == nil {
			continue
		}
		if err := r.call(ctx, into, c); err != nil {
			return fault.Wrap(err, "call %s", c.Name)
		}
		into++
	}
	return nil
}

// wanted reports whether a call is one that was made at some time.
func (r *comparing) wanted(c *calls.Compiled) (yes bool, err error) {
	defer func(op any) { r.docs["op"] = op }(r.docs["op"])
	for _, op := range []record.Op{record.Create, record.Update} {
		r.docs["op"] = string(op)
		if yes, err = c.Wanted(r.m, r.docs); yes || err != nil {
			break
		}
	}
	return yes, err
}

// call compares what a call has made.
func (r *comparing) call(ctx context.Context, into int, c *calls.Compiled) error {
	sent := func() (record.Object, error) { return r.sent(ctx, c) }
	if c.Each == "" {
		switch yes, err := r.wanted(c); {
		case err != nil:
			r.odd(into, err)
		case yes:
			return r.object(ctx, into, c.Reading, sent)
		}
		return nil
	}
	list, err := c.Elements(r.m, r.docs)
	if err != nil {
		r.odd(into, err)
		return nil
	}
	var found []any
	var there map[string]any
	var names []string
	if !c.Inside() { // one request reads all of them
		asked, why, err := r.c.ask(ctx, r.m, r.docs, c.Reading)
		if err != nil {
			return err
		}
		found = asked
		if there, names, err = r.index(c.Reading, found); err != nil {
			return err
		}
		if why != "" {
			there = nil
		}
	}
	defer func() {
		delete(r.docs, "item")
		delete(r.docs, "index")
	}()
	known := map[string]bool{}
	for i, item := range list {
		r.docs["item"], r.docs["index"] = item, int64(i)
		element, err := c.Element(r.m, r.docs)
		yes := false
		if err == nil {
			yes, err = r.wanted(c)
		}
		if known[element] = true; err != nil {
			r.odd(into, err, element)
			continue
		}
		if !yes {
			continue
		}
		if c.Inside() {
			err = r.object(ctx, into, c.Reading, sent, element)
		} else if of, ok := there[element]; ok {
			err = r.compare(into, c.Reading, sent, of, element)
		} else {
			r.missing(into, element)
		}
		if err != nil {
			return err
		}
	}
	for _, name := range names {
		if !known[name] {
			r.counts[into].Extra++
			r.tell(connector.Unlike{Into: into, What: connector.RowExtra}, name)
		}
	}
	return nil
}

// index are elements that were found, by their keys, and these in order.
func (r *comparing) index(of *calls.Reading, found []any) (there map[string]any, names []string, err error) {
	there = map[string]any{}
	for _, item := range found {
		name, _, err := of.Element(r.m, r.docs, item)
		if err != nil {
			return nil, nil, unreadable("key of read: %v", err)
		}
		if name == "" { // it has none: it is somebody else's
			continue
		}
		if _, again := there[name]; again {
			return nil, nil, unreadable("two elements of the list have the key %q", name)
		}
		there[name], names = item, append(names, name)
	}
	slices.Sort(names)
	return there, names, nil
}

// object compares something that a request of its own reads.
func (r *comparing) object(ctx context.Context, into int, of *calls.Reading, sent func() (record.Object, error), element ...string) error {
	found, why, err := r.c.ask(ctx, r.m, r.docs, of)
	if err != nil {
		return err
	}
	found = slices.DeleteFunc(found, func(item any) bool {
		name, told, _ := of.Element(r.m, r.docs, item)
		return told && name != r.key
	})
	if len(found) == 0 {
		r.missing(into, element...)
		if why != "" {
			r.unlike[len(r.unlike)-1].Refusal = &record.Refusal{Text: why}
		}
		return nil
	}
	if err := r.compare(into, of, sent, found[0], element...); err != nil {
		return err
	}
	for range found[1:] { // it is there more than once
		r.counts[into].Extra++
		r.tell(connector.Unlike{Into: into, What: connector.RowExtra}, element...)
	}
	return nil
}

// compare compares the fields of something that is there.
func (r *comparing) compare(into int, of *calls.Reading, sent func() (record.Object, error), found any, element ...string) error {
	want, err := sent()
	if err != nil {
		var f *fault.Error
		if errors.As(err, &f) && f.Kind != fault.Data {
			return err
		}
		r.odd(into, err, element...)
		return nil
	}
	answer := found
	if of.Items == "" {
		answer = r.docs["body"]
	}
	if _, text := answer.(string); text {
		return unreadable("the answer is no JSON")
	}
	values, err := of.Values(r.m, r.docs, want, answer)
	if err != nil {
		return unreadable("%v", err)
	}
	u := connector.Unlike{Into: into, What: connector.RowChanged}
	for _, v := range values {
		if !same(v.Sent, v.Seen) {
			u.Columns = append(u.Columns, connector.UnlikeColumn{Name: v.Name, Left: text(v.Sent), Right: text(v.Seen)})
		}
	}
	if len(u.Columns) == 0 {
		r.counts[into].Equal++
		return nil
	}
	r.counts[into].Changed++
	r.tell(u, element...)
	return nil
}

func (r *comparing) missing(into int, element ...string) {
	r.counts[into].Missing++
	r.tell(connector.Unlike{Into: into, What: connector.RowMissing}, element...)
}

// odd tells of what no call could have made of a record, and why.
func (r *comparing) odd(into int, err error, element ...string) {
	r.missing(into, element...)
	r.unlike[len(r.unlike)-1].Refusal = &record.Refusal{Text: err.Error()}
}

func (r *comparing) tell(u connector.Unlike, element ...string) {
	u.Key = []*string{&r.key}
	for i := range element {
		u.Key = append(u.Key, &element[i])
	}
	r.unlike = append(r.unlike, u)
}

func unreadable(format string, args ...any) error {
	return fault.New(fault.Data, "verify.answer", "what the API says of it cannot be read: %s", fmt.Sprintf(format, args...)).
		Hint("see read in the process: items, key and map say where the fields stand")
}

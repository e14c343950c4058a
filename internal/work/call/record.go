package call

import (
	"context"
	"fmt"
	"strconv"
	"time"

	"godwit/internal/expression"
	"godwit/internal/fault"
	"godwit/internal/record"
	"godwit/internal/unit/calls"

	"github.com/zeebo/xxh3"
)

// end is how a record's turn went: an outcome, or a time for the next turn, or what
// is wrong with all of them.
type end struct {
	task    *task
	outcome record.Outcome
	why     *reason // with Dead and Pending, and of an answer that was lost
	written int     // requests that took effect
	due     time.Time
	err     error  // why it is due again, or what ends the unit
	by      string // the run that is at work with it
	theirs  bool   // what stands under its key is another item's, or a later run's
	through bool   // the system has answered
	began   time.Time
}

// reason is why a record was not delivered.
type reason struct {
	Code, Text   string
	Where, State string // call and status
	Issues       []record.Issue
	Sent         []byte
}

// turn is a record's: its calls that are still to be made.
type turn struct {
	d       *delivering
	m       *expression.Machine
	t       *task
	docs    map[string]any
	op      record.Op
	written int
	through bool
}

// deliver makes the calls of a record, in their order, until one does not come
// through.
func (d *delivering) deliver(ctx context.Context, m *expression.Machine, t *task) *end {
	s, began := &turn{d: d, m: m, t: t, op: record.Create}, time.Now()
	var err error
	if s.docs, err = d.program.Docs(t.Item); err != nil {
		return &end{task: t, err: fault.New(fault.Data, "spool.damaged", "record %d of %s in the spool cannot be read: %w", t.Seq, d.unit.ID, err)}
	}
	e := s.all(ctx)
	if e == nil {
		e = &end{outcome: record.Applied}
	}
	e.task, e.written, e.through, e.began = t, s.written, e.through || s.through, began
	if e.err != nil && !e.due.IsZero() {
		t.tries++
	}
	return e
}

func (s *turn) all(ctx context.Context) *end {
	if s.equal() {
		return &end{outcome: record.Equal}
	}
	if e := s.claim(ctx); e != nil {
		return e
	}
	if s.equal() {
		return &end{outcome: record.Equal}
	}
	if e := s.superseded(ctx); e != nil {
		return e
	}
	if e := s.foreign(ctx); e != nil {
		return e
	}
	gone := s.t.Item.Gone
	switch {
	case gone:
		s.op = record.Delete
	case s.t.Standing.Hash != 0:
		s.op = record.Update
	}
	s.remember()
	for _, c := range s.d.program.Calls {
		if err := s.certain(ctx, c); err != nil {
			return err
		}
	}
	if e := s.back(ctx); e != nil {
		return e
	}
	for _, sent := range s.t.Calls { // it was there with other content
		if c := s.call(sent.Call); c != nil && c.Each == "" && sent.Answered && sent.Hash != s.t.Item.Hash && !gone {
			s.op = record.Update
		}
	}
	return s.calls(ctx)
}

// calls makes the calls, in their order: once more when one of them has found that the
// object is there with something else, which those before it did not know.
func (s *turn) calls(ctx context.Context) *end {
	op := s.op
	for _, c := range s.d.program.Calls {
		if s.op == record.Delete && !c.Deletes() {
			continue
		}
		if e := s.make(ctx, c); e != nil {
			return e
		}
	}
	if s.op != op {
		return s.calls(ctx)
	}
	return nil
}

// equal reports whether it was delivered as it is now, or is not there as it is to be.
func (s *turn) equal() bool {
	is := s.t.Standing
	return len(is.Calls) == 0 && (is.Hash == s.t.Item.Hash || s.t.Item.Gone && is.Hash == 0 && is.Kept == nil)
}

// superseded is the end of a record that is redriven, and that a later run has read or has
// said something of, whatever became of it there: its source message is older than what that
// one has read. That run may be the one that it has waited for just now. What of it was sent
// is the later run's then. As long as that run may be cancelled and has not delivered it the
// record stays open.
func (s *turn) superseded(ctx context.Context) *end {
	if s.t.Exception == 0 {
		return nil
	}
	older, by, err := s.d.book.Read(ctx, s.t.Exception)
	if err == nil && !older && by == "" && s.t.Attempts > 0 {
		last, e := s.last(ctx)
		if e != nil {
			return e
		}
		if older = last.Newer && !last.Beside(s.d.shared.as); older && last.Unsure {
			older, by = false, last.Run
		}
	}
	switch {
	case err != nil:
		return &end{err: fault.Wrap(err, "look up who has read %s/%s", s.d.spec.Entity, s.t.Key)}
	case older:
		return &end{outcome: record.Superseded}
	case by != "":
		return &end{outcome: record.Pending, theirs: true, why: &reason{Code: "redrive.at-work", Text: by + " has read it anew and is not over: nothing was sent"}}
	}
	return nil
}

// foreign is the end of a record whose key is that of another item's, as two legacy
// databases may number alike: an update would lay the one over the other. A redrive is of
// a person's choice.
func (s *turn) foreign(ctx context.Context) *end {
	if is := s.t.Standing; s.d.spec.Again != nil || !s.d.shared.as.Looped() || s.t.Item.Gone || is.Hash == 0 && len(is.Kept)+len(is.Calls) == 0 {
		return nil
	}
	last, e := s.last(ctx)
	if e == nil && last.Beside(s.d.shared.as) {
		return &end{outcome: record.Dead, theirs: true, why: &reason{Code: "call.key-taken",
			Text: fmt.Sprintf("run %s, of another item of the loop, has delivered a record with this key: nothing was sent", last.Run)}}
	}
	return e
}

// last is what was said of the record last.
func (s *turn) last(ctx context.Context) (calls.Word, *end) {
	last, err := s.d.book.Last(ctx, s.d.spec.Place, s.t.Key, s.t.Exception)
	if err != nil {
		return last, &end{err: fault.Wrap(err, "look up what became of %s/%s", s.d.spec.Entity, s.t.Key)}
	}
	return last, nil
}

func (s *turn) call(name string) *calls.Compiled {
	for _, c := range s.d.program.Calls {
		if c.Name == name {
			return c
		}
	}
	return nil
}

// remember brings together what was kept of the record, and shows it to expressions.
func (s *turn) remember() {
	kept := record.Kept{}
	for name, values := range s.t.Kept {
		kept[name] = values
	}
	s.t.Kept = kept
	for _, sent := range s.t.Calls {
		if c := s.call(sent.Call); c != nil && sent.Answered {
			s.keep(c, sent)
		}
	}
	s.docs["op"] = string(s.op)
	for _, c := range s.d.program.Calls {
		if c.Each == "" {
			s.docs[c.Name] = any(s.t.Kept[c.Name])
		}
	}
}

// hashName is what is kept of an element: what it was.
const hashName = "item"

// keep notes what a call that took effect left.
func (s *turn) keep(c *calls.Compiled, sent calls.Sent) {
	name := c.Name
	if c.Each == "" {
		if len(sent.Kept) > 0 {
			s.t.Kept[name], s.docs[name] = sent.Kept, any(sent.Kept)
		}
		return
	}
	name += record.Elements
	all := record.Object{}
	for key, v := range s.t.Kept[name] {
		all[key] = v
	}
	all[sent.Element] = sent.Kept[hashName]
	s.t.Kept[name] = all
}

// sent is what is known of a request, nil when it was never about to be sent.
func (s *turn) sent(call, element string) *calls.Sent {
	for i := range s.t.Calls {
		if s.t.Calls[i].Call == call && s.t.Calls[i].Element == element {
			return &s.t.Calls[i]
		}
	}
	return nil
}

// make makes a call, once or for each element.
func (s *turn) make(ctx context.Context, c *calls.Compiled) *end {
	s.docs["op"] = string(s.opFor(c))
	if c.Each == "" {
		return s.one(ctx, c, "", nil)
	}
	return s.elements(c, func(element string, item any) *end {
		is := hashOf(item)
		was, known := s.t.Kept[c.Name+record.Elements][element]
		if sent := s.sent(c.Name, element); sent != nil && sent.Answered {
			was, known = sent.Kept[hashName], true
		}
		s.docs["op"] = string(record.Create)
		if known {
			s.docs["op"] = string(record.Update)
		}
		if known && (was == is || c.When == "" && c.Method() == "POST") { // once more would be another one
			return nil
		}
		return s.one(ctx, c, element, record.Object{hashName: is})
	})
}

// elements does something for each element of a call's list.
func (s *turn) elements(c *calls.Compiled, do func(element string, item any) *end) *end {
	list, err := c.Elements(s.m, s.docs)
	if err != nil {
		return s.dead(c, "call.expression", err)
	}
	defer func() {
		delete(s.docs, "item")
		delete(s.docs, "index")
	}()
	seen := map[string]bool{}
	for i, item := range list {
		s.docs["item"], s.docs["index"] = item, int64(i)
		element, err := c.Element(s.m, s.docs)
		if err == nil && seen[element] {
			err = fmt.Errorf("key: two elements have the same")
		}
		if err != nil {
			return s.dead(c, "call.expression", err)
		}
		seen[element] = true
		if e := do(element, item); e != nil {
			return e
		}
	}
	return nil
}

func hashOf(item any) string {
	text, err := record.EncodeValue(item)
	if err != nil {
		return ""
	}
	return strconv.FormatUint(xxh3.Hash(text), 16)
}

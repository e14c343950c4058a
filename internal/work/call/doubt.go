package call

import (
	"context"
	"fmt"
	"slices"
	"time"

	"godwit/internal/connector"
	"godwit/internal/fault"
	"godwit/internal/record"
	"godwit/internal/unit/calls"
	"godwit/internal/unit/request"
)

// certain finds out what became of a call's requests whose answers were lost, before
// anything else is sent for the record.
func (s *turn) certain(ctx context.Context, c *calls.Compiled) *end {
	if c.Each == "" {
		return s.resolve(ctx, c, s.sent(c.Name, ""), nil)
	}
	open := false
	for _, sent := range s.t.Calls {
		open = open || sent.Call == c.Name && !sent.Answered
	}
	if !open {
		return nil
	}
	return s.elements(c, func(element string, item any) *end {
		return s.resolve(ctx, c, s.sent(c.Name, element), record.Object{hashName: hashOf(item)})
	})
}

// resolve finds out about one request; kept is what an element leaves.
func (s *turn) resolve(ctx context.Context, c *calls.Compiled, lost *calls.Sent, kept record.Object) *end {
	if lost == nil || lost.Answered {
		return nil
	}
	switch c.InDoubt.Does() {
	case request.Repeat, request.Keyed: // it is sent again
		return nil
	case request.Ask:
		return s.open(c, "call.in-doubt", "it is not known whether "+c.Method()+" took effect: its answer was lost",
			"look there: if it did, dismiss this; if not, nothing of it is there, a look-up as in_doubt would find it out")
	}
	// Until then it may still take effect, and be seen.
	if due := s.t.since.Add(s.d.caller.Timeout()); time.Now().Before(due) {
		return &end{due: due}
	}
	found, e := s.find(ctx, c, *lost, kept)
	switch {
	case e != nil:
		return e
	case found:
		s.written++
	default:
		s.forget(*lost)
	}
	return nil
}

// find asks the look-up of a call whether what a request makes is there, and keeps what
// it finds as that of the request.
func (s *turn) find(ctx context.Context, c *calls.Compiled, sent calls.Sent, kept record.Object) (found bool, e *end) {
	look := c.LookUp()
	filled, err := look.Fill(s.m, s.docs)
	if err != nil {
		return false, s.open(c, "call.in-doubt", "the look-up cannot be made: "+err.Error(), "see in_doubt of the call")
	}
	r := connector.Request{Method: filled.Method, Path: filled.Path, Params: filled.Params, Body: record.Missing}
	items, answer, err := connector.LookUp(ctx, s.d.caller, r, look.List, look.Whole(), func(docs map[string]any) ([]any, error) { return look.Found(s.m, docs) })
	if e := s.unfound(c, answer, err); e != nil {
		return false, e
	}
	s.through = true
	s.d.report.At("call.looked")
	switch len(items) {
	case 0:
		return false, nil
	case 1:
		sent.Answered, sent.Kept = true, kept
		if c.Each == "" {
			if sent.Kept, err = c.Found(s.m, s.docs, items[0]); err != nil {
				return false, s.open(c, "call.in-doubt", "what the look-up found cannot be kept: "+err.Error(), "see in_doubt of the call")
			}
		}
		e := s.took(ctx, c, sent, byLookUp)
		return e == nil, e
	}
	return false, s.open(c, "call.ambiguous", fmt.Sprintf("the look-up found %d: which of them is the record, nobody can tell", len(items)),
		"take away at the system what is there too often, then redrive")
}

// unfound is the end of a turn whose look-up said nothing, nil for none.
func (s *turn) unfound(c *calls.Compiled, a *connector.Answer, err error) *end {
	kind := fault.KindOf(err)
	switch {
	case err == nil:
		return nil
	case kind == fault.Cancelled || unwanted(fault.CodeOf(err)):
		return &end{err: err}
	case kind.Passing():
		return s.later(err, a)
	case kind != fault.Data:
		return &end{err: fault.Wrap(err, "look up %s/%s", s.d.spec.Entity, s.t.Key)}
	}
	return s.open(c, "call.in-doubt", "the look-up was refused: "+fault.Of(err).Text, "see in_doubt of the call")
}

// back finishes a delete that was begun while the record was gone from its source, which
// it is not any more, and was not settled. Nothing of it is there then. The ledger is told
// so, durably, before anything else is sent, and the record is made anew.
func (s *turn) back(ctx context.Context) *end {
	is, gone := s.t.Item, *s.t.Item
	gone.Gone, gone.Hash = true, calls.GoneHash(is.Key)
	if is.Gone || !slices.ContainsFunc(s.t.Calls, func(c calls.Sent) bool { return c.Hash == gone.Hash }) {
		return nil
	}
	if s.t.Standing.Hash != 0 || len(s.t.Kept) > 0 { // else a verification has found out already
		s.t.Item, s.op = &gone, record.Delete
		e := s.calls(ctx)
		s.t.Item, s.op = is, record.Create
		if e != nil {
			return e
		}
	}
	anew := calls.Anew{Key: is.Key, Hash: s.t.Standing.Hash}
	for _, sent := range s.t.Calls {
		sent.Gone = true
		anew.Doubt = append(anew.Doubt, sent)
	}
	if err := s.d.notes.halt(ctx, func() error { return s.d.book.Anew(ctx, s.d.notes.by, s.d.spec.Place, []calls.Anew{anew}) }); err != nil {
		return &end{err: fault.Wrap(err, "note that %s/%s is not there any more", s.d.spec.Entity, is.Key)}
	}
	s.t.Standing, s.t.deleted = calls.Standing{Attempts: s.t.Standing.Attempts + 1}, true
	s.remember()
	s.d.report.At("call.anew")
	return nil
}

// open leaves a record pending: a person has to decide.
func (s *turn) open(c *calls.Compiled, code, text, hint string) *end {
	text = "call " + c.Name + ": " + text
	issue := record.Issue{Rule: "in_doubt", Field: c.Name, Severity: record.SeverityError, Text: text, Hint: hint}
	return &end{outcome: record.Pending, why: &reason{Code: code, Text: text, Where: c.Name, Issues: []record.Issue{issue}}}
}

// blockedBy is why a record waits.
func blockedBy(key string) *reason {
	text := "waits for another record of its group that was not delivered"
	return &reason{Code: record.CodeBehind, Text: text, Issues: []record.Issue{{Rule: "group", Field: "group", Severity: record.SeverityWaits, Text: text, Value: key,
		Hint: "redrive processes the group again, in its order"}}}
}

package call

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"strconv"
	"time"

	"godwit/internal/connector"
	"godwit/internal/fault"
	"godwit/internal/record"
	"godwit/internal/unit/calls"
	"godwit/internal/unit/request"

	"github.com/zeebo/xxh3"
)

// one makes one request of a record, unless it has taken effect already.
func (s *turn) one(ctx context.Context, c *calls.Compiled, element string, kept record.Object) *end {
	was := s.sent(c.Name, element)
	if was != nil && was.Answered && was.Hash == s.t.Item.Hash {
		return nil
	}
	sent, again := s.about(c, element, was), was != nil && !was.Answered
	hash := sent.Hash
	if wanted, err := c.Wanted(s.m, s.docs); err != nil || !wanted {
		if err != nil {
			return s.dead(c, "call.expression", err)
		}
		return nil
	}
	if found, e := s.adopt(ctx, c, element, kept); found || e != nil {
		return e
	}
	filled, err := c.Fill(s.m, s.docs)
	if err != nil {
		return s.dead(c, "call.value", err)
	}
	r := s.request(c, sent, filled)
	var done func()
	r.Parts, done, err = s.d.parts(ctx, filled.Parts)
	defer done()
	if err != nil && fault.KindOf(err) == fault.Data {
		return s.dead(c, fault.CodeOf(err), err)
	} else if err != nil {
		return &end{err: err}
	}
	sent.Claimed = s.t.claimed
	if e := s.onto(ctx, c, &filled, &r); e != nil {
		return e
	}
	if err := s.d.notes.now(ctx, sent); err != nil {
		return s.unnoted(err)
	}
	r.Leave = s.d.leaves()
	s.note(sent)
	s.d.report.At("call.intended")
	answer, err := s.d.caller.Call(ctx, r)
	if s.away(c, answer) {
		err = nil
	}
	if err != nil {
		return s.refused(ctx, c, sent, again, filled, answer, err)
	}
	s.d.report.At("call.answered")
	s.through = true
	s.written++
	sent.Answered, sent.Kept = true, kept
	if c.Each == "" {
		sent.Kept, err = c.Kept(s.m, s.docs, answer.Docs())
	}
	if e := s.took(ctx, c, sent, byAnswer); e != nil {
		return e
	}
	if err != nil {
		return s.dead(c, "call.keep", err)
	}
	if c.Each == "" && hash != s.t.Item.Hash && s.op != record.Delete { // it is there with what it was then
		s.op = record.Update
	}
	return nil
}

// away reports whether what a delete was for is not there any more: that is what it
// was to come to. A call with a success of its own says that itself.
func (s *turn) away(c *calls.Compiled, a *connector.Answer) bool {
	return s.op == record.Delete && c.Method() == http.MethodDelete && c.Success == "" && a != nil &&
		(a.Status == http.StatusNotFound || a.Status == http.StatusGone)
}

// took notes a request that took effect, unless what is kept of it is another record's.
func (s *turn) took(ctx context.Context, c *calls.Compiled, sent calls.Sent, known how) *end {
	if e := s.own(ctx, c, sent, known); e != nil {
		return e
	}
	s.note(sent)
	s.keep(c, sent)
	s.t.tries, s.t.lost = 0, lost{}
	return nil
}

// note holds what is known of a request now.
func (s *turn) note(sent calls.Sent) {
	if was := s.sent(sent.Call, sent.Element); was != nil {
		*was = sent
		return
	}
	s.t.Calls = append(s.t.Calls, sent)
}

// forget notes that a request did not take effect.
func (s *turn) forget(sent calls.Sent) {
	sent.Gone = true
	s.d.notes.later(sent)
	for i := range s.t.Calls {
		if s.t.Calls[i].Call == sent.Call && s.t.Calls[i].Element == sent.Element {
			s.t.Calls = append(s.t.Calls[:i:i], s.t.Calls[i+1:]...)
			return
		}
	}
}

func (s *turn) request(c *calls.Compiled, sent calls.Sent, f calls.Filled) connector.Request {
	r := connector.Request{Method: f.Method, Path: f.Path, Params: f.Params, ParamsAs: c.ParamsAs, Headers: f.Headers, Body: f.Body, Success: c.Success}
	if c.InDoubt.Does() == request.Keyed {
		r.Headers = request.WithKey(r.Headers, s.key(sent))
	}
	return r
}

// with is headers with one more, unless it is among them; these are not changed.
func with(headers map[string]string, name, value string) map[string]string {
	all := map[string]string{name: value}
	maps.Copy(all, headers)
	return all
}

// attemptName is what a request that the system knows by its key keeps while it is in
// doubt: how often the record had come to an end before.
const attemptName = "attempt"

// about is a request that is about to be sent. One of which it is not known what
// became of it is sent as it was then: the system knows it by that.
func (s *turn) about(c *calls.Compiled, element string, was *calls.Sent) calls.Sent {
	sent := calls.Sent{Key: s.t.Key, Call: c.Name, Element: element, Hash: s.t.Item.Hash}
	switch {
	case c.InDoubt.Does() != request.Keyed:
	case was != nil && !was.Answered:
		sent.Hash, sent.Kept = was.Hash, was.Kept
	case s.t.Attempts > 0:
		sent.Kept = record.Object{attemptName: s.t.Attempts}
	}
	return sent
}

// key is the same for a request whenever it is sent until its record comes to an end:
// what is deleted and comes back is made anew, not answered as it was before. Another
// content is another request, unless it is not known what became of the first.
func (s *turn) key(sent calls.Sent) string {
	text := record.KeyText(s.d.spec.Entity, sent.Key, sent.Call, sent.Element) + strconv.FormatUint(sent.Hash, 16)
	if n, again := sent.Kept[attemptName].(int64); again {
		text += " " + strconv.FormatInt(n, 10)
	}
	h := xxh3.HashString128(text)
	return fmt.Sprintf("%016x%016x", h.Hi, h.Lo)
}

// refused decides about a request that was not a success; again is one that was in doubt,
// of which only what the system says about its content tells what became of it before.
func (s *turn) refused(ctx context.Context, c *calls.Compiled, sent calls.Sent, again bool, f calls.Filled, a *connector.Answer, err error) *end {
	var doubt *connector.DoubtError
	kind, code := fault.KindOf(err), fault.CodeOf(err)
	s.through = s.through || a != nil && !kind.Passing()
	switch {
	case kind == fault.Cancelled:
		return &end{err: err}
	case errors.As(err, &doubt):
		s.d.report.At("call.lost")
		s.t.since = time.Now()
		e := s.later(err, a)
		e.why = why(c, f, a, err)
		return e
	}
	if !again || kind == fault.Data || code == "http.not-found" {
		s.forget(sent)
	}
	switch {
	case unwanted(code):
		return &end{err: err}
	case kind.Passing(), s.changed(c, a):
		return s.later(err, a)
	case kind == fault.Data, code == "http.not-found" && a != nil:
		w := why(c, f, a, err)
		if e := s.missing(ctx, c, a, w); e != nil {
			return e
		}
		return &end{outcome: record.Dead, why: w}
	}
	return &end{err: fault.Wrap(err, "%s of %s/%s", c.Name, s.d.spec.Entity, s.t.Key)}
}

// unwanted reports whether an error says that there is no point in any request now: the
// unit ends, and its step decides when it is tried again.
func unwanted(code string) bool { return code == "limit.paused" || code == "circuit.open" }

// why is what was refused, and how.
func why(c *calls.Compiled, f calls.Filled, a *connector.Answer, err error) *reason {
	w := &reason{Code: fault.CodeOf(err), Text: fault.Of(err).Text, Where: c.Name, Sent: payload(f)}
	if a != nil {
		w.State = strconv.Itoa(a.Status)
	}
	return w
}

const (
	firstWait = 100 * time.Millisecond // before the second try, then doubled
	mostWait  = 30 * time.Second
)

// later has the record tried again, no sooner than the system says.
func (s *turn) later(err error, a *connector.Answer) *end {
	wait := min(mostWait, firstWait<<min(s.t.tries, 16))
	if a != nil {
		wait = max(wait, a.After)
	}
	return &end{due: time.Now().Add(wait), err: err}
}

// dead is the end of a record whose request cannot be made.
func (s *turn) dead(c *calls.Compiled, code string, err error) *end {
	return &end{outcome: record.Dead, why: &reason{Code: code, Text: "call " + c.Name + ": " + err.Error(), Where: c.Name}}
}

// payload is a request as it was sent, for people.
func payload(f calls.Filled) []byte {
	params := record.Object{}
	for name, values := range f.Params {
		list := make([]any, len(values))
		for i, v := range values {
			list[i] = v
		}
		params[name] = list
	}
	o := record.Object{"request": f.Method + " " + f.Path}
	if len(params) > 0 {
		o["params"] = params
	}
	if f.Body != record.Missing {
		o["body"] = f.Body
	}
	for _, p := range f.Parts {
		if o["part "+p.Name] = p.JSON; p.At != "" {
			o["part "+p.Name] = p.At + " " + p.Object
		}
	}
	text, err := record.EncodeValue(o)
	if err != nil {
		return nil
	}
	return text
}

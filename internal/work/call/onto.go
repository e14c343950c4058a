package call

import (
	"context"
	"net/http"
	"strings"

	"godwit/internal/connector"
	"godwit/internal/fault"
	"godwit/internal/record"
	"godwit/internal/unit/calls"
)

// onto reads the object that a call replaces, and has its request send the body laid
// over that. When the system tells which version it is (a strong ETag), the request
// is for that version only.
func (s *turn) onto(ctx context.Context, c *calls.Compiled, f *calls.Filled, r *connector.Request) *end {
	if c.Onto == nil {
		return nil
	}
	asked, err := c.Over(s.m, s.docs)
	if err != nil {
		return s.dead(c, "call.value", err)
	}
	a, err := s.d.caller.Call(ctx, connector.Request{Method: asked.Method, Path: asked.Path, Params: asked.Params, Body: record.Missing})
	kind, code := fault.KindOf(err), fault.CodeOf(err)
	s.through = s.through || a != nil && !kind.Passing()
	switch {
	case a != nil && a.Status == http.StatusNotFound: // what becomes of that, the request itself is told
		return nil
	case kind == fault.Cancelled, unwanted(code):
		return &end{err: err}
	case kind.Passing():
		return s.later(err, a)
	case kind == fault.Data:
		return s.dead(c, "call.onto", err)
	case err != nil:
		return &end{err: fault.Wrap(err, "read what %s of %s/%s is laid over", c.Name, s.d.spec.Entity, s.t.Key)}
	}
	body, err := c.Lay(s.m, f.Body, a.Docs())
	if err != nil {
		return s.dead(c, "call.onto", err)
	}
	f.Body, r.Body = body, body
	if tag, _ := a.Headers["etag"].(string); strings.HasPrefix(tag, `"`) {
		r.Headers = with(r.Headers, "If-Match", tag)
	}
	s.d.report.At("call.read")
	return nil
}

// mostChanged is how often a request is made anew because somebody else was faster.
const mostChanged = 5

// changed reports whether the object that a request was laid over is another one by
// now: it is read again then.
func (s *turn) changed(c *calls.Compiled, a *connector.Answer) bool {
	return c.Onto != nil && a != nil && a.Status == http.StatusPreconditionFailed && s.t.tries < mostChanged
}

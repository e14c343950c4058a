package call

import (
	"context"
	"fmt"
	"net/http"

	"godwit/internal/connector"
	"godwit/internal/record"
	"godwit/internal/unit/calls"
)

// missing tells more of a request that was refused since there is no such thing, when
// its path names what a call had kept of the record: that is not there any more.
func (s *turn) missing(ctx context.Context, c *calls.Compiled, a *connector.Answer, w *reason) *end {
	if a == nil || a.Status != http.StatusNotFound && a.Status != http.StatusGone {
		return nil
	}
	for _, v := range c.Names() {
		kept := s.t.Kept[v.Root]
		if kept == nil || len(v.Path) == 0 {
			continue
		}
		is, err := v.Path.Get(kept)
		if err != nil || is == record.Missing {
			continue
		}
		by := "as this delivery has kept it"
		if made := s.sent(v.Root, ""); made == nil || !made.Answered {
			last, e := s.last(ctx)
			if e != nil {
				return e
			}
			by = "as run " + last.Run + " left it"
		}
		w.Code = "call.missing"
		w.Text = fmt.Sprintf("%s; %s '%s' was known there by %s '%v', %s: it was deleted there, or the system was restored; verify with repair: true, then redrive",
			w.Text, s.d.spec.Entity, s.t.Key, v.Name, is, by)
		return nil
	}
	return nil
}

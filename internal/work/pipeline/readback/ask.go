package readback

import (
	"context"
	"net/http"
	"sync/atomic"
	"time"

	"godwit/internal/connector"
	"godwit/internal/expression"
	"godwit/internal/fault"
	"godwit/internal/record"
	"godwit/internal/unit/calls"
)

// patience is how long a system may not answer before the comparison ends: it is
// begun anew then, when its step says so. Safe for concurrent use.
type patience struct{ good atomic.Int64 }

const (
	longest   = 2 * time.Minute
	firstWait = 200 * time.Millisecond // before the second try, then doubled
	mostWait  = 10 * time.Second
)

func newPatience() *patience {
	p := &patience{}
	p.came()
	return p
}

func (p *patience) came() { p.good.Store(time.Now().UnixNano()) }

// again waits before a request that is asked once more, and reports whether it is.
func (p *patience) again(ctx context.Context, tries int, after time.Duration, err error) bool {
	if !fault.KindOf(err).Passing() || fault.CodeOf(err) == "limit.paused" {
		return false
	}
	wait := max(after, min(mostWait, firstWait<<min(tries, 16)))
	if time.Since(time.Unix(0, p.good.Load()))+wait > longest {
		return false
	}
	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}

// ask gives what a request finds, and has docs hold its answer. What is refused for
// now is asked again; 404 and 410 are nothing, and so is what cannot be asked, with
// the reason why.
func (c *Comparison) ask(ctx context.Context, m *expression.Machine, docs map[string]any, of *calls.Reading) (found []any, why string, err error) {
	for _, name := range []string{"status", "headers", "body"} {
		delete(docs, name)
	}
	look := of.LookUp()
	f, err := of.Asks(m, docs)
	if err != nil {
		return nil, "it was never delivered, or is to be delivered anew, or its call kept nothing: " + err.Error(), nil
	}
	r := connector.Request{Method: f.Method, Path: f.Path, Params: f.Params, Body: record.Missing}
	for tries := 0; ; tries++ {
		var a *connector.Answer
		found, a, err = connector.LookUp(ctx, c.caller, r, look.List, look.Whole(), func(answer map[string]any) ([]any, error) {
			for name, v := range answer {
				docs[name] = v
			}
			return look.Found(m, answer)
		})
		var after time.Duration
		if a != nil {
			after = a.After
		}
		switch {
		case err == nil:
			c.patient.came()
			return found, "", nil
		case fault.CodeOf(err) == "http.not-found" || a != nil && a.Status == http.StatusGone:
			c.patient.came()
			return nil, "", nil
		case ctx.Err() != nil:
			return nil, "", ctx.Err()
		case c.patient.again(ctx, tries, after, err):
			continue
		case fault.KindOf(err) == fault.Data:
			return nil, "", unreadable("%v", err)
		}
		return nil, "", err
	}
}

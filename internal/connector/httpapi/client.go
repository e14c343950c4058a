package httpapi

import (
	"compress/gzip"
	"context"
	"errors"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"time"

	"godwit/internal/connector"
	"godwit/internal/connector/httpapi/socket"
	"godwit/internal/fault"
	"godwit/internal/rate"
)

const (
	// mostBytes is the largest answer: it is held in memory.
	mostBytes = 64 << 20
	// tries of one request for a page. More would hide an outage from whoever
	// decides about the unit; none would throw a chunk away for each 503.
	tries    = 6
	firstTry = 200 * time.Millisecond // to the second one, then doubled
	// patience is the longest time that is waited for one try.
	patience  = time.Minute
	redirects = 5
)

// client sends requests. Safe for concurrent use.
type client struct {
	base    *url.URL
	auth    Auth
	headers map[string]string
	matrix  bool
	timeout time.Duration
	rules   rules
	http    *http.Client
	limiter *connector.OwnPace
	wait    time.Duration // before the second try, see firstTry

	mu    sync.Mutex
	known *login
}

// answer is one, all of it read.
type answer struct {
	status int
	header http.Header
	body   []byte
	after  time.Duration     // it is to be asked again no sooner
	seen   *connector.Answer // once somebody asked for it
}

// patiently asks again what is refused for now, since reading changes nothing.
func (c *client) patiently(ctx context.Context, t target) (*answer, error) {
	return c.asking(ctx, t, func() bool { return false })
}

// asking is patiently, until enough says that it is not worth it.
func (c *client) asking(ctx context.Context, t target, enough func() bool) (*answer, error) {
	wait := c.wait
	for try := 1; ; try++ {
		a, err := c.get(ctx, t)
		if err == nil || enough() || !fault.KindOf(err).Passing() || try == tries || ctx.Err() != nil {
			return a, err
		}
		pause := wait
		if a != nil {
			pause = max(wait, a.after)
		}
		if code := fault.CodeOf(err); pause > patience || code == "limit.paused" || code == "circuit.open" {
			return a, err
		}
		if err := c.limiter.Pace().Rest(ctx, pause); err != nil {
			return nil, err
		}
		wait *= 2
	}
}

// get asks once. With a status that is none of success the error comes with
// the answer.
func (c *client) get(ctx context.Context, t target) (*answer, error) {
	return c.do(ctx, &sending{method: http.MethodGet, target: t})
}

// do sends a request once, as the limits let it. Errors name method and path,
// never parameters.
func (c *client) do(ctx context.Context, s *sending) (*answer, error) {
	u, err := c.locate(s.target)
	if err != nil {
		return nil, err
	}
	l, err := c.login(ctx)
	if err != nil {
		return nil, err
	}
	end, err := c.limiter.Begin(ctx)
	if err != nil {
		return nil, fault.Wrap(c.held(err), "%s %s", s.method, shown(u))
	}
	s.begun = time.Now()
	if s.leave != nil {
		if err := s.leave(ctx); err != nil {
			end(rate.Answer{None: true})
			return nil, err
		}
	}
	a, err := c.send(ctx, u, l, s)
	if s.unwanted != nil {
		end(rate.Answer{None: true})
		return nil, s.doubt(s.unwanted)
	}
	end(c.took(ctx, a, err))
	switch {
	case ctx.Err() != nil:
		return nil, s.doubt(ctx.Err())
	case err != nil:
		return nil, s.doubt(fault.Wrap(c.unanswered(err, l), "%s %s", s.method, shown(u)))
	}
	if err = c.judge(a, l, s); err != nil {
		if a.status == http.StatusUnauthorized {
			c.forget()
		}
		return a, fault.Wrap(err, "%s %s", s.method, shown(u))
	}
	return a, nil
}

// took is what the limiter is to know of an answer. One that went wrong on the way
// shows that nobody is there; any other one, that somebody is.
func (c *client) took(ctx context.Context, a *answer, err error) rate.Answer {
	switch {
	case ctx.Err() != nil:
		return rate.Answer{None: true}
	case a == nil:
		return rate.Answer{Failed: fault.KindOf(c.unanswered(err, &login{})).Passing()}
	}
	kind := reasonOf(a.status, a.after > 0).kind
	return rate.Answer{
		Refused: a.status == http.StatusTooManyRequests || a.status == http.StatusServiceUnavailable, After: a.after,
		Failed: a.status >= http.StatusInternalServerError && kind == fault.Unavailable,
	}
}

// shown is an address as messages name it.
func shown(u *url.URL) string {
	path, _, _ := strings.Cut(u.EscapedPath(), ";")
	return path
}

// send sends a request and reads all of its answer, so that the connection can
// be used again.
func (c *client) send(ctx context.Context, u *url.URL, l *login, s *sending) (*answer, error) {
	way := &socket.Sending{Context: ctx, By: time.Now().Add(c.timeout)}
	way.Ready = func() error {
		begun, asked := s.begun, time.Now()
		s.begun = time.Time{} // a redirect has no place yet
		if err := c.limiter.Again(ctx, begun); err != nil {
			return err
		}
		way.By = way.By.Add(time.Since(asked))
		if s.leave != nil { // that was a while ago
			s.unwanted = s.leave(ctx)
		}
		return s.unwanted
	}
	r, err := s.request(way, u)
	if err != nil {
		return nil, err
	}
	r.Header.Set("Accept", "application/json")
	r.Header.Set("Accept-Encoding", "gzip")
	r.Header.Set("User-Agent", "godwit")
	for name, v := range c.headers {
		r.Header.Set(name, v)
	}
	for name, v := range s.headers {
		r.Header.Set(name, v)
	}
	l.sign(r)
	res, err := c.exchange(r)
	s.left = way.Left.Load()
	if err != nil {
		return nil, err
	}
	defer res.Body.Close()
	body, err := whole(res)
	if err != nil {
		return nil, err
	}
	if len(body) > mostBytes {
		return nil, fault.New(fault.Data, "http.answer", "the answer has more than %d MiB", mostBytes>>20).Hint("ask for smaller pages: pages: {size: N}")
	}
	return &answer{status: res.StatusCode, header: res.Header, body: body, after: after(res.Header.Get("Retry-After"), time.Now())}, nil
}

// exchange has a request answered. Redirects are followed only of what reads (samePlace),
// so the rest has nothing of the library's client.
func (c *client) exchange(r *http.Request) (*http.Response, error) {
	if r.Method != http.MethodGet {
		return c.http.Transport.RoundTrip(r)
	}
	return c.http.Do(r)
}

// whole reads an answer to its end, or to where it is too long.
func whole(res *http.Response) ([]byte, error) {
	from := io.Reader(res.Body)
	if strings.EqualFold(res.Header.Get("Content-Encoding"), "gzip") {
		res.Header.Del("Content-Encoding")
		res.Header.Del("Content-Length") // of what was sent
		var err error
		if from, err = gzip.NewReader(from); errors.Is(err, io.EOF) {
			return nil, nil // of an answer that has no body
		} else if err != nil {
			return nil, err
		}
	}
	return io.ReadAll(io.LimitReader(from, mostBytes+1))
}

// after reads a Retry-After (RFC 9110, 10.2.3): seconds, or a date.
func after(text string, now time.Time) time.Duration {
	if text == "" {
		return 0
	}
	if n, err := strconv.ParseInt(text, 10, 32); err == nil && n > 0 {
		return time.Duration(n) * time.Second
	}
	if t, err := http.ParseTime(text); err == nil && t.After(now) {
		return t.Sub(now)
	}
	return 0
}

// elsewhereError is a redirect that is not followed.
type elsewhereError struct{ host string }

func (e *elsewhereError) Error() string { return "it redirects to " + e.host }

// samePlace follows a redirect only to where the login may be sent, and only
// of what reads: others would be sent anew in another form.
func samePlace(r *http.Request, via []*http.Request) error {
	first := via[0].URL
	if via[0].Method != http.MethodGet {
		return http.ErrUseLastResponse
	}
	if r.URL.Scheme != first.Scheme || r.URL.Host != first.Host || len(via) > redirects {
		return &elsewhereError{r.URL.Scheme + "://" + r.URL.Host}
	}
	return nil
}

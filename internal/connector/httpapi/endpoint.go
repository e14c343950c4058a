package httpapi

import (
	"cmp"
	"context"
	"net/http"
	"net/url"
	"os"
	"sync/atomic"
	"time"

	"godwit/internal/catalog"
	"godwit/internal/connector"
	"godwit/internal/fault"
)

// Endpoint is an API, safe for concurrent use. All that is sent to it goes
// through one limiter, and through sockets that all endpoints of a connection share.
type Endpoint struct {
	connector.OwnPace
	name string
	client
	pages Pages
	back  func() // gives its sockets back

	refused atomic.Bool // the login, when it was inspected last
}

var (
	_ connector.Inspector    = (*Endpoint)(nil)
	_ connector.Examiner     = (*Endpoint)(nil)
	_ connector.RecordSource = (*Endpoint)(nil)
	_ connector.Lister       = (*Endpoint)(nil)
	_ connector.Paced        = (*Endpoint)(nil)
)

// Open makes an endpoint. Nothing is sent before it is used.
func Open(name string, s *Settings) (*Endpoint, error) {
	invalid := func(text string, args ...any) error {
		return fault.Wrap(fault.New(fault.Config, "settings.invalid", text, args...), "connection %q", name)
	}
	base, err := url.Parse(s.URL)
	switch {
	case err != nil || base.Scheme != "http" && base.Scheme != "https" || base.Host == "":
		return nil, invalid("url is not valid: write it as https://HOST/PATH")
	case base.User != nil || base.RawQuery != "" || base.Fragment != "":
		return nil, invalid("url holds more than scheme, host and path: a user stands in auth, parameters stand in params")
	}
	if why := s.Pages.problem(); why != "" {
		return nil, invalid("%s", why)
	}
	pace, err := s.Limit.Pace(name, s.Limit.Concurrency)
	if err != nil {
		return nil, err
	}
	shared := pool{name: name, scheme: base.Scheme, host: base.Host, concurrency: s.Limit.Concurrency}
	if s.TLS.CA != "" {
		pem, err := os.ReadFile(s.TLS.CA)
		if err != nil {
			return nil, invalid("tls: %w", err)
		}
		shared.roots = string(pem)
	}
	success, err := compile("success", s.Success, catalog.KindBool)
	if err != nil {
		return nil, fault.Wrap(err, "connection %q", name)
	}
	said, err := compile("error", s.Error, "")
	if err != nil {
		return nil, fault.Wrap(err, "connection %q", name)
	}
	sockets, back := shared.take()
	if sockets == nil {
		return nil, invalid("tls: %s holds no certificate", s.TLS.CA)
	}
	e := &Endpoint{back: back, OwnPace: connector.NewOwnPace(pace), name: name, pages: s.Pages}
	e.client = client{
		base: base, auth: s.Auth, headers: s.Headers, matrix: s.ParamsAs == asMatrix, timeout: s.Timeout, limiter: &e.OwnPace, wait: firstTry,
		rules: rules{success: success, said: said}, http: &http.Client{Transport: sockets, CheckRedirect: samePlace},
	}
	return e, nil
}

// Close is the connector.Endpoint's.
func (e *Endpoint) Close() error {
	e.back()
	return nil
}

// Timeout is the connector.Caller's.
func (e *Endpoint) Timeout() time.Duration { return e.timeout }

// TakesRequests is the connector.Requests'.
func (*Endpoint) TakesRequests() {}

// Inspect is the connector.Inspector's: any answer shows that it is there.
// Whether the login is right is seen by what is read; the URL itself may show that it is
// wrong, which Examine tells.
func (e *Endpoint) Inspect(ctx context.Context, _ catalog.Selection) (*catalog.Database, error) {
	db := &catalog.Database{System: System, Name: e.base.Host + e.base.Path, ID: System + " " + e.base.String()}
	// Whoever looks is told of a system that is away, and does not wait for it.
	a, err := e.asking(ctx, target{}, func() bool { return e.limiter.Pace().Away() })
	switch {
	case fault.CodeOf(err) == "http.redirect": // to its documentation, say
	case a == nil, fault.KindOf(err).Passing():
		return nil, fault.Wrap(err, "inspect %s", e.name)
	default:
		db.Version = a.header.Get("Server")
		e.refused.Store(a.status == http.StatusUnauthorized)
	}
	return db, nil
}

// Examine is the connector.Examiner's. What is wrong with the login or with a
// request stops the description of a source, before this is asked; of a target it may be
// seen by how the URL itself is answered, which some systems want no login for.
func (e *Endpoint) Examine(context.Context, string, catalog.Facts) ([]connector.Finding, error) {
	if e.refused.Load() {
		return []connector.Finding{{Severity: connector.Warns, Code: "http.denied", Object: e.base.Host,
			Text: "GET " + cmp.Or(e.base.Path, "/") + " is answered with 401 Unauthorized: the login seems to be wrong",
			Or:   []string{"see auth of connection " + e.name + ", and whether its secret is still valid"}}}, nil
	}
	text := "it answers"
	if e.base.Scheme == "http" {
		text += "; nothing is encrypted on the way"
	}
	return []connector.Finding{{Severity: connector.Passes, Code: "http.alive", Object: e.base.Host, Text: text}}, nil
}

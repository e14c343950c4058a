package socket

import (
	"io"
	"net/http"
	"strings"
)

// single sends each request once. The library sends what it takes to be harmless anew
// when a connection breaks: what reads, and what has an idempotency key. That would
// be a request that no limit knows of, nor the ledger.
type single struct{ *http.Transport }

// keys are the headers that it knows a request by, in its own spelling only: to a
// server case says nothing.
var keys = []string{"Idempotency-Key", "X-Idempotency-Key"}

// RoundTrip is the http.RoundTripper's.
func (s single) RoundTrip(r *http.Request) (*http.Response, error) {
	out := r.WithContext(r.Context()) // a copy: the caller's is not changed
	for _, name := range keys {
		if v := out.Header[name]; v != nil {
			out.Header = out.Header.Clone()
			delete(out.Header, name)
			out.Header[strings.ToLower(name)] = v
		}
	}
	if r.Method == http.MethodGet && (r.Body == nil || r.Body == http.NoBody) {
		out.Body = nothing{strings.NewReader("")}
	}
	return s.Transport.RoundTrip(out)
}

// nothing is a body that is over at once: a request that has one is not sent anew.
type nothing struct{ io.Reader }

func (nothing) Close() error { return nil }

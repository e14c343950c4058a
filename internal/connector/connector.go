// Package connector is the seam to systems. A connector is the code for one
// kind of system; an endpoint is an open connection to one; what it can do is
// told by the small capability interfaces of this package, asked for with As.
// Endpoints know no runs and no units: they read, write and count.
package connector

import (
	"context"

	"godwit/internal/fault"
	"godwit/internal/rate"
)

// Endpoint is an open, named connection, safe for concurrent use. It keeps a
// pool of sessions and opens them when needed; Close ends them all and may be
// called twice.
type Endpoint interface {
	Close() error
}

// Connector is one kind of system.
type Connector struct {
	System string // the key in godwit.yaml: postgres
	// Settings returns a pointer to a new settings struct; its tags are the
	// keys of the language. Passwords in it are secret.Source.
	Settings func() any
	// Check finds what the tags of the settings cannot say; nil finds nothing.
	Check func(settings any) []Problem
	// Schemes are those of its URLs, without "://".
	Schemes []string
	// FromURL fills settings from a URL, nil when the system has none.
	FromURL func(url string) (any, error)
	// Limit is the one that settings declare; nil when the system has none.
	Limit func(settings any) rate.Limit
	// Open makes an endpoint. It does not connect: the first use does.
	Open func(ctx context.Context, name string, settings any) (Endpoint, error)
}

// Opener gives the endpoint of a connection's name, the same one each time.
type Opener interface {
	Open(ctx context.Context, name string) (Endpoint, error)
}

// As returns the endpoint's capability T. The error is of kind config, code
// connection.unable, and says what the connection cannot do.
func As[T any](ep Endpoint, name, what string) (T, error) {
	if t, ok := ep.(T); ok {
		return t, nil
	}
	var none T
	return none, fault.New(fault.Config, "connection.unable", "connection %q cannot %s", name, what)
}

// Capable opens a connection and asks for a capability.
func Capable[T any](ctx context.Context, o Opener, name, what string) (T, error) {
	ep, err := o.Open(ctx, name)
	if err != nil {
		var none T
		return none, err
	}
	return As[T](ep, name, what)
}

type labelKey struct{}

// WithLabel names the sessions opened or used under this context, so that the
// server's own views show who they work for: "copy-1 copy/data/sales.event/3".
func WithLabel(ctx context.Context, label string) context.Context {
	return context.WithValue(ctx, labelKey{}, label)
}

// Spare is an endpoint that lends so many sessions and no more. SetAside keeps
// one of them for work under WithAside; it may be called again. Work that uses it
// must have asked for it before it holds any other session.
type Spare interface{ SetAside(context.Context) error }

// Both is an endpoint that lends so many sessions and no more. Both waits for two at
// once, for work that reads and writes there: under the context that it gives they are
// lent, until leave.
type Both interface {
	Both(context.Context) (ctx context.Context, leave func(), err error)
}

type asideKey struct{}

// WithAside marks work that is done while its caller holds other sessions, and
// that waits for nothing else: it gets the session that was set aside, so that
// callers never wait for each other.
func WithAside(ctx context.Context) context.Context { return context.WithValue(ctx, asideKey{}, true) }

// IsAside reports whether the context is one of WithAside.
func IsAside(ctx context.Context) bool { return ctx.Value(asideKey{}) != nil }

// Label returns the context's label, empty when it has none.
func Label(ctx context.Context) string {
	s, _ := ctx.Value(labelKey{}).(string)
	return s
}

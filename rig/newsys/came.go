package newsys

import (
	"context"
	"crypto/tls"
	"net"
	"sync/atomic"
	"time"
)

// latest is when that came in which was read from a connection last: the end of a
// request's head, when its handler begins.
type latest struct{ last atomic.Pointer[time.Time] }

func (c *latest) cameIn() *time.Time { return c.last.Load() }

type cameKey struct{}

// withCame has requests know their connection.
func withCame(ctx context.Context, c net.Conn) context.Context {
	if secure, ok := c.(*tls.Conn); ok {
		c = secure.NetConn()
	}
	if in, ok := c.(interface{ cameIn() *time.Time }); ok {
		return context.WithValue(ctx, cameKey{}, in.cameIn)
	}
	return ctx
}

// came is when the request came in that a handler begins with; now when nobody knows.
func came(ctx context.Context) time.Time {
	if cameIn, ok := ctx.Value(cameKey{}).(func() *time.Time); ok {
		if at := cameIn(); at != nil {
			return *at
		}
	}
	return time.Now()
}

package login

import (
	"context"
	"net"
	"time"
)

// Dial opens a socket that notices a peer that is gone after two minutes.
//
// TCP_USER_TIMEOUT is not set on it, nor on a source's side: Linux also counts
// a peer that answers but does not read (a zero window), so that a target
// waiting for a lock would end the stream that waits behind it. A load sets it
// on the server's side of a target, which sends next to nothing.
func Dial(ctx context.Context, network, address string) (net.Conn, error) {
	d := net.Dialer{KeepAliveConfig: net.KeepAliveConfig{
		Enable: true, Idle: time.Minute, Interval: 10 * time.Second, Count: 6,
	}}
	return d.DialContext(ctx, network, address)
}

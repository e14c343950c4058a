package socket

import (
	"context"
	"crypto/tls"
	"net"
)

// open makes a connection, nil when the server speaks something else. While that is not
// known yet, one does at a time.
func (p *Pool) open(ctx context.Context) (*conn, error) {
	if !p.known.Load() {
		if err := hold(ctx, p.first); err != nil {
			return nil, err
		}
		defer func() { <-p.first }()
	}
	if p.yields.Load() {
		return nil, nil
	}
	ctx, cancel := ending(ctx)
	defer cancel()
	plain, err := (&net.Dialer{}).DialContext(ctx, "tcp", p.addr)
	if err != nil {
		return nil, err
	}
	if !p.secure {
		return newConn(p, plain, plain), nil
	}
	soon, over := context.WithTimeout(ctx, handshakeTimeout)
	defer over()
	secure := tls.Client(plain, p.tls)
	if err := secure.HandshakeContext(soon); err != nil {
		_ = plain.Close()
		return nil, err
	}
	p.known.Store(true)
	if secure.ConnectionState().NegotiatedProtocol == "h2" {
		p.yields.Store(true)
		return nil, secure.Close()
	}
	return newConn(p, secure, plain), nil
}

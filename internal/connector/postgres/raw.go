package postgres

import (
	"context"
	"errors"
	"net"

	"godwit/internal/connector/postgres/wire"
	"godwit/internal/fault"
)

// raw lends the socket of an idle session to op, which must leave it at the
// point where the server is ready for the next query. When the context ends,
// the socket is closed at once. After any error the session is not used again.
func (s *session) raw(ctx context.Context, op func(net.Conn) error) error {
	if s.broken {
		return fault.New(fault.Internal, "session.broken", "the session had an error before")
	}
	connection := s.conn.PgConn()
	if err := connection.SyncConn(ctx); err != nil {
		return s.fault(ctx, err)
	}
	socket := connection.Conn()
	stop := context.AfterFunc(ctx, func() { socket.Close() })
	err := op(socket)
	if !stop() && err == nil {
		err = ctx.Err()
	}
	if err == nil {
		return nil
	}
	socket.Close()
	s.cancel()
	var other wire.Foreign
	if errors.As(err, &other) {
		s.broken = true
		return other
	}
	return s.fault(ctx, err)
}

// cancel tells the server to stop what the session ran, without waiting.
func (s *session) cancel() {
	connection := s.conn.PgConn()
	s.e.behind(func() {
		ctx, done := context.WithTimeout(context.Background(), cancelPatience)
		defer done()
		// Best effort: the server also notices the closed socket, later.
		_ = connection.CancelRequest(ctx)
	})
}

// wrap is fault.Wrap for this end's errors.
func wrap(err error, format string, args ...any) error {
	if other, ok := err.(wire.Foreign); ok {
		return other.Err
	}
	return fault.Wrap(err, format, args...)
}

package postgres

import (
	"context"

	"godwit/internal/connector"
	"godwit/internal/connector/postgres/login"
	"godwit/internal/connector/postgres/waits"
	"godwit/internal/fault"
)

// Waits is the connector.Waiter's: see waits.Of.
func (e *Endpoint) Waits(ctx context.Context, label string) (all []connector.Wait, err error) {
	err = e.glance(ctx, func(s *session) (err error) {
		all, err = waits.Of(ctx, s.conn, s.major, login.ApplicationName(label))
		return err
	})
	return all, fault.Wrap(err, "look at what %s waits for", e.name)
}

var _ connector.Waiter = (*Endpoint)(nil)

// Package postgres is the connector to PostgreSQL 12 and newer: sessions with
// fixed settings, snapshots that several sessions share, rows relayed as the
// wire's own frames, transactions that carry marks, sums by bucket, and what a
// session waits for. It knows no runs and no units. Start reading at
// endpoint.go, then session.go and snapshot.go; DESIGN.md has the whole.
package postgres

import (
	"context"

	"godwit/internal/connector"
	"godwit/internal/connector/postgres/login"
	"godwit/internal/connector/postgres/sqlstate"
	"godwit/internal/connector/postgres/twosessions"
	"godwit/internal/fault"
	"godwit/internal/rate"
)

// System is the connector's key in godwit.yaml.
const System = "postgres"

// Connector is the connector as a value.
func Connector() connector.Connector {
	return connector.Connector{
		System:   System,
		Schemes:  []string{"postgres", "postgresql"},
		Settings: func() any { return new(login.Settings) },
		Check:    func(settings any) []connector.Problem { return sqlstate.Check(settings.(*login.Settings).Errors) },
		FromURL:  login.FromURL,
		Limit: func(settings any) rate.Limit {
			l := settings.(*login.Settings).Limit
			return l.Limit(l.Concurrency)
		},
		Open: func(ctx context.Context, name string, settings any) (connector.Endpoint, error) {
			s, ok := settings.(*login.Settings)
			if !ok {
				return nil, fault.New(fault.Internal, "settings.type", "connection %q: settings are %T", name, settings)
			}
			e, err := Open(ctx, name, s)
			if err == nil && s.Limit.Connections == 2 {
				return twosessions.Of(e), nil
			}
			return e, err
		},
	}
}

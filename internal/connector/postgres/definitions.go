package postgres

import (
	"context"

	"godwit/internal/catalog"
	"godwit/internal/connector"
	"godwit/internal/connector/postgres/definition"
	"godwit/internal/connector/postgres/dump"
	"godwit/internal/fault"
)

var (
	_ connector.Definer = (*Endpoint)(nil)
	_ connector.Clearer = (*Endpoint)(nil)
)

// Definitions is the connector.Definer's: see definition.Read. db is that of
// Inspect with the same selection. Each transaction that sends definitions
// begins with dump.Preamble.
func (e *Endpoint) Definitions(ctx context.Context, snapshot string, sel catalog.Selection, db *catalog.Database) ([]catalog.Definition, error) {
	var all []catalog.Definition
	err := e.reading(ctx, snapshot, func(s *session) error {
		c, err := e.Config(ctx)
		if err != nil {
			return err
		}
		all, err = definition.Read(ctx, s.conn, dump.Request{
			Snapshot: snapshot, Label: e.label(ctx),
			Login: dump.Login{
				Host: c.Host, Port: c.Port, User: c.User, Password: c.Password, Database: c.Database,
				SSLMode: c.SSLMode, CA: c.CA, Cert: c.Cert, Key: c.Key, Options: c.Options,
			},
		}, sel, db)
		return err
	})
	return all, fault.Wrap(err, "read the definitions of %s", e.name)
}

// Clearing is the connector.Clearer's: see definition.Clear.
func (e *Endpoint) Clearing(ctx context.Context, policy string, sel catalog.Selection, source, _ *catalog.Database) (
	all []catalog.Definition, kept []catalog.Object, err error,
) {
	err = e.reading(ctx, "", func(s *session) (err error) {
		all, kept, err = definition.Clear(ctx, s.conn, policy, sel, source)
		return err
	})
	return all, kept, fault.Wrap(err, "make room in %s", e.name)
}

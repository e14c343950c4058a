package run

import (
	"context"

	"godwit/internal/catalog"
	"godwit/internal/control/doctor"
	"godwit/internal/control/flow"
	"godwit/internal/fault"
	"godwit/internal/unit"
)

// Doctor examines everything that a flow would use and changes nothing.
func (r *Runs) Doctor(ctx context.Context, b *flow.Bound) (*doctor.Diagnosis, error) {
	open := r.endpoints(b.Connections)
	defer open.Close()
	var needs []unit.Needs
	for _, s := range b.Steps {
		verb, ok := r.verb(s.Verb)
		if !ok {
			return nil, fault.New(fault.Internal, "verb.unknown", "step %s: no verb %q", s.ID, s.Verb)
		}
		n, err := verb.Needs(s.Spec)
		if err != nil {
			return nil, fault.Wrap(err, "step %s", s.ID)
		}
		needs = append(needs, n)
	}
	return doctor.Examine(ctx, open, needs)
}

// Inspect looks at one connection, all of it.
func (r *Runs) Inspect(ctx context.Context, name string, at flow.BoundConnection) (*catalog.Database, error) {
	open := r.endpoints(map[string]flow.BoundConnection{name: at})
	defer open.Close()
	return inspect(ctx, open, name, catalog.Selection{}, true)
}

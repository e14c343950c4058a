package run

import (
	"context"
	"errors"
	"maps"
	"slices"
	"sync"

	"godwit/internal/connector"
	"godwit/internal/control/flow"
	"godwit/internal/control/run/limits"
	"godwit/internal/fault"
)

// endpoints opens each named connection once and keeps it for the run.
type endpoints struct {
	runs  *Runs
	named map[string]flow.BoundConnection
	mu    sync.Mutex
	open  map[string]connector.Endpoint
	*limits.Watch
}

func (r *Runs) endpoints(named map[string]flow.BoundConnection) *endpoints {
	e := &endpoints{runs: r, named: named, open: map[string]connector.Endpoint{}}
	e.Watch = r.Paces.Watch(named, e.names)
	return e
}

// Open implements connector.Opener.
func (e *endpoints) Open(ctx context.Context, name string) (connector.Endpoint, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if ep := e.open[name]; ep != nil {
		return ep, nil
	}
	c, ok := e.named[name]
	if !ok {
		return nil, fault.New(fault.Config, "connection.unknown", "there is no connection %q", name)
	}
	system, ok := e.runs.system(c.System)
	if !ok {
		return nil, fault.New(fault.Config, "connection.system", "connection %s: this godwit has no connector for %q", name, c.System)
	}
	ep, err := system.Open(ctx, name, c.Settings)
	if err != nil {
		return nil, fault.Wrap(err, "open %s", name)
	}
	e.runs.Paces.Share(name, c, ep)
	e.open[name] = ep
	return ep, nil
}

// Close closes all of them; it may be called twice.
func (e *endpoints) Close() error {
	e.mu.Lock()
	defer e.mu.Unlock()
	var errs []error
	for _, ep := range e.open {
		errs = append(errs, ep.Close())
	}
	e.open = map[string]connector.Endpoint{}
	return errors.Join(errs...)
}

// names lists the connections that are open, sorted.
func (e *endpoints) names() []string {
	e.mu.Lock()
	defer e.mu.Unlock()
	return slices.Sorted(maps.Keys(e.open))
}

// Package opened keeps the connections that a run has open. Start at Pool.
package opened

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

// Pool opens each named connection once and keeps it for the run. It is safe for
// concurrent use.
type Pool struct {
	systems []connector.Connector
	named   map[string]flow.BoundConnection
	paces   *limits.Paces
	mu      sync.Mutex
	open    map[string]connector.Endpoint
	*limits.Watch
}

// New makes a pool in which nothing is open yet. Paces are what it keeps to; nil:
// to its own.
func New(named map[string]flow.BoundConnection, systems []connector.Connector, paces *limits.Paces) *Pool {
	p := &Pool{systems: systems, named: named, paces: paces, open: map[string]connector.Endpoint{}}
	p.Watch = paces.Watch(named, p.Names)
	return p
}

// Open implements connector.Opener.
func (p *Pool) Open(ctx context.Context, name string) (connector.Endpoint, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if ep := p.open[name]; ep != nil {
		return ep, nil
	}
	c, ok := p.named[name]
	if !ok {
		return nil, fault.New(fault.Config, "connection.unknown", "there is no connection %q", name)
	}
	at := slices.IndexFunc(p.systems, func(s connector.Connector) bool { return s.System == c.System })
	if at < 0 {
		return nil, fault.New(fault.Config, "connection.system", "connection %s: this godwit has no connector for %q", name, c.System)
	}
	ep, err := p.systems[at].Open(ctx, name, c.Settings)
	if err != nil {
		return nil, fault.Wrap(err, "open %s", name)
	}
	if err := p.paces.Share(name, c, ep); err != nil {
		return nil, errors.Join(err, ep.Close())
	}
	p.open[name] = ep
	return ep, nil
}

// Each opens all connections and does something with each, in no order, until
// the first error.
func (p *Pool) Each(ctx context.Context, do func(connector.Endpoint) error) error {
	for name := range p.named {
		ep, err := p.Open(ctx, name)
		if err == nil {
			err = do(ep)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// Close closes all of them; it may be called twice.
func (p *Pool) Close() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	var errs []error
	for _, ep := range p.open {
		errs = append(errs, ep.Close())
	}
	p.open = map[string]connector.Endpoint{}
	return errors.Join(errs...)
}

// Names lists the connections that are open, sorted.
func (p *Pool) Names() []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.Sorted(maps.Keys(p.open))
}

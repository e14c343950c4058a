package call

import (
	"context"

	"godwit/internal/connector"
	"godwit/internal/rate"
)

// limit holds the requests of all units of the step to its own limit, below that of
// the connection.
func (d *delivering) limit() error {
	l := rate.Limit{Rate: d.spec.Rate, Concurrency: d.spec.Concurrency}
	paced, ok := d.caller.(connector.Paced)
	if l.Rate == 0 && l.Concurrency == 0 || !ok {
		return nil
	}
	part, err := paced.Pace().Part(d.lease.Run+" "+d.unit.Step, "step "+d.unit.Step, l)
	d.caller = &limited{d.caller, part}
	return err
}

// limited takes a place of the step for each request, then one of the connection.
type limited struct {
	connector.Lister
	part *connector.Pace
}

// Call is the connector.Caller's.
func (l *limited) Call(ctx context.Context, r connector.Request) (*connector.Answer, error) {
	end, err := l.part.Begin(ctx)
	if err != nil {
		return nil, err
	}
	defer end(rate.Answer{None: true}) // how it went the connection knows
	return l.Lister.Call(ctx, r)
}

// List is the connector.Lister's. A look-up is one request to the step: what it reads
// behind the first page the connection holds to its limit.
func (l *limited) List(ctx context.Context, r connector.Request, items string) ([]any, error) {
	end, err := l.part.Begin(ctx)
	if err != nil {
		return nil, err
	}
	defer end(rate.Answer{None: true})
	return l.Lister.List(ctx, r, items)
}

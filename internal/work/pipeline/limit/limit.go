// Package limit is what a process may use of the place that its records are read
// from, below what the connection allows. Start at Limit.
package limit

import (
	"context"

	"godwit/internal/connector"
	"godwit/internal/fault"
	"godwit/internal/rate"
)

// Limit is a process's own; the lowest that holds wins.
type Limit struct {
	Rate        *float64 `flow:"rate,rate" help:"pages of at most 1,000 records in a second, as 5/s; of calls: requests"`
	Concurrency int      `flow:"concurrency" min:"1" help:"units at the same time; of calls: requests"`
}

// Requests is what it says of calls, 0 is any.
func (l Limit) Requests() (rate float64, most int) {
	if l.Rate != nil {
		rate = *l.Rate
	}
	return rate, l.Concurrency
}

// Problem is what is wrong with it, "" for nothing.
func (l Limit) Problem() string {
	if l.Rate != nil && *l.Rate <= 0 {
		return "the rate is 0: nothing would ever be read"
	}
	return ""
}

// Workers is how many units may run at the same time where n may by themselves.
func (l Limit) Workers(n int) int {
	if l.Concurrency > 0 {
		return min(n, l.Concurrency)
	}
	return n
}

// Read holds a step's readers of a connection to its rate, all of them together; nil
// is any.
func Read(ctx context.Context, open connector.Opener, from, run, step string, perSecond *float64, r connector.RecordReader) (connector.RecordReader, error) {
	if perSecond == nil {
		return r, nil
	}
	end, err := open.Open(ctx, from)
	if err != nil {
		return nil, err
	}
	paced, ok := end.(connector.Paced)
	if !ok {
		return r, nil
	}
	part, err := paced.Pace().Part(run+" "+step, "step "+step, rate.Limit{Rate: *perSecond})
	return connector.AtPace(r, part), err
}

// Both has the sessions of work that reads and writes at the same connection lent to
// it together, until leave: units side by side would wait for each other's second one.
func Both(ctx context.Context, open connector.Opener, from, to string) (both context.Context, leave func(), err error) {
	if from != to {
		return ctx, func() {}, nil
	}
	end, err := open.Open(ctx, to)
	if err != nil {
		return nil, nil, err
	}
	if b, ok := end.(connector.Both); ok {
		both, leave, err = b.Both(ctx)
		return both, leave, fault.Wrap(err, "connection %s", to)
	}
	return ctx, func() {}, nil
}

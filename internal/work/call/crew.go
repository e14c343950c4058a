package call

import (
	"context"

	"godwit/internal/expression"
)

// crew are the workers of a unit, each of which has one record after the other: a goroutine
// for each record would grow its stack anew every time.
type crew struct {
	tasks chan *task
	ends  chan *end
	size  int
	busy  int
}

func newCrew() crew { return crew{tasks: make(chan *task, workers), ends: make(chan *end, workers)} }

// hand gives a record to a worker. There is one: less than all of them are busy.
func (d *delivering) hand(ctx context.Context, t *task) {
	c := &d.crew
	if c.busy++; c.busy > c.size {
		c.size++
		go d.work(ctx, *c)
	}
	d.notes.desk.busy.Add(1)
	c.tasks <- t
}

func (d *delivering) work(ctx context.Context, c crew) {
	m := expression.NewMachine(d.program.Env)
	for t := range c.tasks {
		e := d.deliver(ctx, m, t)
		d.notes.desk.busy.Add(-1)
		c.ends <- e
	}
}

// takeAll takes in how a record's turn went, and those that came to their end meanwhile.
func (d *delivering) takeAll(e *end) (err error) {
	for more := len(d.crew.ends); ; more-- {
		d.crew.busy--
		if wrong := d.take(e); err == nil {
			err = wrong
		}
		if more == 0 {
			return err
		}
		e = <-d.crew.ends
	}
}

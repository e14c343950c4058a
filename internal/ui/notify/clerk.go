package notify

import (
	"context"
	"errors"
	"sync"
	"time"

	"godwit/internal/control/run/sight"
	"godwit/internal/fault"
	"godwit/internal/ui/notify/message"
	"godwit/internal/ui/notify/send"
	"godwit/internal/unit"
)

// clerk works at one desk: it sends what is due, one message at a time.
type clerk struct {
	office *Office
	wake   chan struct{}

	mu   sync.Mutex
	desk *desk
	shut bool // without an end: nothing more is told
}

// take puts news on the desk.
func (c *clerk) take(seen sight.Seen, news []message.Event, over bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, e := range seen.Events {
		if a, err := unit.Decode[unit.Alarm](e.Event); e.Kind == unit.AlarmTold && err == nil {
			c.desk.told(a)
		}
	}
	for _, e := range counts(c.office.run.Name, c.desk.alarm, seen, over) {
		c.desk.state(seen.At, e)
	}
	for _, e := range news {
		if c.desk.wants(e.Event) {
			c.desk.raise(seen.At, e)
		}
	}
	c.stir()
}

func (c *clerk) stir() {
	select {
	case c.wake <- struct{}{}:
	default:
	}
}

func (c *clerk) close(told bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.desk.close(time.Now())
	c.shut = !told
	c.stir()
}

// work goes on until the run is over and nothing is left.
func (c *clerk) work(ctx context.Context) {
	for {
		c.mu.Lock()
		if c.shut || c.desk.over() {
			c.mu.Unlock()
			return
		}
		l, wait := c.desk.next(time.Now(), c.office.fill)
		until := c.desk.until
		c.mu.Unlock()
		if l == nil {
			c.rest(ctx, wait)
			if ctx.Err() != nil && !until.IsZero() { // cut: what is left is written down as it is
				c.giveUp()
				return
			}
			continue
		}
		err := c.send(ctx, l, until)
		c.mu.Lock()
		told := c.desk.tried(time.Now(), err)
		c.mu.Unlock()
		if told != nil {
			c.office.run.Tell(context.WithoutCancel(ctx), *told)
		}
	}
}

// rest waits until there may be something to do.
func (c *clerk) rest(ctx context.Context, wait time.Duration) {
	if wait < 0 {
		wait = time.Hour
	}
	t := time.NewTimer(wait)
	defer t.Stop()
	select {
	case <-t.C:
	case <-c.wake:
	case <-ctx.Done():
		select {
		case <-c.wake: // the run's end
		case <-t.C:
		}
	}
}

// giveUp writes down what is not delivered when the command is cut.
func (c *clerk) giveUp() {
	c.mu.Lock()
	defer c.mu.Unlock()
	for !c.desk.over() {
		if l, _ := c.desk.next(time.Now().Add(longest), c.office.fill); l == nil {
			return
		}
		told := c.desk.tried(time.Now(), fault.New(fault.Cancelled, "run.cancelled", "the command was interrupted"))
		c.office.run.Tell(context.Background(), *told)
	}
}

// send tries a message once, at each address that does not have it yet.
func (c *clerk) send(ctx context.Context, l *letter, until time.Time) error {
	if !until.IsZero() {
		var cancel context.CancelFunc
		ctx, cancel = context.WithDeadline(ctx, until)
		defer cancel()
	}
	to := c.desk.alarm.To
	if len(to.Mail) > 0 || to.Owners {
		return c.mails(ctx, l)
	}
	m := l.Message
	if c.desk.alarm.Report {
		m.Report, _ = c.office.run.Report(ctx, "") // the news matter more
	}
	body, err := m.JSON()
	if err != nil {
		return fault.Wrap(err, "encode an alarm")
	}
	if to.Webhook != nil {
		return send.Webhook(ctx, *to.Webhook, body)
	}
	return send.Command(ctx, to.Command, body)
}

// mails sends to all addresses; the first error is returned when all were tried.
func (c *clerk) mails(ctx context.Context, l *letter) error {
	var list []Owner
	for _, address := range c.desk.alarm.To.Mail {
		list = append(list, Owner{Mail: address})
	}
	if c.desk.alarm.To.Owners {
		var err error
		if list, err = c.office.run.Owners(ctx); err != nil {
			return fault.Wrap(err, "look up the owners")
		}
	}
	var failed []error
	for _, one := range list {
		if l.done[one.Mail] {
			continue
		}
		var file *message.Attachment
		if c.desk.alarm.Report {
			file, _ = c.office.run.Report(ctx, one.Name)
		}
		err := send.Mail(ctx, *c.office.mail, one.Mail, l.Mail(c.office.mail.From, one.Mail, one.List, file))
		if err != nil {
			failed = append(failed, fault.Wrap(err, "%s", one.Mail))
			continue
		}
		l.done[one.Mail] = true
	}
	return worst(failed)
}

// worst is the error that decides whether a message is tried again: one that may
// pass, while there is one.
func worst(errs []error) error {
	for _, err := range errs {
		if fault.KindOf(err).Passing() {
			return err
		}
	}
	if len(errs) == 0 {
		return nil
	}
	return errors.Join(errs...)
}

package notify

import (
	"context"
	"reflect"
	"time"

	"godwit/internal/control/flow/alarm"
	"godwit/internal/fault"
	"godwit/internal/ui/notify/message"
	"godwit/internal/ui/notify/send"
)

// Tried is how a test message went to one receiver, or to one address.
type Tried struct {
	Receiver  string       `json:"receiver"`
	To        string       `json:"to,omitempty"`
	Delivered bool         `json:"delivered"`
	Fault     *fault.Fault `json:"fault,omitempty"`
}

// Trial sends one message, marked as a test, to each receiver of a set, once;
// owners are those that the project names.
func Trial(ctx context.Context, set alarm.Set, owners []Owner, m message.Message) []Tried {
	var all []Tried
	var seen []alarm.Receiver
	for _, a := range set.Alarms {
		if has(seen, a.To) {
			continue
		}
		seen = append(seen, a.To)
		list := []Owner{{}}
		switch {
		case a.To.Owners:
			list = owners
		case len(a.To.Mail) > 0:
			list = nil
			for _, address := range a.To.Mail {
				list = append(list, Owner{Mail: address})
			}
		}
		for _, one := range list {
			t := Tried{Receiver: a.To.String(), To: one.Mail}
			if len(a.To.Mail) > 0 {
				t.Receiver = "mail"
			}
			if err := try(ctx, set, a.To, one.Mail, m); err != nil {
				f := fault.Of(err)
				t.Fault = &f
			}
			t.Delivered = t.Fault == nil
			all = append(all, t)
		}
	}
	return all
}

func has(all []alarm.Receiver, one alarm.Receiver) bool {
	for _, r := range all {
		if reflect.DeepEqual(r, one) {
			return true
		}
	}
	return false
}

func try(ctx context.Context, set alarm.Set, to alarm.Receiver, address string, m message.Message) error {
	if address != "" {
		return send.Mail(ctx, *set.Mail, address, m.Mail(set.Mail.From, address, "", nil))
	}
	body, err := m.JSON()
	switch {
	case err != nil:
		return fault.Wrap(err, "encode an alarm")
	case to.Webhook != nil:
		return send.Webhook(ctx, *to.Webhook, body)
	}
	return send.Command(ctx, to.Command, body)
}

// TestEvent is the event of a test message.
const TestEvent = "alarms.test"

// TestMessage is one that says nothing has happened; id tells it from others.
func TestMessage(id, env string, rehearsal bool, by string) message.Message {
	now := time.Now().UTC().Truncate(time.Millisecond)
	m := message.Message{Type: "alarm", V: 1, ID: id, Test: true, Run: "test", Env: env, Rehearsal: rehearsal, At: now, Event: TestEvent,
		Events: []message.Event{{Event: TestEvent, Count: 1, First: now, Last: now, Run: "test", Text: "sent by " + by + "; nothing has happened"}}, Next: []string{}}
	m.Text = m.Line()
	return m
}

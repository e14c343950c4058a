package unit

import (
	"fmt"
	"strings"
)

// AlarmTold is the lasting event that somebody was told of something, or could
// not be told. Its body is an Alarm; the run's state does not depend on it.
const AlarmTold = "alarm"

// Alarm is one message of a run to one receiver, when nothing more is tried.
type Alarm struct {
	ID        string    `json:"id"`           // as the message has it
	Receiver  string    `json:"receiver"`     // for people; two may have the same name
	Key       string    `json:"key"`          // tells receivers apart
	To        []string  `json:"to,omitempty"` // addresses that have it, of mails
	Alarms    []Alarmed `json:"alarms"`
	Delivered bool      `json:"delivered"`
	Tries     int       `json:"tries"`
	Why       string    `json:"why,omitempty"` // it was not delivered
}

// Alarmed is what a message said happened, Count times together. Seq is the last
// event of the journal that it covers, 0 for what is no single event.
type Alarmed struct {
	Event string `json:"event"` // dead.first, run.failed, dead > 100
	Count int64  `json:"count"`
	Seq   int64  `json:"upto,omitempty"`
}

// String is the alarm as a line of the log.
func (a Alarm) String() string {
	parts := make([]string, len(a.Alarms))
	for i, e := range a.Alarms {
		if parts[i] = e.Event; e.Count > 1 {
			parts[i] = fmt.Sprintf("%s (%d)", e.Event, e.Count)
		}
	}
	what := strings.Join(parts, ", ")
	switch {
	case a.Delivered && a.Receiver == "owners" && len(a.To) == 0:
		return "alarm " + what + ": no owner has anything to mend"
	case a.Delivered && a.Receiver == "owners":
		return "alarm " + what + " sent: owners " + strings.Join(a.To, ", ")
	case a.Delivered:
		return "alarm " + what + " sent: " + a.Receiver
	}
	times := "once"
	if a.Tries != 1 {
		times = fmt.Sprintf("%d times", a.Tries)
	}
	return fmt.Sprintf("alarm not delivered: %s to %s, tried %s: %s", what, a.Receiver, times, a.Why)
}

package flow

import (
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"godwit/internal/control/flow/source"
)

// Retry says how often and how long a unit of the step is tried again.
type Retry struct {
	For      time.Duration `flow:"for" default:"30m" help:"how long, from the first failure on" json:"for"`
	Attempts int           `flow:"attempts" help:"how often at most; not given: only for decides" json:"attempts,omitempty"`
	Wait     time.Duration `flow:"wait" default:"1s" help:"before the second try" json:"wait"`
	Factor   float64       `flow:"factor" default:"2" help:"each wait is so many times the one before" json:"factor"`
	MaxWait  time.Duration `flow:"max_wait" default:"1m" help:"longest wait" json:"maxWait"`
	Only     []string      `flow:"only" enum:"unavailable,throttled,conflict" default:"unavailable,throttled,conflict" help:"kinds of errors that are tried again" json:"only"`
}

// Window is when a step may work: at its end it stops at chunk borders and
// goes on in the next one.
type Window struct {
	Opens Opening       `flow:"opens,required" help:"day and time, as Fri 20:00" json:"opens"`
	For   time.Duration `flow:"for,required" help:"how long it is open, less than a week" json:"for"`
	Zone  string        `flow:"zone,required" help:"time zone of opens, as Europe/Berlin" json:"zone"`
}

// Opening is a time of the week.
type Opening struct {
	Day          time.Weekday
	Hour, Minute int
}

// UnmarshalText reads "Fri 20:00".
func (o *Opening) UnmarshalText(text []byte) error {
	t, err := time.Parse("Mon 15:04", string(text))
	day, ok := weekday(string(text))
	if err != nil || !ok {
		return fmt.Errorf(`%s is no day and time as "Fri 20:00"`, source.Quote(string(text)))
	}
	*o = Opening{day, t.Hour(), t.Minute()}
	return nil
}

func weekday(text string) (time.Weekday, bool) {
	for day := time.Sunday; day <= time.Saturday; day++ {
		if strings.HasPrefix(text, day.String()[:3]+" ") {
			return day, true
		}
	}
	return 0, false
}

func (o Opening) String() string {
	return fmt.Sprintf("%s %02d:%02d", o.Day.String()[:3], o.Hour, o.Minute)
}

// MarshalJSON writes what UnmarshalText reads.
func (o Opening) MarshalJSON() ([]byte, error) { return json.Marshal(o.String()) }

// At returns the window that is open at t, else the next one to open. The
// clock of the zone decides: over a change of its offset the window opens at
// the same hour. The window's zone was looked up when it was decoded.
func (w Window) At(t time.Time) (opens, closes time.Time, err error) {
	zone, err := time.LoadLocation(w.Zone)
	if err != nil {
		return opens, closes, fmt.Errorf("window: %w", err)
	}
	local := t.In(zone)
	back := (int(local.Weekday()) - int(w.Opens.Day) + 7) % 7
	for days := -back - 7; ; days += 7 {
		opens = time.Date(local.Year(), local.Month(), local.Day()+days, w.Opens.Hour, w.Opens.Minute, 0, 0, zone)
		if closes = opens.Add(w.For); closes.After(t) {
			return opens, closes, nil
		}
	}
}

// limits finds what the tags of a window and a retry cannot say, as soon as
// their values are known.
func (d *decoder) limits(s Step, n *Node) {
	if d.scope.values == nil && n.Evaluated() {
		return
	}
	wrong := func(is bool, text string, next string, keys ...string) {
		if at := n.At(keys...); is && !d.Told(at) {
			d.Add(at, "flow.value", fmt.Sprintf("%s in %s %s", keys[1], keys[0], text), nonEmpty(next)...)
		}
	}
	if w := s.Window; w != nil {
		_, err := time.LoadLocation(w.Zone)
		wrong(err != nil || w.Zone == "Local" || w.Zone == "", "is no time zone: "+source.Quote(w.Zone), "write it as Europe/Berlin or UTC", "window", "zone")
		wrong(w.For <= 0 || w.For >= 7*24*time.Hour, "is longer than nothing and shorter than a week", "write it as 24h", "window", "for")
	}
	r := s.Retry
	wrong(r.Factor < 1, "is 1 or more", "", "retry", "factor")
	wrong(r.Attempts < 0 || r.Attempts == 0 && n.Field("retry") != nil && n.Field("retry").Value.Field("attempts") != nil, "is 1 or more", "", "retry", "attempts")
	wrong(r.Wait <= 0, "is longer than nothing", "", "retry", "wait")
	wrong(r.MaxWait < r.Wait, "is no shorter than wait", "", "retry", "max_wait")
}

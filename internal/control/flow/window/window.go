// Package window says when a step may work: hours of the week in a time zone.
// It is pure; start at Window.
package window

import (
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"godwit/internal/control/flow/source"
)

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

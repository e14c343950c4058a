package rate

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"godwit/internal/fault"
)

// Limit is what a connection may bear. The lowest rate that holds wins.
type Limit struct {
	Rate        float64            // requests a second, 0: any
	Concurrency int                // requests at the same time, 0: any
	Times       map[string]float64 // rates by hours of the week, see ParseHours
	Zone        string             // of the hours, as Europe/Berlin; "" is UTC
}

// Hours are some hours on some days of the week.
type Hours struct {
	days     [7]bool
	from, to int // minutes of the day; a to that is not behind from is of the next day
}

// ParseHours reads "Mon-Fri 07:00-19:00", "Sat,Sun 00:00-24:00" or, of all
// days, "22:00-06:00". What begins on a day belongs to it beyond midnight, too.
func ParseHours(text string) (Hours, error) {
	var h Hours
	bad := func() (Hours, error) {
		return Hours{}, fmt.Errorf("%q is no time of the week as \"Mon-Fri 07:00-19:00\"", text)
	}
	days, hours, ok := strings.Cut(text, " ")
	if !ok {
		days, hours = "Mon-Sun", text
	}
	for part := range strings.SplitSeq(days, ",") {
		first, last, several := strings.Cut(part, "-")
		if !several {
			last = first
		}
		a, b := weekday(first), weekday(last)
		if a < 0 || b < 0 {
			return bad()
		}
		for d := a; ; d = (d + 1) % 7 {
			h.days[d] = true
			if d == b {
				break
			}
		}
	}
	from, to, ok := strings.Cut(hours, "-")
	if h.from, h.to = minute(from), minute(to); !ok || h.from < 0 || h.to < 0 || h.from == 24*60 || h.from == h.to {
		return bad()
	}
	if h.to < h.from {
		h.to += 24 * 60
	}
	return h, nil
}

func weekday(text string) int {
	return slices.Index([]string{"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"}, text)
}

func minute(text string) int {
	if text == "24:00" {
		return 24 * 60
	}
	t, err := time.Parse("15:04", text)
	if err != nil || len(text) != len("15:04") {
		return -1
	}
	return t.Hour()*60 + t.Minute()
}

// Hold reports whether t, by the clock of its own zone, lies in the hours.
func (h Hours) Hold(t time.Time) bool {
	now := t.Hour()*60 + t.Minute()
	today, yesterday := int(t.Weekday()), (int(t.Weekday())+6)%7
	return h.days[today] && now >= h.from && now < h.to || h.days[yesterday] && now+24*60 < h.to
}

// profile is the rate by time.
type profile struct {
	rate  float64
	times []span
	zone  *time.Location
}

type span struct {
	Hours
	rate float64
	text string
}

func newProfile(l Limit) (profile, error) {
	p := profile{rate: l.Rate}
	var err error
	if p.zone, err = time.LoadLocation(l.Zone); err != nil {
		return p, fault.New(fault.Config, "limit.invalid", "limit: the time zone %q is not known", l.Zone).Hint("write it as Europe/Berlin")
	}
	for text, rate := range l.Times {
		h, err := ParseHours(text)
		if err != nil {
			return p, fault.New(fault.Config, "limit.invalid", "limit: %w", err)
		}
		if rate <= 0 {
			return p, fault.New(fault.Config, "limit.invalid", "limit: the rate of %q is 0: nothing would ever be sent", text).
				Hint("a window on the step says when it works at all")
		}
		p.times = append(p.times, span{h, rate, text})
	}
	return p, nil
}

// at is the rate at a time, 0 for any.
func (p profile) at(t time.Time) float64 {
	rate, _ := p.holding(t)
	return rate
}

// holding is at with the hours that make it lower, "" when none do.
func (p profile) holding(t time.Time) (rate float64, hours string) {
	rate = p.rate
	if len(p.times) == 0 {
		return rate, ""
	}
	t = t.In(p.zone)
	for _, s := range p.times {
		if s.Hold(t) && (rate == 0 || s.rate < rate) {
			rate, hours = s.rate, s.text
		}
	}
	return rate, hours
}

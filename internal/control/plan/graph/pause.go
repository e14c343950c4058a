package graph

import (
	"fmt"
	"strings"
	"time"
)

// pauseForms are how a time may be written in front of its zone.
var pauseForms = []string{time.DateTime, "2006-01-02 15:04", time.DateOnly}

// ReadPause reads a duration with its unit (10m), or a time with its zone: as
// RFC 3339 has it, or as 2026-12-01 08:00 Europe/Berlin, where the time of day
// may be left out. A time that the zone's clock skips is taken as it was before.
func ReadPause(text string) (Pause, error) {
	if d, err := time.ParseDuration(text); err == nil && d >= 0 && text != "0" {
		return Pause{For: d}, nil
	}
	if t, err := time.Parse(time.RFC3339, text); err == nil {
		return Pause{Until: t}, nil
	}
	at := strings.LastIndexByte(text, ' ')
	if at < 0 || text[at+1:] == "Local" { // another machine may go on
		return Pause{}, noPause(text)
	}
	zone, err := time.LoadLocation(text[at+1:])
	if err != nil {
		return Pause{}, noPause(text)
	}
	for _, form := range pauseForms {
		if t, err := time.ParseInLocation(form, text[:at], zone); err == nil {
			return Pause{Until: t}, nil
		}
	}
	return Pause{}, noPause(text)
}

func noPause(text string) error {
	return fmt.Errorf("%q is no duration, and no time with its zone", text)
}

// Due is when the wait is over, counted from now; v is what Expr gave.
func (p *Pause) Due(v any, now time.Time) (time.Time, error) {
	switch {
	case !p.Until.IsZero():
		return p.Until, nil
	case p.Expr == "":
		return now.Add(p.For), nil
	}
	switch v := v.(type) {
	case time.Time:
		return v, nil
	case time.Duration:
		return now.Add(v), nil
	case int:
		return now.Add(time.Duration(v) * time.Second), nil
	case int64:
		return now.Add(time.Duration(v) * time.Second), nil
	case float64:
		return now.Add(time.Duration(v * float64(time.Second))), nil
	case string:
		read, err := ReadPause(v)
		if err != nil {
			return time.Time{}, err
		}
		return read.Due(nil, now)
	}
	return time.Time{}, fmt.Errorf("%T is neither a duration nor a time", v)
}

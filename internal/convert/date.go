package convert

import (
	"regexp"
	"strings"
	"time"

	"godwit/internal/record"
)

func toDate(v any) (any, *Reason) {
	switch x := v.(type) {
	case time.Time:
		if why := checkYear(x); why != nil {
			return nil, why
		}
		if x.Equal(x.Truncate(24 * time.Hour)) {
			return v, nil
		}
		return nil, &Reason{Rule: "precision", Text: "has a time of day, a date has none"}
	case string:
		t, zoned, why := ReadTime(x)
		if why != nil {
			return nil, why
		}
		if zoned {
			return nil, &Reason{Rule: "type", Text: "is a moment, a date is wanted", Hint: "expr: clock(date(value), ZONE) is the date there"}
		}
		return toDate(t)
	}
	return nil, wrongType(v, "a date")
}

func toTimestamp(zone bool) Step {
	return func(v any) (any, *Reason) {
		switch x := v.(type) {
		case time.Time:
			if why := checkYear(x); why != nil {
				return nil, why
			}
			if x.Nanosecond()%1000 != 0 {
				return nil, &Reason{Rule: "precision", Text: "has parts of a microsecond, which would be lost"}
			}
			return v, nil
		case string:
			t, zoned, why := ReadTime(x)
			switch {
			case why != nil:
				return nil, why
			case zoned && !zone:
				return nil, &Reason{Rule: "type", Text: "has a time zone, the column has none", Hint: "expr: clock(date(value), ZONE) is what clocks show there"}
			case !zoned && zone:
				return nil, &Reason{Rule: "type", Text: "has no time zone, the column has one", Hint: "convert: {date: LAYOUT, zone: ZONE} says which"}
			case t.Nanosecond()%1000 != 0:
				return nil, &Reason{Rule: "precision", Text: "has parts of a microsecond, which would be lost"}
			}
			return t, nil
		}
		return nil, wrongType(v, "a time")
	}
}

var clock = regexp.MustCompile(`^([01][0-9]|2[0-3]):[0-5][0-9](:[0-5][0-9](\.[0-9]{1,6})?)?$`)

func toClock(v any) (any, *Reason) {
	text, ok := v.(string)
	if !ok {
		return nil, wrongType(v, "a time of day")
	}
	if text != "24:00:00" && !clock.MatchString(text) {
		return nil, &Reason{Rule: "type", Text: "is no time of day (15:04:05)"}
	}
	return v, nil
}

// isoLayouts are the forms of ISO 8601 that ReadTime knows, the zoned first.
var isoLayouts = []struct {
	layout string
	zoned  bool
}{
	{"2006-01-02T15:04:05Z07:00", true}, {"2006-01-02 15:04:05Z07:00", true}, {"2006-01-02T15:04:05-0700", true},
	{"2006-01-02 15:04:05-07", true}, {"2006-01-02T15:04:05", false}, {"2006-01-02 15:04:05", false},
	{"2006-01-02T15:04Z07:00", true}, {"2006-01-02T15:04", false}, {"2006-01-02 15:04", false},
}

// ReadTime reads ISO 8601: a date, or date and time, with or without a zone.
// Zoned says that it is a moment; otherwise it is a reading of a clock, as
// UTC. A date that does not exist is a reason, as are years outside 1..9999.
func ReadTime(text string) (t time.Time, zoned bool, why *Reason) {
	if len(text) == 10 {
		if t, err := time.Parse("2006-01-02", text); err == nil {
			return t, false, checkYear(t)
		}
	}
	if len(text) > 10 {
		for _, l := range isoLayouts {
			if t, err := time.Parse(l.layout, text); err == nil {
				return t.UTC(), l.zoned, checkYear(t)
			}
		}
	}
	r := &Reason{Rule: "type", Text: "is no date or time in ISO 8601", Hint: "convert: {date: LAYOUT} reads other forms"}
	if len(text) >= 10 && isoDate.MatchString(text[:10]) {
		r.Text, r.Hint = "is no date or time that exists", ""
	}
	if strings.TrimSpace(text) == "" {
		r.Text, r.Hint = "is a blank text, a time is wanted", "convert: blank_to_null makes it null"
	}
	return time.Time{}, false, r
}

var isoDate = regexp.MustCompile(`^[0-9]{4}-[0-9]{2}-[0-9]{2}$`)

func checkYear(t time.Time) *Reason {
	if y := t.UTC().Year(); y < 1 || y > 9999 {
		return &Reason{Rule: "range", Text: "lies outside the years 1 to 9999"}
	}
	return nil
}

// InZone is the moment at which clocks in a zone show a reading. One that they
// skip is a reason; of two moments with the same reading the first counts.
func InZone(reading time.Time, zone *time.Location) (time.Time, *Reason) {
	r := reading.UTC()
	t := time.Date(r.Year(), r.Month(), r.Day(), r.Hour(), r.Minute(), r.Second(), r.Nanosecond(), zone)
	if t.Hour() != r.Hour() || t.Minute() != r.Minute() || t.Day() != r.Day() {
		return t, &Reason{Rule: "convert", Text: "is a time that clocks in " + zone.String() + " skip"}
	}
	// time.Date does not say which of two it gives.
	start, _ := t.ZoneBounds()
	if !start.IsZero() {
		_, now := t.Zone()
		_, before := start.Add(-1).Zone()
		earlier := t.Add(time.Duration(now-before) * time.Second)
		if before > now && earlier.Before(start) {
			t = earlier
		}
	}
	return t.UTC(), checkYear(t)
}

// Reading is what clocks in a zone show at a moment, as UTC.
func Reading(moment time.Time, zone *time.Location) time.Time {
	t := moment.In(zone)
	return time.Date(t.Year(), t.Month(), t.Day(), t.Hour(), t.Minute(), t.Second(), t.Nanosecond(), time.UTC)
}

// epoch reads a number of units since 1970, in UTC.
func epoch(unit time.Duration) Step {
	return func(v any) (any, *Reason) {
		text, ok := Text(v, anyType)
		if _, isTime := v.(time.Time); isTime || !ok {
			return nil, &Reason{Rule: "convert", Text: "is " + Name(v) + ", a number since 1970 is wanted"}
		}
		d, ok := plainNumber(text)
		if !ok {
			return nil, &Reason{Rule: "convert", Text: "is no number since 1970"}
		}
		if _, isFloat := v.(float64); isFloat && strings.Contains(string(d), ".") {
			return nil, &Reason{Rule: "convert", Text: "is a float with a fraction, which is not exact"}
		}
		seconds, nanos, ok := split(d, unit)
		if !ok {
			return nil, &Reason{Rule: "convert", Text: "is no whole number of nanoseconds within the years 1 to 9999"}
		}
		t := time.Unix(seconds, nanos).UTC()
		return t, checkYear(t)
	}
}

// split gives whole seconds and nanoseconds of a plain number of units.
func split(d record.Decimal, unit time.Duration) (seconds, nanos int64, ok bool) {
	text, negative := strings.CutPrefix(string(d), "-")
	front, fraction, _ := strings.Cut(text, ".")
	fraction = strings.TrimRight(fraction, "0")
	digits := map[time.Duration]int{time.Second: 9, time.Millisecond: 6, time.Microsecond: 3, time.Nanosecond: 0}[unit]
	if len(fraction) > digits || len(front) > 18 {
		return 0, 0, false
	}
	all := front + fraction + strings.Repeat("0", digits-len(fraction)) // nanoseconds
	if len(all) <= 9 {
		all = strings.Repeat("0", 10-len(all)) + all
	}
	for _, c := range all[:len(all)-9] {
		if seconds = seconds*10 + int64(c-'0'); seconds > 1<<40 {
			return 0, 0, false
		}
	}
	for _, c := range all[len(all)-9:] {
		nanos = nanos*10 + int64(c-'0')
	}
	if negative {
		return -seconds, -nanos, true
	}
	return seconds, nanos, true
}

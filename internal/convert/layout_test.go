package convert

import (
	"strings"
	"testing"
)

func TestLayouts(t *testing.T) {
	t.Parallel()
	for _, layout := range []string{"2006-01-02", "2006-01-02 15:04:05", "2006-01-02T15:04:05.000-0700", "2006-01-02T15:04:05Z07:00", "02.01.2006", "2.1.06",
		"20060102", "20060102150405", "Mon, 2 Jan 2006 15:04:05", "Monday, January 2, 2006", "1/2/2006 3:04 PM", "03:04:05pm 02-Jan-06", "2006-002", "_2 Jan 2006",
		"2006-01-02 15:04:05.999999999", "2006-01-02 15:04:05,000", "x_2006", "2006.01.02", "2006 Q", "Jan 2006"} {
		if problem, _ := CheckLayout(layout); problem != "" {
			t.Errorf("%q: %s", layout, problem)
		}
	}
	for layout, want := range map[string]string{
		"24 Jun 2021":      "2 and 2 are both the day",
		"2021-06-24":       "are both the day",
		"YYYY-MM-DD":       "there is no year",
		"2006 MST":         "an abbreviation of a time zone",
		"":                 "there is no year",
		"02-01 15:04":      "there is no year",
		"dd.MM.yyyy HH:mm": "there is no year",
		"2006-01-02 8":     "the 8 in it is no part of a date",
		"2006-01-02 00:00": "the 0 in it is no part of a date",
		"2006-01-02 +0700": "the 0 in it is no part of a date",
		"2006-01-02.0005":  "the 0 in it is no part of a date",
		"2006-01-02 03:04": "03 is the hour of 12",
		"2006-02-01 02":    "02 and 02 are both the day",
		"2006-01-02 06":    "2006 and 06 are both the year",
		"2006-01-02 15h03": "03 is the hour of 12",
		"2006-06-01":       "2006 and 06 are both the year",
	} {
		if problem, next := CheckLayout(layout); next == "" || !strings.Contains(problem, want) {
			t.Errorf("%q: %s, %s, want %s", layout, problem, next, want)
		}
	}
}

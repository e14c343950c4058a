package convert

import (
	"fmt"
	"strings"
)

// layoutParts are what package time takes for a part of a date, by the part:
// of two with the same beginning the longer one first.
var layoutParts = []struct{ part, texts string }{
	{"month", "January Jan 01"}, {"weekday", "Monday Mon"}, {"zone", "MST"},
	{"zone", "Z07:00:00 Z070000 Z07:00 Z0700 Z07 -07:00:00 -070000 -07:00 -0700 -07"},
	{"year", "2006 _2006"}, {"day", "002 02 __2 _2"}, {hour12, "03"}, {"minute", "04"}, {"second", "05"}, {"year", "06"},
	{"hour", "15"}, {"month", "1"}, {"day", "2"}, {hour12, "3"}, {"minute", "4"}, {"second", "5"}, {half, "PM pm"},
}

const (
	hour12 = "hour of 12"
	half   = "half of the day"
)

// layoutPart is the part of a date that a layout begins with, and its text.
func layoutPart(layout string) (part, text string) {
	for _, p := range layoutParts {
		for _, text := range strings.Fields(p.texts) {
			if strings.HasPrefix(layout, text) {
				return p.part, text
			}
		}
	}
	if !strings.HasPrefix(layout, ".") && !strings.HasPrefix(layout, ",") {
		return "", ""
	}
	for _, digit := range []string{"0", "9"} {
		rest := strings.TrimLeft(layout[1:], digit)
		if len(rest) < len(layout)-1 && strings.IndexAny(rest, "0123456789") != 0 {
			return "fraction", layout[:len(layout)-len(rest)]
		}
	}
	return "", ""
}

// CheckLayout is what is wrong with a layout, which is how 2 January 2006 15:04:05
// looks, and what to write instead; empty for nothing. Package time takes any text:
// "24 Jun 2021" is day, minute, "Jun", day, day and month to it, and reads nonsense
// without an error.
func CheckLayout(layout string) (problem, next string) {
	const looks = `write how 2 January 2006 15:04:05 looks, as "02-01-2006 15:04"`
	seen := map[string]string{}
	for i := 0; i < len(layout); {
		part, text := layoutPart(layout[i:])
		switch was, twice := seen[part]; {
		case part == "" && layout[i] >= '0' && layout[i] <= '9':
			return fmt.Sprintf("%q is no layout: the %c in it is no part of a date", layout, layout[i]), looks
		case part == "":
			i++
			continue
		case twice:
			return fmt.Sprintf("%q is no layout: %s and %s are both the %s", layout, was, text, part), looks
		}
		seen[part] = text
		i += len(text)
	}
	switch {
	case seen["year"] == "":
		return fmt.Sprintf("%q is no layout: there is no year in it", layout), looks
	case seen["zone"] == "MST":
		return fmt.Sprintf("%q: an abbreviation of a time zone means different zones to different people", layout), "take MST away, and name the zone: zone: Europe/Berlin"
	case seen[hour12] != "" && seen[half] == "":
		return fmt.Sprintf("%q: %s is the hour of 12, and nothing says which half of the day", layout, seen[hour12]), "write 15 for the hour of 24, or add PM"
	}
	return "", ""
}

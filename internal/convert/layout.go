package convert

import (
	"fmt"
	"regexp"
	"strings"
	"time"

	"godwit/internal/catalog"
)

// element finds what a layout of time.Parse is made of.
var element = regexp.MustCompile(`January|Jan|Monday|Mon|MST|2006|[-+]07:00:00|Z07:00:00|Z070000|Z07:00|Z0700|Z07|-070000|-07:00|-0700|-07|[.,]0+|[.,]9+|002|__2|01|02|_2|03|04|05|06|15|PM|pm|1|2|3|4|5`)

// CheckLayout refuses layouts that are not what 2 January 2006 15:04:05 looks
// like, and those without a year: they read nonsense and give no error.
func CheckLayout(layout string) error {
	found := map[string]bool{}
	for _, e := range element.FindAllString(layout, -1) {
		found[e] = true
	}
	rest := element.ReplaceAllString(layout, "")
	switch {
	case strings.ContainsAny(rest, "0123456789"):
		return fmt.Errorf("%q holds other digits than 2 January 2006 15:04:05: a layout is what that moment looks like", layout)
	case found["MST"]:
		return fmt.Errorf("%q: abbreviations of time zones mean different zones to different people; zone: names one", layout)
	case !found["2006"] && !found["06"]:
		return fmt.Errorf("%q has no year", layout)
	}
	return nil
}

// date reads times by a layout. With a zone the reading is a moment in it; a
// time that is one already is taken as a reading of a clock there.
func date(layout, zone string) (Step, catalog.Type, error) {
	kind := catalog.Type{Kind: catalog.KindTimestamp}
	if layout != "" {
		if err := CheckLayout(layout); err != nil {
			return nil, kind, err
		}
	}
	var in *time.Location
	if zone != "" {
		var err error
		if in, err = time.LoadLocation(zone); err != nil || zone == "Local" {
			return nil, kind, fmt.Errorf("there is no time zone %q", zone)
		}
	}
	offset := strings.Contains(layout, "07")
	switch {
	case layout == "" && zone == "":
		kind = catalog.Type{}
	case offset && zone != "":
		return nil, kind, fmt.Errorf("the layout %q holds a time zone already", layout)
	case offset || zone != "":
		kind.Zone = true
	case !strings.Contains(layout, "15") && !strings.Contains(layout, "3"):
		kind = catalog.Type{Kind: catalog.KindDate}
	}
	return func(v any) (any, *Reason) {
		t, zoned, why := readBy(layout, v)
		if why == nil && in != nil {
			if zoned {
				return nil, &Reason{Rule: "convert", Text: "has a time zone already"}
			}
			t, why = InZone(t, in)
		}
		if why != nil {
			return nil, why
		}
		return t, nil
	}, kind, nil
}

func readBy(layout string, v any) (t time.Time, zoned bool, why *Reason) {
	if t, ok := v.(time.Time); ok {
		return t, false, nil
	}
	text, ok := v.(string)
	if !ok {
		if text, ok = Text(v, anyType); !ok {
			return t, false, refuse(v, "a text")
		}
	}
	if layout == "" {
		t, zoned, why = ReadTime(text)
		if why != nil {
			why.Rule = "convert"
		}
		return t, zoned, why
	}
	t, err := time.Parse(layout, text)
	if err != nil {
		if strings.HasSuffix(err.Error(), "out of range") {
			return t, false, &Reason{Rule: "convert", Text: "is no date or time that exists"}
		}
		return t, false, &Reason{Rule: "convert", Text: fmt.Sprintf("is not written like %q", layout)}
	}
	if strings.Contains(layout, "Mon") && !strings.EqualFold(t.Format(layout), text) &&
		!strings.Contains(strings.ToLower(text), strings.ToLower(t.Weekday().String()[:3])) {
		return t, false, &Reason{Rule: "convert", Text: "has another day of the week than its date"}
	}
	return t.UTC(), strings.Contains(layout, "07"), checkYear(t)
}

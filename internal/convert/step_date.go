package convert

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"godwit/internal/catalog"
)

// date reads times by a layout. With a zone the reading is a moment in it; a
// time that is one already is taken as a reading of a clock there.
func date(layout, zone string) (Step, catalog.Type, error) {
	kind := catalog.Type{Kind: catalog.KindTimestamp}
	if layout != "" {
		if problem, _ := CheckLayout(layout); problem != "" {
			return nil, kind, errors.New(problem)
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

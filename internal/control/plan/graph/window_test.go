package graph

import (
	"testing"
	"time"
)

func TestWindowEdges(t *testing.T) {
	t.Parallel()
	day := 24 * time.Hour
	for name, c := range map[string]struct {
		w    Window
		now  string
		open bool
		edge string
	}{
		"before":          {Window{"Fri 20:00", day, "Europe/Berlin"}, "2026-03-06T18:59:59Z", false, "2026-03-06T19:00:00Z"},
		"opens":           {Window{"Fri 20:00", day, "Europe/Berlin"}, "2026-03-06T19:00:00Z", true, "2026-03-07T19:00:00Z"},
		"over midnight":   {Window{"22:00", 8 * time.Hour, ""}, "2026-03-06T03:00:00Z", true, "2026-03-06T06:00:00Z"},
		"closes":          {Window{"22:00", 8 * time.Hour, ""}, "2026-03-06T06:00:00Z", false, "2026-03-06T22:00:00Z"},
		"next week":       {Window{"friday 20:00", time.Hour, ""}, "2026-03-06T21:00:00Z", false, "2026-03-13T20:00:00Z"},
		"whole week":      {Window{"Mon 00:00", 7 * day, ""}, "2026-03-06T21:00:00Z", true, "2026-03-16T00:00:00Z"},
		"summer, earlier": {Window{"20:00", time.Hour, "Europe/Berlin"}, "2026-03-29T12:00:00Z", false, "2026-03-29T18:00:00Z"},
		"winter, later":   {Window{"20:00", time.Hour, "Europe/Berlin"}, "2026-10-25T12:00:00Z", false, "2026-10-25T19:00:00Z"},
		"24 h of real time, short day": {Window{"Sat 20:00", day, "Europe/Berlin"}, "2026-03-29T18:30:00Z",
			true, "2026-03-29T19:00:00Z"}, // 21:00 on the clock
		"24 h of real time, long day": {Window{"Sat 20:00", day, "Europe/Berlin"}, "2026-10-25T17:30:00Z",
			true, "2026-10-25T18:00:00Z"}, // 19:00 on the clock
		"skipped time":    {Window{"02:30", time.Hour, "Europe/Berlin"}, "2026-03-28T23:30:00Z", false, "2026-03-29T01:30:00Z"}, // 03:30
		"time that twice": {Window{"02:30", time.Hour, "Europe/Berlin"}, "2026-10-24T23:00:00Z", false, "2026-10-25T00:30:00Z"},
		"second time":     {Window{"02:30", time.Hour, "Europe/Berlin"}, "2026-10-25T01:30:00Z", false, "2026-10-26T01:30:00Z"},
		"westward":        {Window{"01:30", time.Hour, "America/New_York"}, "2026-11-01T04:00:00Z", false, "2026-11-01T05:30:00Z"},
		"half an hour":    {Window{"02:15", time.Hour, "Australia/Lord_Howe"}, "2026-10-03T12:00:00Z", false, "2026-10-03T15:45:00Z"},
	} {
		t.Run(name, func(t *testing.T) {
			s, err := c.w.Read()
			if err != nil {
				t.Fatal(err)
			}
			now, _ := time.Parse(time.RFC3339, c.now)
			open, edge := s.At(now)
			if open != c.open || edge.UTC().Format(time.RFC3339) != c.edge {
				t.Fatalf("open %v until %v", open, edge.UTC().Format(time.RFC3339))
			}
		})
	}
}

// Minute by minute over both changes of the clock, the edge is where the
// answer changes.
func TestWindowEdgesAreWhereItChanges(t *testing.T) {
	t.Parallel()
	for _, w := range []Window{
		{"Sat 20:00", 24 * time.Hour, "Europe/Berlin"}, {"02:30", 90 * time.Minute, "Europe/Berlin"},
		{"00:00", 24 * time.Hour, "Europe/Berlin"}, {"01:30", 30 * time.Hour, "America/New_York"},
	} {
		s, err := w.Read()
		if err != nil {
			t.Fatal(err)
		}
		for _, from := range []string{"2026-03-28T00:00:00Z", "2026-10-24T00:00:00Z", "2026-10-31T00:00:00Z"} {
			now, _ := time.Parse(time.RFC3339, from)
			open, edge := s.At(now)
			for range 3 * 24 * 60 {
				now = now.Add(time.Minute)
				is, next := s.At(now)
				if is != open && !now.Equal(edge) {
					t.Fatalf("%v: changes at %v, not at %v", w, now, edge)
				}
				open, edge = is, next
			}
		}
	}
}

func TestWindowsThatCannotBe(t *testing.T) {
	t.Parallel()
	for _, w := range []Window{
		{"Fri 20:00", 0, ""}, {"20:00", 169 * time.Hour, ""}, {"Fry 20:00", time.Hour, ""}, {"8pm", time.Hour, ""},
		{"20:00", time.Hour, "Europe/Nowhere"}, {"20:00", time.Hour, "Local"}, {"", time.Hour, ""},
	} {
		if _, err := w.Read(); err == nil {
			t.Errorf("%+v is taken", w)
		}
	}
}

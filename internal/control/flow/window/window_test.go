package window

import (
	"testing"
	"time"
)

func TestWindowAt(t *testing.T) {
	t.Parallel()
	w := Window{Opens: Opening{Day: time.Friday, Hour: 20}, For: 24 * time.Hour, Zone: "Europe/Berlin"}
	for _, c := range []struct{ at, opens, closes string }{
		{"2026-01-05T00:00:00Z", "2026-01-09T19:00:00Z", "2026-01-10T19:00:00Z"}, // Monday
		{"2026-01-09T18:59:59Z", "2026-01-09T19:00:00Z", "2026-01-10T19:00:00Z"}, // just before
		{"2026-01-09T19:00:00Z", "2026-01-09T19:00:00Z", "2026-01-10T19:00:00Z"}, // opens
		{"2026-01-10T18:59:59Z", "2026-01-09T19:00:00Z", "2026-01-10T19:00:00Z"}, // Saturday, still open
		{"2026-01-10T19:00:00Z", "2026-01-16T19:00:00Z", "2026-01-17T19:00:00Z"}, // closed
		{"2026-07-01T00:00:00Z", "2026-07-03T18:00:00Z", "2026-07-04T18:00:00Z"}, // summer time
	} {
		at, err := time.Parse(time.RFC3339, c.at)
		if err != nil {
			t.Fatal(err)
		}
		opens, closes, err := w.At(at)
		if err != nil {
			t.Fatal(err)
		}
		if got := opens.UTC().Format(time.RFC3339); got != c.opens {
			t.Errorf("at %s: opens %s, want %s", c.at, got, c.opens)
		}
		if got := closes.UTC().Format(time.RFC3339); got != c.closes {
			t.Errorf("at %s: closes %s, want %s", c.at, got, c.closes)
		}
	}
}

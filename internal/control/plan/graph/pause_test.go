package graph

import (
	"testing"
	"time"
)

func TestReadPause(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"10m": "10m0s", "1h30m": "1h30m0s", "0s": "0s", "1.5s": "1.5s",
		"2026-12-01T08:00:00+01:00": "2026-12-01T07:00:00Z", "2026-12-01T08:00:00Z": "2026-12-01T08:00:00Z",
		"2026-12-01 08:00 Europe/Berlin": "2026-12-01T07:00:00Z", "2026-07-01 08:00:30 Europe/Berlin": "2026-07-01T06:00:30Z",
		"2026-12-01 UTC": "2026-12-01T00:00:00Z", "2026-12-01 Europe/Berlin": "2026-11-30T23:00:00Z",
		"2026-03-29 02:30 Europe/Berlin": "2026-03-29T01:30:00Z", // that the clock skips
	} {
		p, err := ReadPause(text)
		got := p.For.String()
		if !p.Until.IsZero() {
			got = p.Until.UTC().Format(time.RFC3339)
		}
		if err != nil || got != want {
			t.Errorf("%s: %s, %v; want %s", text, got, err, want)
		}
	}
	for _, text := range []string{"", "0", "10", "-10m", "2026-12-01", "2026-12-01 08:00", "2026-12-01 08:00 Europe/Nowhere", "2026-12-01 08:00 Local", "08:00 UTC", "tomorrow", "2026-02-30 UTC", "2026-12-01T08:00:00"} {
		if p, err := ReadPause(text); err == nil {
			t.Errorf("%q is taken: %+v", text, p)
		}
	}
}

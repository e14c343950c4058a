package chronicle

import (
	"context"
	"encoding/json"
	"slices"
	"time"

	"godwit/internal/ledger"
)

// probes is the kind of the units that ask whether something is so.
const probes = "probe"

// answer is what such a unit was last answered, "" when it was not.
func answer(u ledger.Unit) string {
	if u.Fault != nil {
		return u.Fault.Text
	}
	var text string
	if facts := Ended(u).Facts; json.Unmarshal(facts, &text) != nil { // no text when it was so
		return ""
	}
	return text
}

// Answers are what the steps of a run that wait for an answer were last answered,
// with how long ago that was.
func Answers(ctx context.Context, v *ledger.View, run int64, counts []ledger.Count, now time.Time) (map[string]string, error) {
	if !slices.ContainsFunc(counts, func(c ledger.Count) bool { return c.Kind == probes }) {
		return nil, nil
	}
	units, err := v.Units(ctx, run, ledger.Filter{Kind: probes}, 0)
	if err != nil {
		return nil, err
	}
	all := map[string]string{}
	for _, u := range units {
		text := answer(u)
		if text == "" {
			continue
		}
		all[u.Step] = text
		if !u.Ended.IsZero() {
			all[u.Step] += ", " + now.Sub(u.Ended).Round(time.Second).String() + " ago"
		}
	}
	return all, nil
}

package alarm

import (
	"encoding/json"
	"testing"
)

// FuzzCondition: what is read is written so that it is read again as the same.
func FuzzCondition(f *testing.F) {
	for _, text := range []string{"dead.first", "dead > 100", "issues>7%", "rejected > 0.1%", "pending >  0", "dead > 3.5", "lag > 3", "dead > 99999999999999999999", "issues > 100%", ""} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		var c, again Condition
		if c.ReadPlain(text) != nil {
			return
		}
		if (c.Event == "") == (c.Metric == "") {
			t.Fatalf("%q is %+v", text, c)
		}
		b, err := json.Marshal(c)
		if err != nil || json.Unmarshal(b, &again) != nil || again != c {
			t.Errorf("%q is %+v, and as %s %+v", text, c, b, again)
		}
	})
}

package httpapi

import (
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"godwit/internal/connector"
	"godwit/internal/fault"
	"godwit/rig/newsys"

	"github.com/google/go-cmp/cmp"
)

// made are objects over twenty years: most in a few busy seconds, parts of a second
// apart, at borders of windows and within them.
func made(i int) time.Time {
	r := rand.New(rand.NewPCG(uint64(i), 1))
	at := time.Date(2003+r.IntN(20), time.Month(1+r.IntN(12)), 1+r.IntN(28), 0, 0, r.IntN(60), 0, time.UTC)
	if r.IntN(2) == 0 {
		at = time.Date(2020, 6, 1, 12, 0, r.IntN(30), 0, time.UTC)
	}
	if r.IntN(3) == 0 {
		at = at.Add(time.Duration(r.IntN(1000)) * time.Millisecond)
	}
	return at
}

func split(s *Settings) { s.Pages.Split = &Split{From: "createdFrom", To: "createdTo", Above: 100} }

// TestSplit: a list that its system does not page through comes whole by windows, each
// object once, and is read on from every place.
func TestSplit(t *testing.T) {
	t.Parallel()
	s := system(t, 0, newsys.Options{Deepest: 100})
	s.FillAt(1250, made)
	whole := system(t, 0, newsys.Options{})
	whole.FillAt(1250, made)
	want, _, _, err := read(t, endpoint(t, settings(t, whole)), assignments)
	if err != nil {
		t.Fatal(err)
	}
	slices.Sort(want)
	if _, _, _, err := read(t, endpoint(t, settings(t, s)), assignments); err == nil {
		t.Fatal("the system pages through all of it")
	}
	for name, set := range ways(t) {
		c := settings(t, s)
		c.Pages.Size = 20
		if set(c); c.Pages.By == byLink || c.Pages.Size != 20 || c.Pages.Total.zero() {
			continue
		}
		split(c)
		e := endpoint(t, c)
		all, places, counts, err := read(t, e, assignments)
		if diff := cmp.Diff(want, slices.Sorted(slices.Values(all))); err != nil || diff != "" {
			t.Fatalf("%s: %d records: %v (-want +got):\n%.1000s", name, len(all), err, diff)
		}
		for i, after := range places {
			if after == nil || i%7 != 0 && i < len(places)-1 {
				continue
			}
			q := assignments
			q.After = after
			rest, _, _, err := read(t, e, q)
			if diff := cmp.Diff(append([]string{}, all[counts[i]:]...), append([]string{}, rest...)); err != nil || diff != "" {
				t.Fatalf("%s: behind %d records: %v (-want +got):\n%.1000s", name, counts[i], err, diff)
			}
		}
		listed, err := e.List(t.Context(), connector.Request{Method: "GET", Path: "/assignments"}, "body.results")
		if err != nil || len(listed) != 1250 {
			t.Errorf("%s: a list of %d: %v", name, len(listed), err)
		}
	}
	if v := s.Verdict(); v.Concurrency > 1 {
		t.Errorf("%d requests at the same time", v.Concurrency)
	}
}

// TestSplitWrong: what windows cannot hold is told, and nothing is passed over.
func TestSplitWrong(t *testing.T) {
	t.Parallel()
	day := time.Date(2020, 6, 1, 12, 0, 0, 0, time.UTC)
	for name, x := range map[string]struct {
		at   func(i int) time.Time
		code string
	}{
		"one second": {func(i int) time.Time { return day.Add(time.Duration(i) * time.Millisecond) }, "http.split"},
		"without a time": {func(i int) time.Time {
			return day.Add(time.Duration(i/140) * -50_000 * time.Hour).Add(time.Duration(i) * time.Minute)
		}, ""},
		"before time": {func(i int) time.Time {
			return map[bool]time.Time{false: day.Add(time.Duration(i) * time.Minute)}[i == 7]
		}, "http.total"},
		"in the future": {func(i int) time.Time { return time.Now().Add(time.Duration(i-149) * time.Hour) }, "http.total"},
	} {
		s := system(t, 0, newsys.Options{Deepest: 100})
		s.FillAt(150, x.at)
		c := settings(t, s)
		split(c)
		all, _, _, err := read(t, endpoint(t, c), assignments)
		if fault.CodeOf(err) != x.code || err == nil && len(all) != 150 {
			t.Errorf("%s: %d records, %v", name, len(all), err)
		}
	}
	for name, set := range map[string]func(*Pages){
		"a link": func(p *Pages) { p.By = byLink }, "no total": func(p *Pages) { p.Total = Path{} }, "no pages": func(p *Pages) { p.By = "" },
	} {
		c := settings(t, system(t, 0, newsys.Options{}))
		split(c)
		set(&c.Pages)
		if _, err := Open("api", c); fault.CodeOf(err) != "settings.invalid" {
			t.Errorf("%s: %v", name, err)
		}
	}
	c := settings(t, system(t, 300, newsys.Options{Deepest: 100}))
	split(c)
	if _, _, _, err := read(t, endpoint(t, c), connector.Query{Request: "GET /assignments", Key: []string{"externalId"}, Params: map[string][]string{"createdTo": {"2020-01-01T00:00:00Z"}}}); fault.CodeOf(err) != "query.invalid" {
		t.Errorf("a parameter of split in params: %v", err)
	}
}

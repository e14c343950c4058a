package cli

import (
	"fmt"
	"os"
	"slices"
	"sort"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"godwit/internal/control/run"
	"godwit/internal/ui/story"
	"godwit/internal/ui/view"
	"godwit/internal/unit"
)

// rates remembers what was seen a minute ago, for what is shown per second.
type rates struct {
	seen   map[string][]seen // by bar
	beaten time.Time
	began  map[string]time.Time
}

type seen struct {
	at    time.Time
	bytes int64
}

// beat reports whether a heartbeat for programs is due.
func (r *rates) beat(now time.Time) bool {
	if now.Sub(r.beaten) < 5*time.Second {
		return false
	}
	r.beaten = now
	return true
}

// rate is bytes per second over at most the last minute.
func (r *rates) rate(bar string, now time.Time, bytes int64) float64 {
	all := append(r.seen[bar], seen{now, bytes})
	for len(all) > 2 && now.Sub(all[0].at) > time.Minute {
		all = all[1:]
	}
	if r.seen == nil {
		r.seen = map[string][]seen{}
	}
	r.seen[bar] = all
	first := all[0]
	if took := now.Sub(first.at).Seconds(); took > 0.5 {
		return max(0, float64(bytes-first.bytes)/took)
	}
	return 0
}

// status puts a run as it stands into what is drawn.
func (r *rates) status(n *run.Now, zone *time.Location) view.Status {
	s := view.Status{
		Now: n.At.In(zone), Run: n.Run.Name(), State: n.State, Started: n.Run.Opened.In(zone), Elapsed: n.Took(),
		Plan: short(n.Run.PlanHash), Owner: n.Run.Owner, Account: n.Total(),
		Hint: "ctrl-c: stop at chunk borders, resumable",
	}
	s.Counts = view.Counts{Waits: int64(n.Waiting), Active: int64(len(n.Progress)), Dead: s.Account.Dead, Rejected: s.Account.Rejected}
	s.Bars = bars(n)
	for i := range s.Bars {
		if s.Bars[i].Bytes {
			s.Bars[i].Rate = r.rate(s.Bars[i].Name, n.At, s.Bars[i].Done)
		}
	}
	f := n.Forecast
	s.Forecast = view.Forecast{Share: f.Share, Known: f.Known, End: f.End.In(zone), Low: f.Low.In(zone), High: f.High.In(zone)}
	for _, p := range n.Progress {
		for _, w := range p.Waits {
			s.Waits = append(s.Waits, view.Wait{Unit: view.UnitName(p.Unit), Wait: w})
		}
		s.Active = append(s.Active, r.active(p, zone))
	}
	for _, h := range n.Held {
		name := view.UnitName(h.ID)
		if h.Step {
			name = "step " + h.ID
		}
		if h.Units > 1 {
			name += " and " + view.Count(h.Units-1) + " more"
		}
		s.Waits = append(s.Waits, view.Wait{Unit: name, Wait: h.Wait})
	}
	sort.Slice(s.Active, func(i, j int) bool { return s.Active[i].Unit < s.Active[j].Unit })
	return s
}

func (r *rates) active(p unit.Progress, zone *time.Location) view.Active {
	if r.began == nil {
		r.began = map[string]time.Time{}
	}
	if _, ok := r.began[p.Unit]; !ok {
		r.began[p.Unit] = p.At
	}
	a := view.Active{Unit: view.UnitName(p.Unit), Doing: p.Doing, Rows: p.Rows, Since: r.began[p.Unit].In(zone)}
	if p.Total > 1 && p.Done > 0 {
		a.Doing = fmt.Sprintf("%s %d %%", p.Doing, min(99, p.Done*100/p.Total))
	}
	if took := p.At.Sub(r.began[p.Unit]).Seconds(); took > 0.5 {
		a.Rate = float64(p.Bytes) / took
	}
	return a
}

func short(hash string) string { return hash[:min(6, len(hash))] }

// classes of units as bars, in the order of the work.
var classes = []struct {
	name    string
	kinds   map[string]bool
	bytes   bool // weights are bytes
	records bool // weights are records
}{
	{"copy", map[string]bool{"data": true, "small": true}, true, false},
	{"load", map[string]bool{"load": true}, false, true},
	{"produce", map[string]bool{"produce": true}, false, true},
	{"deliver", map[string]bool{"deliver": true}, false, true},
	{"index", map[string]bool{"index": true, "key": true, "foreign": true}, false, false},
	{"verify", map[string]bool{"table": true, "around": true}, true, false},
	{"compare", map[string]bool{"compare": true}, false, true},
}

func bars(n *run.Now) []view.Bar {
	var list []view.Bar
	for _, c := range classes {
		b := view.Bar{Name: c.name, Bytes: c.bytes}
		for _, k := range n.Counts {
			if !c.kinds[k.Kind] {
				continue
			}
			size := int64(k.Units)
			if c.bytes || c.records {
				size = k.Weight
			}
			b.Total += size
			if k.State == "done" || (c.name == "verify" || c.name == "compare") && k.State == "failed" { // compared, and different
				b.Done += size
			}
		}
		if c.bytes || c.records {
			for _, p := range n.Progress {
				if c.kinds[unit.KindOf(p.Unit)] {
					b.Done = min(b.Total, b.Done+p.Done)
				}
			}
		}
		if b.Total > 0 {
			list = append(list, b)
		}
	}
	return list
}

func (s *session) statusCommand() *cobra.Command {
	follow, code := false, false
	c := &cobra.Command{
		Use:     "status RUN",
		Short:   "Show a run, from any process, also a dead one",
		Example: "  godwit status copy-1\n  godwit status copy-1 --exit-code",
		Args:    takes("RUN"),
	}
	c.Flags().BoolVar(&follow, "follow", false, "show it until it ends")
	c.Flags().BoolVar(&code, "exit-code", false, "exit with the run's exit code; 5 when it has not ended")
	c.RunE = func(c *cobra.Command, args []string) error {
		runs, done, err := s.existing(c.Context())
		if err != nil {
			return err
		}
		defer done()
		var r rates
		for {
			now, err := s.statusOf(c, runs, args[0], &r)
			if follow && c.Context().Err() != nil {
				return nil // that ends looking
			}
			if err != nil {
				return err
			}
			if !follow || now.Run.State == "ended" {
				return exitOf(now, code)
			}
			select {
			case <-c.Context().Done():
				return nil
			case <-time.After(2 * time.Second):
			}
		}
	}
	return c
}

func exitOf(now *run.Now, code bool) error {
	switch {
	case !code:
		return nil
	case now.Run.State != "ended":
		return exit{ExitStopped}
	case now.Run.Exit != 0:
		return exit{now.Run.Exit}
	}
	return nil
}

func (s *session) statusOf(c *cobra.Command, runs *run.Runs, name string, r *rates) (*run.Now, error) {
	found, err := runs.Find(c.Context(), name)
	if err != nil {
		return nil, err
	}
	now, err := runs.Now(c.Context(), found)
	if err != nil {
		return nil, err
	}
	drawn := r.status(now, s.Zone)
	drawn.Hint, drawn.Below = "", rows(now)
	if found.State == "ended" {
		drawn.State = view.Ended(found.Outcome, found.Exit)
		drawn.Forecast.Over = true
	} else if !now.Owned() {
		drawn.Lost = &view.Lost{Owner: found.Owner, Wrote: now.Wrote.In(s.Zone), Lease: now.Lease, Resume: "godwit resume " + found.Name()}
		drawn.Lost.Waits = slices.DeleteFunc(drawn.Waits, func(w view.Wait) bool { return !strings.HasPrefix(w.Unit, "step ") })
		for _, k := range now.Counts {
			drawn.Lost.Units += int64(k.Units)
			switch k.State {
			case "done":
				drawn.Lost.Done += int64(k.Units)
			case "running":
				drawn.Lost.InFlight += int64(k.Units)
			}
		}
	}
	value := statusOf(now)
	if drawn.After, err = after(c.Context(), runs, found, now.Total()); err != nil {
		return nil, err
	}
	if value.Since = drawn.After.Ends; drawn.After.Open >= 0 {
		value.Open = &drawn.After.Open
	}
	parts, err := runs.Parts(c.Context(), found, now.Owned())
	if err != nil {
		return nil, err
	}
	value.Called = story.Called(parts)
	if err := s.show("status", drawn, value); err != nil {
		return now, err
	}
	if len(parts) > 0 && !s.json {
		fmt.Fprintln(s.Out)
		if err := view.Show(s.out(), story.Rollup(parts)); err != nil {
			return now, err
		}
	}
	if err := s.changed(c.Context(), runs, ""); err != nil || found.Outcome != "failed" || s.json {
		return now, err
	}
	st, err := runs.Story(c.Context(), found)
	if err != nil {
		return nil, err
	}
	s.sayAll(st.Failed()) // why
	return now, nil
}

// rows are the rows that only status shows.
func rows(n *run.Now) (list []view.Row) {
	for i, l := range n.Limits {
		row := view.Row{Text: l.Connection + " " + l.Text}
		if i == 0 {
			row.Label = "limits"
		}
		list = append(list, row)
	}
	if n.Answered > 0 {
		list = append(list, view.Row{Label: "answered", Text: view.Count(n.Answered) + " more, in the accounts when their chunk is settled"})
	}
	if len(n.Passed) > 0 {
		list = append(list, view.Row{Label: "skipped", Text: view.Few(n.Passed)})
	}
	return list
}

// line says something in passing, on standard error, without --json.
func (s *session) line(format string, args ...any) {
	if !s.json {
		fmt.Fprintf(s.Err, format+"\n", args...)
	}
}

// terminal reports whether a stream is a terminal that can be asked.
func terminal(w any) bool {
	f, ok := w.(*os.File)
	return ok && view.Terminal(f)
}

// Package standing says how a run stands: as a screen, for people, and as a value,
// for programs. Start at Rates.Screen and ValueOf.
package standing

import (
	"fmt"
	"slices"
	"sort"
	"strings"
	"time"

	"godwit/internal/control/run"
	"godwit/internal/ui/view"
	"godwit/internal/unit"
)

// Rates remembers what was seen a minute ago, for what is shown per second.
type Rates struct {
	seen   map[string][]seen // by bar
	beaten time.Time
	began  map[string]time.Time
}

type seen struct {
	at    time.Time
	bytes int64
}

// Beat reports whether a heartbeat for programs is due.
func (r *Rates) Beat(now time.Time) bool {
	if now.Sub(r.beaten) < 5*time.Second {
		return false
	}
	r.beaten = now
	return true
}

// rate is bytes per second over at most the last minute.
func (r *Rates) rate(bar string, now time.Time, bytes int64) float64 {
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

// Screen draws a run that is under way.
func (r *Rates) Screen(n *run.Now, zone *time.Location) view.Status {
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

func (r *Rates) active(p unit.Progress, zone *time.Location) view.Active {
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

// Whole draws a run from any process, also one that has ended or was left: with
// all that only status shows. What it has called, and what became of the records
// that it did not load, is not among it.
func (r *Rates) Whole(n *run.Now, zone *time.Location) view.Status {
	s := r.Screen(n, zone)
	s.Hint, s.Below = "", rows(n)
	switch {
	case n.Run.State == "ended":
		s.State = view.Ended(n.Run.Outcome, n.Run.Exit)
		s.Forecast.Over = true
	case !n.Owned():
		s.Lost = lost(n, zone)
		s.Lost.Waits = slices.DeleteFunc(s.Waits, func(w view.Wait) bool { return !strings.HasPrefix(w.Unit, "step ") })
	}
	return s
}

// lost is how far a run has come that nobody owns.
func lost(n *run.Now, zone *time.Location) *view.Lost {
	l := &view.Lost{Owner: n.Run.Owner, Wrote: n.Wrote.In(zone), Lease: n.Lease, Resume: "godwit resume " + n.Run.Name()}
	for _, k := range n.Counts {
		l.Units += int64(k.Units)
		switch {
		case k.State == "done":
			l.Done += int64(k.Units)
		case k.Settled > 0 || k.Kind == "deliver" && k.State == "running": // what was answered is not sent again
			l.GoesOn += int64(k.Units)
		case k.State == "running":
			l.InFlight += int64(k.Units)
		}
	}
	return l
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

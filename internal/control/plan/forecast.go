package plan

import (
	"encoding/json"
	"math"
	"time"

	"godwit/internal/control/plan/pool"
	"godwit/internal/control/plan/tally"
	"godwit/internal/unit"
)

// Forecast says when a run will end if nothing else happens: the Machine
// itself, run ahead with the speed so far, its limits, dependencies, windows
// and waits.
type Forecast struct {
	End   time.Time
	Low   time.Time // the end will hardly be before
	High  time.Time // or after
	Known bool      // false: some class of units has no speed yet, the times mean nothing
	Share float64   // of the weight that is done, 0 to 1
	Open  []string  // nodes whose time cannot be known: approvals, probes, work not yet found
}

// furthest is how many units are looked ahead; beyond it there is no forecast.
const furthest = 250_000

// guess is what a Machine that looks ahead has had to leave open.
type guess struct{ open []string }

func (g *guess) leave(in *instance) { g.open = append(g.open, in.id) }

// Forecast looks ahead from now. It changes nothing; its cost grows with the
// units that are left: milliseconds for 5,000.
func (m *Machine) Forecast(now time.Time, r Rates) Forecast {
	now = ms(now)
	f := Forecast{End: now, Low: now, High: now, Known: true, Share: m.tallies.Share(r)}
	if m.run.finished || !m.run.started {
		f.Known = m.run.finished
		return f
	}
	a := &ahead{from: m, m: m.clone(), rates: r, now: now, ends: map[*pool.Work]time.Time{}}
	a.m.guess = &guess{}
	a.m.run.paused, a.m.run.resting = false, false
	f.Known = a.run() && m.tallies.Basis(r)
	f.End, f.Open = a.now, a.m.guess.open
	left := f.End.Sub(now)
	early, late := 0.10, 0.15 // seen over simulated runs, as are those below
	if f.Share < 0.25 {
		early, late = 0.15, 0.30
	}
	f.Low = f.End.Add(-time.Duration(early * float64(left)))
	f.High = f.End.Add(time.Duration(late * float64(left)))
	return f
}

// ahead runs a copy of a Machine, where every unit takes what it is expected
// to take.
type ahead struct {
	from  *Machine
	m     *Machine
	rates Rates
	now   time.Time
	ends  map[*pool.Work]time.Time
}

// run goes on until the run is done; false means that it cannot be known.
func (a *ahead) run() bool {
	known := true
	for range furthest {
		a.agree()
		_, turn := a.m.Next(a.now)
		if turn.Done {
			return known
		}
		next := turn.Wake
		for _, w := range a.m.running {
			if _, ok := a.ends[w]; !ok {
				end, ok := a.end(w)
				known = known && ok
				a.ends[w] = end
			}
			next = sooner(next, a.ends[w])
		}
		if next.IsZero() && len(a.m.Asking()) == 0 {
			return false // it waits for what nobody can foresee
		}
		a.now = later(a.now, next)
		a.settle()
	}
	return false
}

// end is when a running unit will be done.
func (a *ahead) end(w *pool.Work) (time.Time, bool) {
	in := a.m.at(w)
	rate, known := a.from.tallies.Rate(w.Unit.Class, a.rates)
	took := time.Duration(math.Round(rate*float64(tally.Weight(w.Unit))*1000)) * time.Millisecond
	if in.node.WaitFor != nil || in.loop != nil || w.Unit.Kind == looks {
		a.m.guess.leave(in)
		return a.now, true
	}
	end := time.UnixMilli(w.Began).Add(took)
	if least := a.now.Add(took / 10); end.Before(least) {
		end = least
	}
	return ms(end), known
}

// settle lets the units end whose time has come.
func (a *ahead) settle() {
	var ended []*pool.Work
	for _, w := range a.m.running {
		if !a.ends[w].After(a.now) {
			ended = append(ended, w)
		}
	}
	for _, w := range ended {
		delete(a.ends, w)
		end := unit.Ended{}
		if a.m.at(w).loop != nil {
			end.Facts = json.RawMessage("[]")
		}
		a.m.stop(w)
		a.m.settle(w, unit.UnitDone, end, a.now)
	}
}

// agree approves at once what is asked for, and says that it was.
func (a *ahead) agree() {
	for _, q := range a.m.Asking() {
		in := a.m.places[q.Node]
		in.life.approved = true
		a.m.guess.leave(in)
	}
}

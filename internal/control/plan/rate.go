package plan

import (
	"math"
	"time"

	"godwit/internal/unit"
)

// halfLife is how fast the speed of finished units fades.
const halfLife = 15 * time.Minute

// enough is how many units of a class must be done before its speed is taken
// at its word.
const enough = 3

// pace is how many seconds a class's finished units took for their weight;
// old ones fade.
type pace struct {
	units   int
	seconds float64
	weight  float64
	at      time.Time
}

// learn takes in what a finished unit took.
func (m *Machine) learn(u *unit.Unit, seconds float64, at time.Time) {
	if m.guess != nil {
		return
	}
	if m.tallies.pace == nil {
		m.tallies.pace = map[string]*pace{}
	}
	p := m.tallies.pace[u.Class]
	if p == nil {
		p = &pace{at: at}
		m.tallies.pace[u.Class] = p
	}
	if gone := at.Sub(p.at); gone > 0 {
		fade := math.Exp2(-float64(gone) / float64(halfLife))
		p.seconds, p.weight, p.at = p.seconds*fade, p.weight*fade, at
	}
	p.units++
	p.seconds += seconds
	p.weight += float64(weigh(u))
}

func (p *pace) measured() bool { return p != nil && p.units >= enough && p.weight > 0 }

// Rates are seconds per weight by class from elsewhere: of an earlier run of
// the flow, and as built in. Either may be nil.
type Rates struct {
	Earlier map[string]float64
	Default map[string]float64
}

// rate is a class's seconds per weight: this run's own, else an earlier run's,
// else the built-in one, the latter two as much faster or slower as this run
// is in what it has measured.
func (m *Machine) rate(class string, r Rates) (rate float64, known bool) {
	if p := m.tallies.pace[class]; p.measured() {
		return p.seconds / p.weight, true
	}
	for _, given := range []map[string]float64{r.Earlier, r.Default} {
		if rate, ok := given[class]; ok {
			return rate * m.ratio(given), true
		}
	}
	return 0, false
}

// ratio is this run's time over the time that the given rates make of the
// same work, 1 if nothing can be compared.
func (m *Machine) ratio(given map[string]float64) float64 {
	var took, expected float64
	for _, c := range m.tallies.order { // in an order, so that sums are always the same
		p := m.tallies.pace[c.Class]
		if rate, ok := given[c.Class]; ok && p.measured() && rate*p.weight > 0.2 { // seconds: less is all fixed costs
			took += p.seconds
			expected += rate * p.weight
		}
	}
	if took <= 0 || expected <= 0 {
		return 1
	}
	return min(20, took/expected)
}

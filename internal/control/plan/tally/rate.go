package tally

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

// Learn takes in what a finished unit took.
func (t *Tally) Learn(u *unit.Unit, seconds float64, at time.Time) {
	if t.pace == nil {
		t.pace = map[string]*pace{}
	}
	p := t.pace[u.Class]
	if p == nil {
		p = &pace{at: at}
		t.pace[u.Class] = p
	}
	if gone := at.Sub(p.at); gone > 0 {
		fade := math.Exp2(-float64(gone) / float64(halfLife))
		p.seconds, p.weight, p.at = p.seconds*fade, p.weight*fade, at
	}
	p.units++
	p.seconds += seconds
	p.weight += float64(Weight(u))
}

func (p *pace) measured() bool { return p != nil && p.units >= enough && p.weight > 0 }

// Rates are seconds per weight by class from elsewhere: of an earlier run of
// the flow, and as built in. Either may be nil.
type Rates struct {
	Earlier map[string]float64
	Default map[string]float64
}

// Rate is a class's seconds per weight: this run's own, else an earlier run's,
// else the built-in one, the latter two as much faster or slower as this run
// is in what it has measured.
func (t *Tally) Rate(class string, r Rates) (rate float64, known bool) {
	if p := t.pace[class]; p.measured() {
		return p.seconds / p.weight, true
	}
	for _, given := range []map[string]float64{r.Earlier, r.Default} {
		if rate, ok := given[class]; ok {
			return rate * t.ratio(given), true
		}
	}
	return 0, false
}

// ratio is this run's time over the time that the given rates make of the
// same work, 1 if nothing can be compared.
func (t *Tally) ratio(given map[string]float64) float64 {
	var took, expected float64
	for _, c := range t.order { // in an order, so that sums are always the same
		p := t.pace[c.Class]
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

// Basis reports whether there is anything to go by.
func (t *Tally) Basis(r Rates) bool {
	if len(r.Earlier) > 0 {
		return true
	}
	for _, p := range t.pace {
		if p.measured() {
			return true
		}
	}
	return false
}

// Share is the part of the weight that is done, every class by its speed.
func (t *Tally) Share(r Rates) float64 {
	var done, all float64
	for _, c := range t.order {
		rate, known := t.Rate(c.Class, r)
		if !known {
			if p := t.pace[c.Class]; p != nil && p.weight > 0 {
				rate = p.seconds / p.weight
			}
		}
		done += rate * float64(c.Moved)
		all += rate * float64(c.Weight)
	}
	if all <= 0 {
		return 0
	}
	return done / all
}

package call

import (
	"fmt"
	"net/http"
	"strconv"
	"time"

	"godwit/internal/record"
)

// lost is how often, in a row, it was not known what became of a record's request
// while the system was there.
type lost struct {
	n  int
	at time.Time // of the last time
}

// good is when the system was last seen to be there: when a turn in which a request
// came through ended, and the latest at which one of those began.
type good struct{ at, began time.Time }

// hopeless counts a turn whose answer was lost, and makes the record a dead letter
// when that has happened too often: the system takes others, so it is the record. An
// outage of the system counts nothing. Counts: it was one that does.
func (d *delivering) hopeless(e *end, now time.Time) (counts bool) {
	t := e.task
	if e.outcome != "" || e.why == nil || e.due.IsZero() {
		return false
	}
	// What came through has to have begun behind the last time: it may have been
	// answered before that, and be told of now.
	counts = t.lost.at.IsZero() || d.good.began.After(t.lost.at) || e.why.State == strconv.Itoa(http.StatusInternalServerError) && d.onlyLost()
	t.lost.at = now
	if !counts {
		return false
	}
	if t.lost.n++; d.spec.Attempts > 0 && t.lost.n >= d.spec.Attempts {
		e.outcome, e.why.Code = record.Dead, "call.attempts"
		e.why.Text = fmt.Sprintf("given up after %d attempts, while others came through; it is not known whether it took effect. The last answer: %s", t.lost.n, e.why.Text)
	}
	return true
}

// fewOf is how many records must have come to their end for each that is left, when
// nothing but those is left that get no proper answer.
const fewOf = 4

// onlyLost reports whether only records whose answers are lost are left, and few: then an answer of the
// system itself tells that it is there, though nobody else comes through any more.
func (d *delivering) onlyLost() bool {
	for _, g := range d.order.groups {
		if g.queue[0].lost.at.IsZero() {
			return false
		}
	}
	done := d.position.n
	return (d.unit.Weight-done)*fewOf <= done
}

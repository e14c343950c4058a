package view

import "time"

// Forecast is when a run ends: a time with its range, or not known yet. Closes
// is the end of its window, zero without one.
type Forecast struct {
	Share          float64 // of the work done, 0 to 1; 1 only when the accounts closed
	Known          bool
	Over           bool // the run has ended: nothing is foretold
	End, Low, High time.Time
	Closes         time.Time
}

// done is "done Sat 07:35 (07:05 to 08:20)"; references as of Clock.
func (f Forecast) done(references ...time.Time) string {
	switch {
	case f.Over:
		return ""
	case !f.Known:
		return "end unknown until 3 units are done"
	}
	return "done " + Clock(f.End, references...) + " (" + f.span() + ")"
}

// span is the range; a weekday stands only where it differs from the end's.
func (f Forecast) span() string {
	return Clock(f.Low, f.End) + " to " + Clock(f.High, f.End)
}

// spare measures the window from the late end of the range.
func (f Forecast) spare() string {
	switch {
	case !f.Known || f.Closes.IsZero():
		return ""
	case f.High.After(f.Closes):
		return About(f.High.Sub(f.Closes)) + " beyond the window"
	}
	return About(f.Closes.Sub(f.High)) + " to spare"
}

// whole is done and spare with the comma between.
func (f Forecast) whole(references ...time.Time) string {
	if s := f.spare(); s != "" {
		return f.done(references...) + ", " + s
	}
	return f.done(references...)
}

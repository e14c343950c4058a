package lease

import "time"

// A lease's end is a reading of a clock that runs while the process is
// stopped and the machine sleeps, and that nobody can set; its readings mean
// something only until the machine's next start, so that start is named
// beside it. Clock (per system) gives both.

// Over reports whether a lease that another process holds has ended. One
// of an earlier start of the machine has; without one there is a process that
// is just about to take the run.
func Over(boot string, until int64) bool {
	if until == 0 {
		return false
	}
	id, now := Clock()
	return boot != id || now >= until
}

// End is the end on the wall clock, zero when there is no lease or it is
// of an earlier start.
func End(boot string, until int64) time.Time {
	id, now := Clock()
	if until == 0 || boot != id {
		return time.Time{}
	}
	return time.Now().Add(time.Duration(until-now) * time.Millisecond).UTC().Truncate(time.Millisecond)
}

// Package exit holds the exit codes that a run can end with, and which of several
// counts.
package exit

import (
	"strings"

	"godwit/internal/fault"
)

// The codes, see the design.
const (
	Failed  = 1
	Refused = 2
	Open    = 3
	Differs = 4
	Stopped = 5
)

// Codes is a set of exit codes.
type Codes uint8

// Add puts a code into the set; 0 is none.
func (c *Codes) Add(code int) {
	if code != 0 {
		*c |= 1 << code
	}
}

// If is the set of one code, or none.
func If(holds bool, code int) (c Codes) {
	if holds {
		c.Add(code)
	}
	return c
}

// Worst is the one that counts, 0 of none.
func (c Codes) Worst() int {
	for _, code := range []int{Refused, Failed, Stopped, Differs, Open} {
		if c&(1<<code) != 0 {
			return code
		}
	}
	return 0
}

// Cancelled is the code of the fault of what was only taken off.
const Cancelled = "run.cancelled"

// Codes of the fault of a called run that ended with Differs, or with Stopped.
const (
	CodeDiffers = "flow.differs"
	CodeStopped = "flow.stopped"
)

// Of is what a failure comes to; worked says that something may have been changed.
func Of(f *fault.Fault, worked bool) int {
	switch {
	case f == nil:
		return Failed
	case f.Code == Cancelled:
		return 0
	case f.Code == "verify.differs", f.Code == CodeDiffers:
		return Differs
	case f.Code == CodeStopped, strings.HasPrefix(f.Code, "disk."), f.Kind == fault.Unavailable, f.Kind == fault.Throttled:
		return Stopped
	case (f.Kind == fault.Config || f.Kind == fault.Denied) && !worked:
		return Refused
	}
	return Failed
}

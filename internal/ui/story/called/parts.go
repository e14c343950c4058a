// Package called puts what the runs that a run has called came to into the words of
// people and of reports. Start at Rollup.
package called

import (
	"slices"

	"godwit/internal/control/run/chronicle"
	"godwit/internal/record"
	"godwit/internal/ui/report"
	"godwit/internal/ui/view"
	"godwit/internal/ui/view/rollup"
)

// Rollup is what the runs that a run has called came to, for people.
func Rollup(parts []chronicle.Part) rollup.Rollup {
	var r rollup.Rollup
	for _, p := range parts {
		one := rollup.Part{Step: p.Step, Run: p.Run, State: p.State, Took: p.Took, Account: p.Account, Open: p.Open, Exit: p.Exit, Well: p.Exit == 0 && p.Fault == nil}
		switch {
		case p.Fault != nil: // also of one that is done, and that its caller could not take
			one.State = "failed: " + p.Fault.Code
		case p.Exit >= 0:
			one.State = view.Ended(p.State, p.Exit)
		}
		r.Parts = append(r.Parts, one)
	}
	return r
}

// Report is that for the report and for programs.
func Report(parts []chronicle.Part) []report.Called {
	var list []report.Called
	for _, p := range parts {
		a := p.Account
		c := report.Called{Step: p.Step, Run: p.Run, Flow: p.Flow, State: p.State, Seconds: p.Took.Seconds(), Read: a.Read, Applied: a.Applied,
			Unchanged: a.Equal + a.Superseded + a.Redelivered, Filtered: a.Filtered, Rejected: a.Rejected, Dead: a.Dead, Pending: a.Pending}
		if p.Exit >= 0 {
			c.Exit = &p.Exit
		}
		if p.Fault != nil {
			c.Why = chronicle.Cause(p.Fault)
		}
		list = append(list, c)
	}
	return list
}

// Others are the accounts of steps that are not told by the runs that they called.
func Others(steps []record.Account, parts []chronicle.Part) []record.Account {
	called := map[string]bool{}
	for _, p := range parts {
		called[p.Step] = true
	}
	return slices.DeleteFunc(append([]record.Account{}, steps...), func(a record.Account) bool { return called[a.Step] })
}

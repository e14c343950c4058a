// Package issues decides about issues over the runs of a flow: which are accepted,
// and how those that are expected compare with those that were found. Start at
// Accept.
package issues

import (
	"context"
	"encoding/json"
	"slices"

	"godwit/internal/control/flow"
	"godwit/internal/fault"
	"godwit/internal/ledger"
	"godwit/internal/ledger/exception"
	"godwit/internal/ledger/kin"
	"godwit/internal/unit"
)

// Counts are the issues of an owner by what they are beside the run before.
type Counts = exception.IssueCounts

// Accepted are the issues that were accepted, by IssueFilter.State.
const Accepted = exception.Accepted

// Decision is what somebody decides about issues of a run.
type Decision struct {
	Filter ledger.IssueFilter
	Actor  string
	Reason string
}

// Accept says of a run's open issues that they are as they are to be: from now on
// and in later runs, as long as the values are the same. It returns how many; of
// none, and so when it is said twice, the fault has code issues.nothing.
func Accept(ctx context.Context, l *ledger.Ledger, run ledger.Run, d Decision) (int64, error) {
	return d.decide(ctx, l, run, "issues.accept", "open issues", d.Filter.Accept)
}

// Unaccept takes it back.
func Unaccept(ctx context.Context, l *ledger.Ledger, run ledger.Run, d Decision) (int64, error) {
	return d.decide(ctx, l, run, "issues.unaccept", "accepted issues", func(run, _ int64) (string, []any) { return d.Filter.Unaccept(run) })
}

// decide decides about the issues of a run, and of those that it has called, all at
// once: each run has an action of its own, and one that has none of these issues has none.
func (d Decision) decide(ctx context.Context, l *ledger.Ledger, run ledger.Run, verb, which string, does func(run, action int64) (string, []any)) (n int64, err error) {
	members, err := kin.All(ctx, l.View().Reader(), run.ID)
	if err != nil {
		return 0, err
	}
	ids := make([]int64, len(members))
	for i, m := range members {
		ids[i] = m.ID
	}
	n, err = l.Decide(ctx, ids, ledger.Action{Verb: verb, Body: unit.Body(d.Filter), Actor: d.Actor, Reason: d.Reason}, does)
	if err != nil {
		return 0, fault.Wrap(err, "%s %s", verb, run.Name())
	}
	if n == 0 {
		return 0, fault.New(fault.Config, "issues.nothing", "%s has no %s that this selects", run.Name(), which).
			Hint("godwit issues list %s --all shows what there is", run.Name())
	}
	return n, nil
}

// Expected is an expectation with how many there were.
type Expected struct {
	flow.Known
	Found int64 `json:"found"`
}

// More is how many more there were than expected, less than 0 for fewer.
func (e Expected) More() int64 { return e.Found - e.Count }

// Compare sets what a run found beside what was expected of the entities that it
// loaded.
func Compare(known []flow.Known, left exception.Left) []Expected {
	var all []Expected
	for _, k := range known {
		if len(left.Loaded) == 0 || k.Entity != "" && !slices.Contains(left.Loaded, k.Entity) {
			continue
		}
		e := Expected{Known: k}
		for _, f := range left.Found {
			if f.Rule == k.Rule && (k.Entity == "" || f.Entity == k.Entity) && (k.Field == "" || f.Field == k.Field) {
				e.Found += f.Issues
			}
		}
		all = append(all, e)
	}
	return all
}

// Project is what a run's project said about issues when the run began.
type Project struct {
	Known  []flow.Known
	Owners map[string]flow.Owner
	Issues *flow.IssueTable
}

// ProjectOf reads it from a frozen flow; one of another shape says nothing.
func ProjectOf(frozen []byte) Project {
	var p Project
	if json.Unmarshal(frozen, &p) != nil {
		return Project{}
	}
	return p
}

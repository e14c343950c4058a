package limits

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"godwit/internal/connector"
	"godwit/internal/control/flow"
	"godwit/internal/fault"
	"godwit/internal/nearest"
	"godwit/internal/rate"
	"godwit/internal/unit"
)

// Request is what somebody wants of a run that goes on.
type Request struct {
	Connection string // "" is the only one that declares a limit
	Rate       float64
	// Concurrency is how many requests, or pages of records, at the same time.
	Concurrency int
	Reset       bool // the connection's limit is as it was declared
	Workers     int  // units at the same time
	Step        string
}

// Tuned is what a request comes to for a run of these flows, its own first, then
// those that it has called. What is not there, and what is above a limit that was
// declared, is a fault of kind config: tune.unknown, tune.above, tune.nothing.
func (q Request) Tuned(run string, flows []*flow.Bound, systems []connector.Connector) (unit.Tuned, error) {
	var t unit.Tuned
	if q.Rate == 0 && q.Concurrency == 0 && !q.Reset && q.Workers == 0 {
		return t, fault.New(fault.Config, "tune.nothing", "nothing is to be tuned").
			Hint("godwit tune %s --rate 20/s --concurrency 4, --workers 2, or --reset", run)
	}
	if q.Workers > 0 {
		name := workers
		if q.Step != "" {
			if steps := stepsOf(flows[0].Steps); !slices.Contains(steps, q.Step) {
				return t, unknown("step", q.Step, run, steps)
			}
			name = q.Step + "/" + name
		}
		t.Limits = map[string]int{name: q.Workers}
	}
	if q.Rate == 0 && q.Concurrency == 0 && !q.Reset {
		return t, nil
	}
	declared := declaredBy(flows, systems)
	name := q.Connection
	if names := slices.Sorted(maps.Keys(declared)); name == "" {
		limited := slices.DeleteFunc(slices.Clone(names), func(name string) bool {
			l := declared[name]
			return l.Rate == 0 && l.Concurrency == 0 && len(l.Times) == 0
		})
		if len(limited) != 1 {
			return t, fault.New(fault.Config, "tune.unknown", "not one connection of %s declares a limit, but %d", run, len(limited)).
				Hint("--connection NAME says which is meant: %s", strings.Join(names, ", "))
		}
		name = limited[0]
	} else if _, ok := declared[name]; !ok {
		return t, unknown("connection", name, run, names)
	}
	if err := q.above(name, declared[name]); err != nil {
		return t, err
	}
	t.Connections = map[string]rate.Tune{name: {Rate: q.Rate, Concurrency: q.Concurrency}}
	return t, nil
}

const workers = "workers"

// above refuses what the declared limit does not allow: whoever wrote it knows what
// the system bears.
func (q Request) above(name string, l rate.Limit) error {
	what := ""
	switch {
	case l.Rate > 0 && q.Rate > l.Rate:
		what = rate.Text(l.Rate)
	case l.Concurrency > 0 && q.Concurrency > l.Concurrency:
		what = fmt.Sprintf("%d at the same time", l.Concurrency)
	default:
		return nil
	}
	return fault.New(fault.Config, "tune.above", "%s declares %s: a run may be tuned below that, not above", name, what).
		Hint("raise limit of the connection in godwit.yaml, stop the run and say the same command: it goes on with the new one")
}

// declaredBy are the limits of connections, by name. Of several that are called
// alike the highest counts: each keeps to its own in any case.
func declaredBy(flows []*flow.Bound, systems []connector.Connector) map[string]rate.Limit {
	all := map[string]rate.Limit{}
	for _, b := range flows {
		for name, c := range b.Connections {
			i := slices.IndexFunc(systems, func(s connector.Connector) bool { return s.System == c.System })
			if i < 0 || systems[i].Limit == nil {
				continue
			}
			l := systems[i].Limit(c.Settings)
			if before, ok := all[name]; ok {
				l = rate.Limit{Rate: highest(l.Rate, before.Rate), Concurrency: int(highest(float64(l.Concurrency), float64(before.Concurrency)))}
			}
			all[name] = l
		}
	}
	return all
}

// highest is the higher of two numbers, of which 0 is any.
func highest(a, b float64) float64 {
	if a == 0 || b == 0 {
		return 0
	}
	return max(a, b)
}

func stepsOf(steps []flow.Step) (ids []string) {
	for _, s := range steps {
		ids = append(ids, s.ID)
		ids = append(ids, stepsOf(s.Steps)...)
		ids = append(ids, stepsOf(s.Finally)...)
	}
	return ids
}

func unknown(what, name, run string, known []string) error {
	e := fault.New(fault.Config, "tune.unknown", "%s has no %s %q that can be tuned", run, what, name)
	if near := nearest.Name(name, known); near != "" {
		return e.Hint("did you mean %s?", near)
	}
	return e.Hint("there are: %s", strings.Join(known, ", "))
}

package call

import (
	"cmp"
	"context"
	"encoding/json"
	"slices"
	"strings"

	"godwit/internal/connector"
	"godwit/internal/fault"
	"godwit/internal/unit"
	"godwit/internal/unit/calls"
)

// Executors are those of the units behind a step's produce, by kind.
func Executors(open connector.Opener, book Book) map[string]unit.Executor {
	return map[string]unit.Executor{
		calls.KindDivide: &around{book: book}, calls.KindClear: &around{book: book}, calls.KindDeliver: &deliverer{open: open, book: book, desk: newDesk(book)},
	}
}

// around does the units before and behind those that deliver. To do them again
// changes nothing.
type around struct{ book Book }

// Done finds nothing out: to look again costs nothing.
func (*around) Done(context.Context, unit.Unit, unit.Lease) (unit.Effect, error) {
	return unit.Effect{}, nil
}

// Do finds the units that deliver what was produced, or takes that away.
func (x *around) Do(ctx context.Context, u unit.Unit, _ unit.Lease, report unit.Report) (unit.Result, error) {
	spec, err := specOf(u)
	if err != nil {
		return unit.Result{}, err
	}
	if u.Kind == calls.KindClear {
		report.At("call.delivered")
		err := x.book.Clear(ctx, spec.Sources)
		return unit.Result{}, fault.Wrap(err, "take the spool away")
	}
	counts, err := x.book.Parts(ctx, spec.Sources)
	if err != nil {
		return unit.Result{}, fault.Wrap(err, "look what was produced")
	}
	shared, err := x.shared(ctx, spec)
	if err != nil {
		return unit.Result{}, err
	}
	report.At("call.counted")
	return unit.Result{Units: divide(u, spec, counts, shared)}, nil
}

func specOf(u unit.Unit) (spec calls.Delivery, err error) {
	if err := json.Unmarshal(u.Spec, &spec); err != nil {
		return spec, fault.New(fault.Internal, "unit.spec", "%s: read spec: %w", u.ID, err)
	}
	return spec, nil
}

// leastItems is how many records are worth a unit of their own.
const leastItems = 2000

// divide makes units of partitions: few of few records, each of about as many. Those that
// share keys are of one.
func divide(u unit.Unit, spec calls.Delivery, counts map[int]int64, shared sharing) []unit.Unit {
	sets := shared.sets(counts)
	weight := func(set []int) (n int64) {
		for _, part := range set {
			n += counts[part]
		}
		return n
	}
	total := int64(0)
	for _, n := range counts {
		total += n
	}
	slices.SortStableFunc(sets, func(a, b []int) int { return cmp.Compare(weight(b), weight(a)) }) // the largest first
	bins := make([][]int, max(1, min(int64(len(sets)), (total+leastItems-1)/leastItems)))
	weights := make([]int64, len(bins))
	for _, set := range sets {
		least := 0
		for i := range weights {
			if weights[i] < weights[least] {
				least = i
			}
		}
		bins[least], weights[least] = append(bins[least], set...), weights[least]+weight(set)
	}
	object, _, _ := strings.Cut(strings.TrimPrefix(u.ID, u.Step+"/"+u.Kind+"/"), "/")
	var units []unit.Unit
	for i, bin := range bins {
		if len(bin) == 0 {
			continue
		}
		slices.Sort(bin)
		spec.Parts, spec.Twice = bin, slices.ContainsFunc(bin, func(part int) bool { return shared.twice[part] })
		units = append(units, unit.Unit{
			ID: unit.ID(u.Step, calls.KindDeliver, object, i+1), Step: u.Step, Kind: calls.KindDeliver, Entity: spec.Entity, Class: calls.KindDeliver,
			Weight: weights[i], Tags: u.Tags, Uses: []string{calls.Limit}, Spec: unit.Body(spec),
		})
	}
	return units
}

// Package share says how much of a run's work that is known is done. Start at Of.
package share

import (
	"slices"

	"godwit/internal/ledger"
	"godwit/internal/unit"
	"godwit/internal/unit/calls"
)

// BuiltIn are seconds per weight of the verbs' classes as they were once measured
// on two cores: bytes, definitions for define, records for load, and for deliver,
// where an API sets the pace; runs for flow. They only carry over what a run has not
// measured yet, at the pace of what it has.
var BuiltIn = map[string]float64{"copy": 10e-9, "index": 8e-9, "verify": 4e-9, "other": 1e-9, "define": 2e-3, "load": 12e-6, "compare": 12e-6,
	calls.KindProduce: 12e-6, calls.KindDeliver: 2e-3, "flow": 60}

// pace is seconds per weight of a class.
func pace(class string) float64 {
	if rate, ok := BuiltIn[class]; ok {
		return rate
	}
	return BuiltIn["other"]
}

// Of is a share from 0 to 1, by the built-in rates: less than 1 while the run is not
// over. Kind says what the units of one have in common.
func Of(known []ledger.Count, active []unit.Progress, over bool, kind func(string) unit.Kind) float64 {
	var done, all float64
	classes := map[string]string{} // by kind
	for _, c := range ahead(known) {
		classes[c.Kind] = c.Class
		all += pace(c.Class) * float64(c.Weight)
	}
	for k, n := range Done(known, active, kind) {
		done += pace(classes[k]) * float64(n)
	}
	switch {
	case all == 0:
		return 0
	case over:
		return min(1, done/all)
	}
	return min(0.99, done/all)
}

// Done is the weight of what is done, by kind: of units that are, and of those under way
// what they have reported. What a unit has settled counts also while nobody works on it.
func Done(known []ledger.Count, active []unit.Progress, kind func(string) unit.Kind) map[string]int64 {
	done, all, running := map[string]int64{}, map[string]int64{}, map[string]int64{}
	for _, c := range known {
		all[c.Kind] += c.Weight
		switch {
		case c.State == ledger.Done, c.State == ledger.Failed && kind(c.Kind).Compares: // compared, and different
			done[c.Kind] += c.Weight
		case c.State == ledger.Running:
			running[c.Kind] += c.Settled
		default:
			done[c.Kind] += c.Settled
		}
	}
	reported := map[string]int64{}
	for _, p := range active {
		if k := unit.KindOf(p.Unit); kind(k).Measured {
			reported[k] += p.Done
		}
	}
	for k := range all {
		done[k] = min(all[k], done[k]+max(running[k], reported[k]))
	}
	return done
}

// ahead adds to units that are known those that will give to an API what is being
// read: as many records, until they are divided among units.
func ahead(known []ledger.Count) []ledger.Count {
	divided, reading := map[string]bool{}, map[string]int64{}
	for _, c := range known {
		switch {
		case c.Kind == calls.KindProduce:
			reading[c.Step] += c.Weight
		case c.Kind == calls.KindDivide && c.State == ledger.Done:
			divided[c.Step] = true
		}
	}
	all := slices.Clone(known)
	for step, records := range reading {
		if !divided[step] {
			all = append(all, ledger.Count{Step: step, Kind: calls.KindDeliver, Class: calls.KindDeliver, Weight: records})
		}
	}
	return all
}

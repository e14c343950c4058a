package story

import (
	"godwit/internal/control/run/chronicle"
	"godwit/internal/ui/report"
	"godwit/internal/ui/story/called"
	"godwit/internal/ui/view"
)

// Rollup is what the runs that a run has called came to, for people.
func Rollup(parts []chronicle.Part) view.Screen { return called.Rollup(parts) }

// Called is that for the report and for programs.
func Called(parts []chronicle.Part) []report.Called { return called.Report(parts) }

// End are what a run ends with: what its verification found, if it is not all equal,
// what the runs that it called came to, and its summary.
func End(st *chronicle.Story, sum view.Summary) []view.Screen {
	var list []view.Screen
	if proof, ok := Proof(st, sum); ok {
		list = append(list, proof)
	}
	if len(st.Parts) > 0 {
		list, sum.Listed = append(list, Rollup(st.Parts)), called.Others(sum.Steps, st.Parts)
	}
	return append(list, sum)
}

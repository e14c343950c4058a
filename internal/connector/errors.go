package connector

import (
	"fmt"
	"slices"

	"godwit/internal/fault"
	"godwit/internal/nearest"
)

// ErrorKind says of which kind an error of a system is for a connection, instead
// of what its connector says: one entry of errors: {P0001: unavailable}.
type ErrorKind struct {
	Code string `flow:",name"` // the system's own, or a code of ours
	Kind string `flow:"kind,alone,required" enum:"unavailable,throttled,conflict,data,denied,config" help:"what may be done about it: unavailable, throttled and conflict are tried again, data makes a dead letter of a record, the others end the unit"`
}

// ErrorKinds are the kinds by what they are given for.
func ErrorKinds(list []ErrorKind) map[string]fault.Kind {
	kinds := map[string]fault.Kind{}
	for _, e := range list {
		kinds[e.Code] = fault.Kind(e.Kind)
	}
	return kinds
}

// Problem is something wrong with the settings of a connection. Path is the key
// in them.
type Problem struct {
	Path []string
	Code string
	Text string
	Next string
}

// CheckErrors finds entries that no error will ever be: those that are neither of
// the system's own form nor one of its connector's codes.
func CheckErrors(list []ErrorKind, own func(string) bool, form string, codes []string) (problems []Problem) {
	codes = slices.Compact(slices.Sorted(slices.Values(codes)))
	for _, e := range list {
		if own(e.Code) || slices.Contains(codes, e.Code) {
			continue
		}
		next := "the lines below an error name its own code; in brackets stands the one of ours, as " + codes[0]
		if near := nearest.Name(e.Code, codes); near != "" {
			next = "did you mean " + near + "?"
		}
		problems = append(problems, Problem{Path: []string{"errors", e.Code}, Code: "connection.errors",
			Text: fmt.Sprintf("errors: %q is neither %s nor a code of an error", e.Code, form), Next: next})
	}
	return problems
}

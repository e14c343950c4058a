// Package scope is what expressions and ${...} of a run's steps see while it is
// under way: what earlier steps left, the items around them, the failure before
// them. Steps, loops and calls are filled in with it. Start at Names.
package scope

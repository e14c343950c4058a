package calls

import "strings"

// Word is what was said of a record last, by whom; zero: nothing.
type Word struct {
	Speaker
	Run string // its name; of a redrive Speaker is who had left the record
	// Newer: than what an exception has of the record. It is of a later run, and was
	// said, or in a redrive read, since the exception was left or somebody put it right.
	Newer bool
	// Unsure: it was not delivered, and the run may still be cancelled.
	Unsure bool
}

// Speaker is who says what became of records, beyond runs: a step of a flow that is called
// at a node of another one.
type Speaker struct {
	Node  string // where the run was called, from the outermost flow on: rollout/move[north]/flow/project/1
	Given string // its flow and inputs
	Step  string
	Reads string // what its records are read of, see Delivery; "" when nobody knows
}

// Looped reports whether others may be items of the same loop.
func (s Speaker) Looped() bool { return strings.Contains(s.Node+s.Step, "[") }

// Beside reports whether two are different items of one loop: of one of loads, or of one
// of flows that were given something else. Items that part one source are not: a record
// may move from one to the other.
func (s Speaker) Beside(other Speaker) bool {
	if s.Reads != "" && s.Reads == other.Reads {
		return false
	}
	if s.Node == other.Node {
		return apart(s.Step, other.Step)
	}
	return s.Given != other.Given && apart(s.Node, other.Node)
}

// apart reports whether two ids are the same as far as the name of an item.
func apart(a, b string) bool {
	before, a, loop := strings.Cut(a, "[")
	other, b, its := strings.Cut(b, "[")
	if before != other || !loop || !its {
		return false
	}
	item, a, _ := strings.Cut(a, "]")
	another, b, _ := strings.Cut(b, "]")
	return item != another || apart(a, b)
}

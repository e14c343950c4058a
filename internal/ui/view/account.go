package view

import (
	"strings"

	"godwit/internal/record"
	"godwit/internal/ui/layout"
)

// outcome is one term of an account's equation.
type outcome struct {
	name string
	n    int64
}

func outcomes(a record.Account) []outcome {
	return []outcome{
		{"applied", a.Applied},
		{"unchanged", unchanged(a)},
		{"filtered", a.Filtered},
		{"rejected", a.Rejected},
		{"dead", a.Dead},
		{"pending", a.Pending},
	}
}

func unchanged(a record.Account) int64 { return a.Equal + a.Superseded + a.Redelivered }

// equation writes an account in one line: what is not zero as a sum, then the
// zeros by name; broken over lines when it is longer than the edge. A sum that
// does not add up says so and by how much.
func equation(a record.Account, edge int) []string {
	var zeros []string
	first := "read " + Count(a.Read) + " ="
	lines, line := []string(nil), first
	join := " "
	for _, o := range outcomes(a) {
		if o.n == 0 && (o.name != "applied" || a.Read == 0) {
			if o.name != "dead" && o.name != "pending" {
				zeros = append(zeros, o.name)
			}
			continue
		}
		term := join + o.name + " " + Count(o.n)
		if join = " + "; o.name == "applied" && a.Adopted > 0 {
			term += " (" + Count(a.Adopted) + " adopted)"
		}
		if layout.Width(line)+layout.Width(term) > edge {
			lines = append(lines, line)
			line = strings.Repeat(" ", len("read"))
		}
		line += term
	}
	if line == first {
		line += " 0"
	}
	if gap := a.Read - a.Settled() - a.Pending; gap != 0 {
		return append(lines, line, "the sum does not close: "+Count(gap)+" read and not accounted for")
	}
	if len(zeros) > 0 && a.Read > 0 {
		if rest := "   " + strings.Join(zeros, ", ") + " 0"; layout.Width(line)+len(rest) <= edge {
			line += rest
		}
	}
	return append(lines, line)
}

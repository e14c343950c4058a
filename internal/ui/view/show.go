package view

import (
	"io"
	"strings"
)

// Out is where text goes and how.
type Out struct {
	W     io.Writer
	Width int  // columns; 0 = 100
	Color bool // see Colors
}

// Screen is a value that can be shown as text: Plan, Doctor, Status, Summary,
// Runs, Inspection, Verification, Problem, Problems.
type Screen interface{ lines(edge int) []string }

// Show writes a screen in one write. The error is the writer's.
func Show(o Out, s Screen) error {
	edge := o.Width
	if edge == 0 {
		edge = 100
	}
	lines := cleaned(s.lines(max(edge, 80)))
	if o.Color {
		for i, l := range lines {
			lines[i] = paint(l)
		}
	}
	_, err := io.WriteString(o.W, strings.Join(lines, "\n")+"\n")
	return err
}

func cleaned(lines []string) []string {
	for i, l := range lines {
		lines[i] = clean(l)
	}
	return lines
}

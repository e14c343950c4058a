package view

import (
	"io"
	"os"
	"strings"

	"godwit/internal/ui/layout"
)

// Out is where text goes and how.
type Out struct {
	W     io.Writer
	Width int  // columns; 0 = 100
	Color bool // see Colors
}

// Screen is a value that can be shown as text: Plan, Status, Summary,
// Runs, Verification, Problem, Problems.
type Screen interface{ Draw(edge int) []string }

// Show writes a screen in one write. The error is the writer's.
func Show(o Out, s Screen) error {
	edge := o.Width
	if edge == 0 {
		edge = 100
	}
	lines := cleaned(s.Draw(max(edge, 80)))
	if o.Color {
		for i, l := range lines {
			lines[i] = layout.Paint(l)
		}
	}
	_, err := io.WriteString(o.W, strings.Join(lines, "\n")+"\n")
	return err
}

func cleaned(lines []string) []string {
	for i, l := range lines {
		lines[i] = layout.Clean(l)
	}
	return lines
}

// Colors decides whether text for f is coloured, see layout.Colors.
func Colors(when string, f *os.File) bool { return layout.Colors(when, f) }

// Terminal reports whether f can show a live block.
func Terminal(f *os.File) bool { return layout.Terminal(f) }

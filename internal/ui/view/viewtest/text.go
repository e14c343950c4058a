// Package viewtest draws screens for tests of those that are made elsewhere. Start at
// Text.
package viewtest

import (
	"strings"

	"godwit/internal/ui/layout"
	"godwit/internal/ui/view"
)

// Text is a screen as view.Show writes it, without colour, at 100 columns.
func Text(s view.Screen) string {
	lines := s.Draw(100)
	for i, l := range lines {
		lines[i] = layout.Clean(l)
	}
	return strings.Join(lines, "\n") + "\n"
}

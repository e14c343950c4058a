// Package answers has the commands by which people answer what a run asks.
// Start at Commands.
package answers

import (
	"context"

	"github.com/spf13/cobra"

	"godwit/internal/control/run"
	"godwit/internal/ui/layout"
	"godwit/internal/ui/view"
)

// Desk is what the commands work on and answer to: the command line's session.
type Desk interface {
	// Existing opens a ledger that is there; done gives it back.
	Existing(ctx context.Context) (runs *run.Runs, done func() error, err error)
	// Show answers, as a screen or as one JSON object.
	Show(name string, s view.Screen, value any) error
	// Actor is who answers.
	Actor() string
}

// Commands are approve and answer.
func Commands(d Desk) []*cobra.Command { return []*cobra.Command{approve(d), answer(d)} }

// said is an answer in lines.
type said []string

// Draw is the view.Screen's.
func (s said) Draw(edge int) (lines []string) {
	for _, l := range s {
		lines = append(lines, layout.Wrap("", l, 0, edge)...)
	}
	return lines
}

// Package guards has what is said and asked about settings of systems that runs
// have changed and not put back. Start at Commands and Lines.
package guards

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"godwit/internal/control/flow"
	"godwit/internal/control/run"
	"godwit/internal/fault"
	"godwit/internal/ui/layout"
	"godwit/internal/ui/view"
	"godwit/internal/unit"
)

// Desk is what the commands work on and answer to: the command line's session.
type Desk interface {
	Runs(ctx context.Context) (runs *run.Runs, done func() error, err error)
	Show(name string, s view.Screen, value any) error
	Today(runs *run.Runs, of run.Ref) (*flow.Bound, error)
	Actor() string
	Now() time.Time
	// Open ends a command that has answered with something left to do, exit code 3.
	Open() error
}

// Line says of a setting that it is changed, since when and by whom, and what
// puts it back.
func Line(g run.Guarded, now time.Time) string {
	var names []string
	for _, h := range g.Holders {
		if !slices.Contains(names, h.Run) {
			names = append(names, h.Run)
		}
	}
	text := fmt.Sprintf("setting %s of %s is changed since %s by %s: ", g.Key.Name, g.Key.At, view.Clock(g.Since.In(now.Location()), now), strings.Join(names, ", "))
	switch {
	case g.Living != "":
		return text + g.Living + " puts it back when it ends"
	case g.Resume != "":
		return text + "godwit resume " + g.Resume + " puts it back"
	}
	return text + "no run puts it back any more: godwit settings restore " + strconv.FormatInt(g.ID, 10)
}

// Lines are those of all guards but the ones that a run holds alone and will put
// back by itself.
func Lines(all []run.Guarded, but string, now time.Time) (lines []string) {
	for _, g := range all {
		if but == "" || slices.ContainsFunc(g.Holders, func(h unit.Holder) bool { return h.Run != but }) {
			lines = append(lines, Line(g, now))
		}
	}
	return lines
}

// Value is a guard in JSON. Values of settings are in no output.
type Value struct {
	ID       int64     `json:"id"`
	Setting  string    `json:"setting"`
	At       string    `json:"at"`
	Env      string    `json:"env,omitempty"`
	Since    time.Time `json:"since"`
	Runs     []string  `json:"runs"`
	Elements []string  `json:"elements,omitempty"`
	Resume   string    `json:"resume,omitempty"` // the run that puts it back once it is gone on with
	Stale    bool      `json:"stale"`            // no run puts it back any more
}

// Values are guards in JSON.
func Values(all []run.Guarded) []Value {
	list := []Value{}
	for _, g := range all {
		v := Value{ID: g.ID, Setting: g.Key.Name, At: g.Key.At, Env: g.Key.Env, Since: g.Since, Runs: []string{}, Resume: g.Resume, Stale: g.Stale()}
		for _, h := range g.Holders {
			v.Runs = append(v.Runs, h.Run)
		}
		for _, s := range g.Settings {
			if s.Element != "" {
				v.Elements = append(v.Elements, s.Element)
			}
		}
		list = append(list, v)
	}
	return list
}

type commands struct{ Desk }

// Command is settings, with list, restore and forget.
func Command(d Desk) *cobra.Command {
	s := commands{d}
	c := &cobra.Command{
		Use: "settings", Short: "Settings of systems that runs have changed and not put back",
		Example: "  godwit settings list\n  godwit settings restore 4\n  godwit settings forget 4 --reason \"set by hand\"",
	}
	c.AddCommand(s.list(), s.restore(), s.forget())
	return c
}

// screen is lines that are ready.
type screen []string

// Draw is view.Screen's.
func (s screen) Draw(int) []string { return s }

func (s commands) list() *cobra.Command {
	return &cobra.Command{
		Use: "list", Short: "List settings that are changed, and what puts them back", Example: "  godwit settings list",
		RunE: func(c *cobra.Command, _ []string) error {
			runs, done, err := s.Runs(c.Context())
			if err != nil {
				return err
			}
			defer done()
			all, err := runs.Guards(c.Context())
			if err != nil {
				return err
			}
			return s.Show("settings", s.table(all), map[string]any{"settings": Values(all)})
		},
	}
}

func (s commands) table(all []run.Guarded) screen {
	if len(all) == 0 {
		return screen{"All settings are as they were before the runs of this ledger."}
	}
	var rows [][]string
	for _, g := range all {
		elements := "-"
		if n := len(g.Settings); n > 0 && g.Settings[0].Element != "" {
			elements = view.Count(n)
		}
		env := g.Key.Env
		if env == "" {
			env = "-"
		}
		rows = append(rows, []string{strconv.FormatInt(g.ID, 10), g.Key.Name, g.Key.At, env, elements, view.Clock(g.Since.In(s.Now().Location()), s.Now())})
	}
	lines := layout.Table([]layout.Column{{Head: "id", Right: true}, {Head: "setting", Most: 30}, {Head: "of", Most: 20}, {Head: "env"}, {Head: "elements", Right: true}, {Head: "since"}}, rows)
	return append(append(lines, ""), Lines(all, "", s.Now())...)
}

// about calls do with a guard of a number.
func (s commands) about(ctx context.Context, text string, do func(*run.Runs, run.Guarded) error) error {
	id, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		return fault.New(fault.Config, "usage", "%q is no number of a setting", text).Hint("godwit settings list")
	}
	runs, done, err := s.Runs(ctx)
	if err != nil {
		return err
	}
	defer done()
	all, err := runs.Guards(ctx)
	if err != nil {
		return err
	}
	for _, g := range all {
		if g.ID == id {
			return do(runs, g)
		}
	}
	return fault.New(fault.Config, "settings.unknown", "no setting %d is changed", id).Hint("godwit settings list")
}

func (s commands) restore() *cobra.Command {
	reason := ""
	c := &cobra.Command{
		Use: "restore ID", Short: "Put back a setting that no run puts back any more",
		Long: `Puts back what a run has changed that ended without doing so: what is still as the
run had set it becomes what it was before. What somebody else has changed since is
named and left alone (exit 3).`,
		Example: "  godwit settings restore 4",
		RunE: func(c *cobra.Command, args []string) error {
			return s.about(c.Context(), args[0], func(runs *run.Runs, g run.Guarded) error {
				ref, err := runs.Find(c.Context(), g.Holders[0].Run)
				if err != nil {
					return err
				}
				b, err := s.Today(runs, ref)
				if err != nil {
					return err
				}
				told, foreign, err := runs.RestoreGuard(c.Context(), g.ID, b, s.Actor(), reason)
				if err != nil {
					return err
				}
				var lines screen
				for _, t := range told {
					lines = append(lines, t.Text)
				}
				if err := s.Show("settings.restore", lines, map[string]any{"id": g.ID, "told": told, "foreign": foreign}); err != nil || !foreign {
					return err
				}
				return s.Open()
			})
		},
	}
	c.Flags().StringVar(&reason, "reason", "", "why, for the record")
	return c
}

func (s commands) forget() *cobra.Command {
	reason := ""
	c := &cobra.Command{
		Use: "forget ID --reason TEXT", Short: "Say that a setting needs no putting back: somebody has done so, or the system is gone",
		Example: "  godwit settings forget 4 --reason \"set by hand\"",
		RunE: func(c *cobra.Command, args []string) error {
			if reason == "" {
				return fault.New(fault.Config, "usage", "--reason is needed: why the setting is not to be put back")
			}
			return s.about(c.Context(), args[0], func(runs *run.Runs, g run.Guarded) error {
				if err := runs.ForgetGuard(c.Context(), g.ID, s.Actor(), reason); err != nil {
					return err
				}
				return s.Show("settings.forget", screen{fmt.Sprintf("Setting %s of %s is forgotten: nothing puts it back any more.", g.Key.Name, g.Key.At)}, map[string]any{"id": g.ID})
			})
		},
	}
	c.Flags().StringVar(&reason, "reason", "", "why, for the record")
	return c
}

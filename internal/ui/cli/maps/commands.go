// Package maps has the commands that try maps without a run: with cases that are
// written down, or with one record of the source. They change nothing. Start at
// Command.
package maps

import (
	"context"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"godwit/internal/connector"
	"godwit/internal/control/flow"
	"godwit/internal/control/run"
	"godwit/internal/fault"
	"godwit/internal/ui/view"
	"godwit/internal/unit"
)

// Desk is what the commands work on and answer to: the command line's session.
type Desk interface {
	// Bind reads a flow with inputs, as NAME=VALUE, and an environment.
	Bind(flow string, set []string, env string) (*flow.Bound, error)
	// Known is what flows may hold.
	Known() flow.Language
	// Systems looks at systems only.
	Systems() *run.Runs
	// Show answers, as a screen or as one JSON object.
	Show(name string, s view.Screen, value any) error
	// Failed ends a command that has answered, with exit code 1.
	Failed() error
}

type commands struct {
	Desk
	set []string
	env string
}

// Command is map, with test and explain.
func Command(d Desk) *cobra.Command {
	s := &commands{Desk: d}
	c := &cobra.Command{
		Use: "map", Short: "Try maps without a run: with cases, or with one record; what is made of what",
		Example: "  godwit map test maps/order.yaml\n  godwit map explain orders 4711\n  godwit map lineage orders",
	}
	c.AddCommand(s.test(), s.explain(), s.lineage())
	return c
}

func (s *commands) inputs(c *cobra.Command) {
	c.Flags().StringArrayVar(&s.set, "set", nil, "an input of the flow, as NAME=VALUE")
	c.Flags().StringVar(&s.env, "env", "", "environment of godwit.yaml; needed when there are several")
}

func (s *commands) test() *cobra.Command {
	c := &cobra.Command{
		Use: "test MAP|FLOW", Short: "Map the records of maps/NAME.test.yaml and compare",
		Long: `Maps the records that maps/NAME.test.yaml gives and compares what becomes of
them. A map alone is tried without any system: fields have no types then but
those of the map. With a flow all its maps that have cases are tried against the
fields of the source and the columns of the target, with its inputs and lookups.`,
		Example: `  godwit map test maps/order.yaml
  godwit map test orders --set tenant=north`,
	}
	s.inputs(c)
	c.RunE = func(c *cobra.Command, args []string) error {
		var list []tested
		var err error
		if path, ok := s.alone(args[0]); ok {
			list, err = s.testMap(path)
		} else {
			list, err = s.testFlow(c.Context(), args[0])
		}
		if err != nil {
			return err
		}
		v := results{list}
		if err := s.Show("map.test", v, v.value()); err != nil || !v.differ() {
			return err
		}
		return s.Failed()
	}
	return c
}

// alone reports whether a name is that of a map's file, not of a flow.
func (s *commands) alone(name string) (string, bool) {
	if !strings.HasSuffix(name, ".yaml") && !strings.HasSuffix(name, ".yml") {
		return "", false
	}
	return name, filepath.Base(filepath.Dir(name)) != "flows"
}

// testMap tries a map by itself.
func (s *commands) testMap(path string) ([]tested, error) {
	project, wrong := flow.Load(filepath.Dir(path), s.Known())
	if len(wrong) > 0 {
		return nil, wrong
	}
	abs, err := filepath.Abs(path)
	if err == nil {
		path, err = filepath.Rel(project.Dir, abs)
	}
	if err != nil {
		return nil, fault.New(fault.Config, "flow.file", "%s: %w", path, err)
	}
	path = filepath.ToSlash(path)
	i := slices.IndexFunc(s.Known().Verbs, func(v unit.Verb) bool { return v.Trial != nil })
	trial := s.Known().Verbs[i].Trial
	m, cases := trial.Map(), trial.Cases()
	file := strings.TrimSuffix(path, filepath.Ext(path)) + ".test.yaml"
	if wrong := append(project.Read(path, m), project.Read(file, cases)...); len(wrong) > 0 {
		return nil, wrong
	}
	list, err := trial.Run(trial.Alone(m), cases, nil)
	return []tested{{Map: path, Cases: list}}, err
}

// testFlow tries the maps of a flow that have cases.
func (s *commands) testFlow(ctx context.Context, name string) ([]tested, error) {
	b, err := s.Bind(name, s.set, s.env)
	if err != nil {
		return nil, err
	}
	project, _, wrong := flow.Open(name, s.Known())
	if len(wrong) > 0 {
		return nil, wrong
	}
	var list []tested
	var without []string
	err = s.Systems().Trials(ctx, b, func(t run.Tried, _ connector.Opener) error {
		file := t.Trial.File(t.Step.Spec)
		if _, err := os.Stat(filepath.Join(project.Dir, filepath.FromSlash(file))); err != nil {
			without = append(without, file)
			return nil
		}
		cases := t.Trial.Cases()
		if wrong := project.Read(file, cases); len(wrong) > 0 {
			return wrong
		}
		out, err := t.Trial.Run(t.Step.Spec, cases, t.Facts)
		list = append(list, tested{Step: t.Step.ID, Map: strings.TrimSuffix(file, ".test.yaml") + ".yaml", Cases: out})
		return err
	})
	if err == nil && len(list) == 0 {
		return nil, fault.New(fault.Config, "case.none", "flow %s has no cases: there is no %s", b.Flow, strings.Join(without, ", no "))
	}
	return list, err
}

func (s *commands) explain() *cobra.Command {
	step, limit := "", int64(1_000_000)
	c := &cobra.Command{
		Use: "explain FLOW KEY", Short: "Show how one record of the source is mapped, step by step",
		Long: `Reads the record of a key from the source of each step that has a map, and shows
what it holds, each step of each field, and what becomes of it. All its values
are shown, also those that are not printable. Nothing is written.`,
		Example: "  godwit map explain orders 4711\n  godwit map explain orders 4711/2 --step lines --json",
	}
	s.inputs(c)
	c.Flags().StringVar(&step, "step", "", "step of the flow; all that have such a record when not given")
	c.Flags().Int64Var(&limit, "limit", limit, "read at most so many records of a source until the key comes")
	c.RunE = func(c *cobra.Command, args []string) error {
		b, err := s.Bind(args[0], s.set, s.env)
		if err != nil {
			return err
		}
		list, err := s.Systems().Explain(c.Context(), b, step, args[1], limit)
		if err != nil {
			return err
		}
		return s.Show("map.explain", explained{list}, map[string]any{"records": list})
	}
	return c
}

func (s *commands) lineage() *cobra.Command {
	step := ""
	c := &cobra.Command{
		Use: "lineage FLOW", Short: "Show what of the source each field is made of, and what nobody reads",
		Long: `Lists for each step that has a map the fields that it makes, with the paths of the
source that each is made of, also by way of expressions and lookups, and the fields of
the source that nothing reads: map, rules, filters, calls. No record is read.`,
		Example: "  godwit map lineage orders\n  godwit map lineage orders --step lines --json",
	}
	s.inputs(c)
	c.Flags().StringVar(&step, "step", "", "step of the flow; all that have a map when not given")
	c.RunE = func(c *cobra.Command, args []string) error {
		b, err := s.Bind(args[0], s.set, s.env)
		if err != nil {
			return err
		}
		list, err := s.Systems().Lineage(c.Context(), b, step)
		if err != nil {
			return err
		}
		return s.Show("map.lineage", lineage{list}, map[string]any{"steps": list})
	}
	return c
}

package cli

import (
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"godwit/internal/fault"
	"godwit/internal/nearest"
)

// helpCommand is "help COMMAND", which knows when there is no such command.
func helpCommand(root *cobra.Command) *cobra.Command {
	return &cobra.Command{
		Use: "help [COMMAND]", Short: "Help about a command", Example: "  godwit help copy",
		RunE: func(_ *cobra.Command, args []string) error {
			c, rest, err := root.Find(args)
			if err != nil || len(rest) > 0 {
				if c == nil || err != nil {
					c, rest = root, args
				}
				return commands(c, rest)
			}
			return c.Help()
		},
	}
}

// groups makes a command that only has others say so, and others say what they
// are given.
func groups(c *cobra.Command) {
	if c.HasSubCommands() {
		c.Args, c.RunE = commands, func(c *cobra.Command, _ []string) error { return c.Help() }
		for _, sub := range c.Commands() {
			groups(sub)
		}
		return
	}
	if c.Args == nil {
		names, _, _ := strings.Cut(c.Use, " --")
		c.Args = takes(strings.Fields(names)[1:]...)
	}
}

// commands refuses what is no command and names the nearest one.
func commands(c *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	e := fault.New(fault.Config, "usage", "there is no command %q", args[0])
	var names []string
	for _, sub := range c.Commands() {
		names = append(names, sub.Name())
	}
	if near := nearest.Name(args[0], names); near != "" {
		e.Hint("did you mean %s %s?", c.CommandPath(), near)
	}
	return e.Hint("%s --help lists the commands", c.CommandPath())
}

// flagError says which flag is meant by one that is not known.
func flagError(c *cobra.Command, err error) error {
	if e := wrongValue(err); e != nil {
		return e.Hint("%s --help lists the flags", c.CommandPath())
	}
	e := fault.New(fault.Config, "usage", "%s: %w", c.CommandPath(), err)
	if c.HasSubCommands() && c.Flags().NArg() > 0 { // of a command that is not there
		return commands(c, c.Flags().Args())
	}
	if name, ok := strings.CutPrefix(err.Error(), "unknown flag: --"); ok {
		var names []string
		c.Flags().VisitAll(func(f *pflag.Flag) { names = append(names, f.Name) })
		if near := nearest.Name(name, names); near != "" {
			e.Hint("did you mean --%s?", near)
		}
	}
	return e.Hint("%s --help lists the flags", c.CommandPath())
}

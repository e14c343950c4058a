package cli

import (
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"godwit/internal/control/flow"
)

// helpOfFlow has "run FLOW --help" say what the flow is for and what it asks
// for, above the command's own help.
func (s *session) helpOfFlow(c *cobra.Command) {
	plain := c.HelpFunc()
	c.SetHelpFunc(func(c *cobra.Command, args []string) {
		args = args[slices.Index(args, c.Name())+1:] // cobra gives the whole line
		at := slices.IndexFunc(args, func(a string) bool { return !strings.HasPrefix(a, "-") })
		if c.Name() != "run" || at < 0 {
			plain(c, args)
			return
		}
		if _, f, _ := flow.Open(args[at], s.Language); f != nil {
			fmt.Fprint(s.Out, flowHelp(f))
		}
		plain(c, args)
	})
}

func flowHelp(f *flow.Flow) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s: %s\n", f.Name, strings.TrimSpace(f.Help))
	if len(f.Inputs) == 0 {
		return b.String() + "It asks for no inputs.\n\n"
	}
	b.WriteString("\nInputs, as --set NAME=VALUE:\n")
	wide := 0
	for _, in := range f.Inputs {
		wide = max(wide, len(in.Name))
	}
	for _, in := range f.Inputs {
		fmt.Fprintf(&b, "  %-*s   %s (%s)\n", wide, in.Name, in.Help, in.Describe())
	}
	return b.String() + "\n"
}

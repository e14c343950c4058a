package cli

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"godwit/internal/control/flow"
	"godwit/internal/fault"
	"godwit/internal/nearest"
	"godwit/internal/ui/cli/codes"
	"godwit/internal/ui/view"
)

func (s *session) explainCommand() *cobra.Command {
	c := &cobra.Command{
		Use:   "explain [CODE]",
		Short: "Explain an error code, the events of --json, or the keys of flows",
		Example: `  godwit explain target.not-empty
  godwit explain events      # their JSON Schema
  godwit explain flow        # that of flow files, for editors; #/$defs/project is that of godwit.yaml`,
		Args: takes("[CODE]"),
	}
	c.RunE = func(_ *cobra.Command, args []string) error {
		if len(args) == 0 {
			_, err := fmt.Fprintln(s.Out, strings.Join(codes.All(), "\n"))
			return err
		}
		switch args[0] {
		case "events":
			_, err := fmt.Fprintln(s.Out, string(view.EventsSchema()))
			return err
		case "flow":
			_, err := fmt.Fprintln(s.Out, string(flow.Schema(s.Language)))
			return err
		}
		text, ok := codes.Text(args[0])
		if !ok {
			e := fault.New(fault.Config, "usage", "there is no code %q", args[0])
			if near := nearest.Name(args[0], codes.All()); near != "" {
				e.Hint("did you mean %s?", near)
			}
			return e.Hint("godwit explain lists them")
		}
		if s.json {
			s.events().Value("explain", map[string]string{"code": args[0], "text": text})
			return s.stream.Err()
		}
		_, err := fmt.Fprintf(s.Out, "%s\n\n%s\n", args[0], text)
		return err
	}
	return c
}

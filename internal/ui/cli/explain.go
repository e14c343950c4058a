package cli

import (
	_ "embed"
	"fmt"
	"maps"
	"slices"
	"sort"
	"strings"

	"github.com/spf13/cobra"

	"godwit/internal/control/flow"
	"godwit/internal/fault"
	"godwit/internal/nearest"
	"godwit/internal/ui/view"
)

// codes is the page of error codes, one section per code: "## code", then text.
//
//go:embed codes.md
var codes string

// pages are the sections of codes by code.
func pages() map[string]string {
	all := map[string]string{}
	for _, section := range strings.Split(codes, "\n## ")[1:] {
		code, text, _ := strings.Cut(section, "\n")
		all[strings.TrimSpace(code)] = strings.TrimSpace(text)
	}
	return all
}

// mend is what a code's section says to do about a record that was not loaded.
func mend(code string) string {
	_, next, _ := strings.Cut(pages()[code], "Next: ")
	next, _, _ = strings.Cut(next, "\n")
	next = strings.ReplaceAll(next, "godwit resume RUN", "godwit redrive RUN")
	return strings.ReplaceAll(strings.TrimSuffix(next, "."), "`", "")
}

// brokenRule explains a code that is made of a rule's name.
const brokenRule = `A record breaks rule %s: of the map (a rule of its own, or required, type, min, max,
match, in, lookup, convert of a field) or of the target's table (NOT NULL, a length, a CHECK, an enum).
It was not tried at the target.

Next: ` + "`godwit dead list RUN --rule %[1]s`" + ` names records, fields and values; mend the map, the lookup or the
source, then ` + "`godwit redrive RUN --rule %[1]s`" + `.`

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
		all := pages()
		if len(args) == 0 {
			names := make([]string, 0, len(all))
			for code := range all {
				names = append(names, code)
			}
			sort.Strings(names)
			fmt.Fprintln(s.Out, strings.Join(names, "\n"))
			return nil
		}
		switch args[0] {
		case "events":
			_, err := fmt.Fprintln(s.Out, string(view.EventsSchema()))
			return err
		case "flow":
			_, err := fmt.Fprintln(s.Out, string(flow.Schema(s.Language)))
			return err
		}
		text, ok := all[args[0]]
		if rule, found := strings.CutPrefix(args[0], "issue."); found && !ok {
			text, ok = fmt.Sprintf(brokenRule, rule), true
		}
		if !ok {
			e := fault.New(fault.Config, "usage", "there is no code %q", args[0])
			if near := nearest.Name(args[0], slices.Sorted(maps.Keys(all))); near != "" {
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

package cli

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"godwit/internal/fault"
)

// takes says what a command is given, as its usage names it: RUN must be, what
// stands in brackets may be.
func takes(names ...string) cobra.PositionalArgs {
	var must []string
	for _, n := range names {
		if !strings.HasPrefix(n, "[") {
			must = append(must, n)
		}
	}
	return func(c *cobra.Command, args []string) error {
		if len(args) < len(must) {
			e := fault.New(fault.Config, "usage", "%s: %s is missing", c.CommandPath(), must[len(args)])
			if must[len(args)] == "RUN" {
				e.Hint("godwit runs lists them")
			}
			return e.Hint("%s --help says more", c.CommandPath())
		}
		if len(args) <= len(names) {
			return nil
		}
		e := fault.New(fault.Config, "usage", "%s: %q is too much", c.CommandPath(), args[len(names)])
		return e.Hint("%s --help says what it is given", c.CommandPath())
	}
}

// oneOf is a flag with few values; any other is refused when it is read.
type oneOf struct {
	to     *string
	values []string
}

func (o oneOf) String() string {
	if o.to == nil {
		return ""
	}
	return *o.to
}

func (o oneOf) Set(text string) error {
	if !slices.Contains(o.values, text) {
		if len(o.values) == 1 {
			return errors.New("is not " + o.values[0])
		}
		return errors.New("is none of " + strings.Join(o.values, ", "))
	}
	*o.to = text
	return nil
}

func (o oneOf) Type() string { return "word" }

// beats is the time between heartbeats: 0 as the lines think fit, less than 0
// never.
type beats struct{ to *time.Duration }

func (b beats) String() string {
	switch {
	case b.to == nil || *b.to == 0:
		return ""
	case *b.to < 0:
		return "none"
	}
	return b.to.String()
}

func (b beats) Set(text string) error {
	if text == "none" {
		*b.to = -1
		return nil
	}
	d, err := time.ParseDuration(text)
	if err != nil || d <= 0 {
		return errors.New("is no time such as 30s, and not none")
	}
	*b.to = d
	return nil
}

func (b beats) Type() string { return "time" }

// wrongValue says which flag has a value that cannot be; nil when that is not
// what is wrong.
func wrongValue(err error) *fault.Error {
	var wrong *pflag.InvalidValueError
	if !errors.As(err, &wrong) {
		return nil
	}
	why := wrong.Unwrap().Error()
	if i := strings.LastIndex(why, "strconv."); i >= 0 { // pflag's own numbers
		why = "is no whole number"
	}
	return fault.New(fault.Config, "usage", "--%s %q %s", wrong.GetFlag().Name, wrong.GetValue(), why)
}

// alone refuses flags that mean nothing beside a flow, or without one: what is
// silently dropped is missed later.
func (d *source) alone(f *pflag.FlagSet, flow bool) error {
	with, without := []string{"set", "env"}, []string{"from", "to", "verify"}
	for key := range d.flags {
		without = append(without, dashed(key))
	}
	refused, why := with, "is an input of a flow, and none was named"
	if flow {
		refused, why = without, "does not go with a flow, which says that itself"
	}
	slices.Sort(refused)
	for _, name := range refused {
		if f.Changed(name) {
			return fault.New(fault.Config, "usage", "--%s %s", name, why)
		}
	}
	return nil
}

// writable refuses a file that could not be written at the end.
func writable(flag, path string) error {
	if path == "" {
		return nil
	}
	dir := filepath.Dir(path)
	if s, err := os.Stat(dir); err != nil || !s.IsDir() {
		return fault.New(fault.Config, "usage", "--%s %s: there is no folder %s", flag, path, dir)
	}
	if s, err := os.Stat(path); err == nil && s.IsDir() {
		return fault.New(fault.Config, "usage", "--%s %s is a folder", flag, path)
	}
	return nil
}

// Package cli is the command line: each command reads its flags, builds one
// request, asks control, and shows what it answered through view. It decides
// nothing. Start at Program; one file per command.
package cli

import (
	"context"
	"errors"
	"io"
	"os"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"godwit/internal/control/flow"
	"godwit/internal/control/run"
	"godwit/internal/fault"
	"godwit/internal/ui/cli/alarms"
	"godwit/internal/ui/cli/answers"
	"godwit/internal/ui/cli/exceptions"
	"godwit/internal/ui/cli/guards"
	"godwit/internal/ui/cli/maps"
	"godwit/internal/ui/cli/tuning"
	"godwit/internal/ui/view"
)

// Exit codes, the same for all commands. Unknown ones must be treated as
// failure.
const (
	ExitDone        = 0
	ExitFailed      = 1
	ExitRefused     = 2
	ExitOpen        = 3
	ExitStopped     = 5
	ExitInterrupted = 130
)

// Program is the command line with what it stands on, set once by wire.
type Program struct {
	Language flow.Language
	Version  string
	// Look looks at systems and has no ledger.
	Look run.Runs
	// Open opens the ledger at a path, making it when it is not there, and what
	// runs on it. Close gives both back.
	Open func(ctx context.Context, ledger string) (runs *run.Runs, done func() error, err error)
	In   io.Reader
	Out  io.Writer // results
	Err  io.Writer // progress, lines, errors
	// Interrupts are the signals to stop; the second one cuts.
	Interrupts <-chan os.Signal
	Zone       *time.Location
}

// exit is an error that carries the exit code of something already said.
type exit struct{ code int }

func (e exit) Error() string { return "exit" }

// Run runs one command line and returns its exit code. Whatever went wrong has
// been said on Err then.
func (p *Program) Run(ctx context.Context, args []string) int {
	ctx, cut := context.WithCancel(ctx)
	defer cut()
	s := &session{Program: p, interrupts: interrupts{stop: make(chan struct{}), cut: cut}}
	go s.listen(ctx)
	root := s.root()
	root.SetArgs(args)
	root.SetOut(p.Out)
	root.SetErr(p.Err)
	return s.said(root.ExecuteContext(ctx))
}

// said is the exit code of what a command came to; what nobody has said yet is said.
func (s *session) said(err error) int {
	var e exit
	var told exceptions.Said
	switch {
	case err == nil:
		return ExitDone
	case errors.As(err, &e):
		return e.code
	case errors.As(err, &told):
		return told.Code
	case s.early():
		return ExitInterrupted
	case errors.Is(err, syscall.EPIPE): // whoever reads has seen enough, as head does
		return ExitFailed
	}
	return s.fail(err)
}

// session is one command's life: the flags all commands have, and what an
// interrupt reaches.
type session struct {
	*Program
	ledger string
	json   bool
	color  string
	asked  *source // what the command was given to work on
	again  string  // run whose records a redrive processes again
	interrupts
	stream *view.Stream // with --json
}

func (s *session) root() *cobra.Command {
	root := &cobra.Command{
		Use:   "godwit",
		Short: "Move a legacy system to its successor and prove that nothing was lost",
		Long: `godwit moves whole databases, or records by a map into another model, verified
and accounted for one by one, and can be watched, stopped and resumed at any moment.`,
		Example: `  godwit copy --from postgres://old/shop --to postgres://new/shop
  godwit doctor warehouse
  godwit run shop
  godwit dead stats shop-1
  godwit status copy-1`,
		SilenceErrors: true, SilenceUsage: true,
		SuggestionsMinimumDistance: 2,
		Args:                       commands,
		RunE:                       func(c *cobra.Command, _ []string) error { return c.Help() },
	}
	f := root.PersistentFlags()
	f.StringVar(&s.ledger, "ledger", "", "file of the ledger (default GODWIT_LEDGER, else .godwit/ledger.db in the project's folder)")
	f.BoolVar(&s.json, "json", false, "JSON lines on standard output instead of text")
	s.color = "auto"
	f.Var(oneOf{&s.color, []string{"auto", "always", "never"}}, "color", "auto, always or never; NO_COLOR is obeyed")
	root.AddCommand(s.copyCommand(), s.verifyCommand(), s.initCommand(), s.doctorCommand(), s.inspectCommand(), s.planCommand(),
		s.runCommand(), s.resumeCommand(), s.cancelCommand(), s.runsCommand(), s.statusCommand(), s.reportCommand(),
		s.redriveCommand(), s.ledgerCommand(), s.explainCommand(), s.versionCommand())
	for _, c := range append(slices.Concat(exceptions.Commands(desk{s}), answers.Commands(desk{s})), maps.Command(desk{s}), alarms.Command(desk{s}), tuning.Command(desk{s}), guards.Command(desk{s})) {
		groups(c)
		root.AddCommand(c)
	}
	root.Version = s.Version
	root.SetVersionTemplate("godwit {{.Version}}\n")
	root.SetHelpCommand(helpCommand(root))
	root.CompletionOptions.HiddenDefaultCmd = true
	root.SetFlagErrorFunc(flagError)
	root.SetHelpTemplate(root.HelpTemplate() + exitHelp)
	return root
}

const exitHelp = `
Exit codes: 0 done, all accounted for   1 failed   2 refused before anything was touched
            3 finished, but records were not loaded: godwit dead stats RUN
            4 verification found differences   5 stopped, resumable   130 interrupted twice
`

// fail says an error and gives its exit code: what was refused before anything
// was touched is 2.
func (s *session) fail(err error) int {
	var ds flow.Diagnostics
	if errors.As(err, &ds) {
		return s.diagnose(ds)
	}
	f := fault.Of(err)
	if f.Kind == fault.Internal && f.Code == "internal" && isUsage(f.Text) {
		f.Kind, f.Code = fault.Config, "usage"
		f.Next = []string{"godwit --help lists the commands"}
	}
	code := ExitFailed
	switch f.Kind {
	case fault.Config, fault.Denied, fault.Conflict:
		code = ExitRefused
	case fault.Unavailable, fault.Throttled:
		code = ExitStopped
		if !strings.HasPrefix(f.Code, "ledger.") && !strings.HasPrefix(f.Code, "disk.") {
			code = ExitRefused // a run was not begun yet: those that are end by themselves
		}
	case fault.Cancelled:
		code = ExitInterrupted
	}
	s.say(f)
	return code
}

func (s *session) say(f fault.Fault) {
	if s.json {
		s.events().Tell(view.Failed(time.Now(), "", f))
		return
	}
	_ = view.Show(s.errOut(), view.Problem{Fault: f})
}

func (s *session) diagnose(ds flow.Diagnostics) int {
	if s.json {
		for _, d := range ds {
			text := strings.TrimSuffix(d.String(), " ["+d.Code+"]") // the event has the code
			s.events().Tell(view.Failed(time.Now(), "", fault.Fault{Kind: fault.Config, Code: d.Code, Text: text, Next: d.Next}))
		}
		return ExitRefused
	}
	_ = view.Show(s.errOut(), problems(ds))
	return ExitRefused
}

// isUsage tells cobra's own errors, which have no type.
func isUsage(text string) bool {
	for _, start := range []string{"unknown command", "unknown flag", "accepts ", "requires ", "required flag"} {
		if len(text) >= len(start) && text[:len(start)] == start {
			return true
		}
	}
	return false
}

func (s *session) events() *view.Stream {
	if s.stream == nil {
		s.stream = view.NewStream(s.Out, s.Version)
	}
	return s.stream
}

func (s *session) out() view.Out    { return view.Out{W: s.Out, Color: s.colored(s.Out)} }
func (s *session) errOut() view.Out { return view.Out{W: s.Err, Color: s.colored(s.Err)} }

func (s *session) colored(w io.Writer) bool {
	f, ok := w.(*os.File)
	return ok && view.Colors(s.color, f)
}

// show writes a command's result: as text, or as one JSON object.
func (s *session) show(name string, screen view.Screen, value any) error {
	if s.json {
		s.events().Value(name, value)
		return s.stream.Err()
	}
	return view.Show(s.out(), screen)
}

// desk lets the commands of other packages work on a session.
type desk struct{ *session }

func (d desk) Runs(ctx context.Context) (*run.Runs, func() error, error)     { return d.open(ctx) }
func (d desk) Existing(ctx context.Context) (*run.Runs, func() error, error) { return d.existing(ctx) }
func (d desk) Show(name string, s view.Screen, v any) error                  { return d.show(name, s, v) }
func (d desk) Line(format string, args ...any)                               { d.line(format, args...) }
func (d desk) Known() flow.Language                                          { return d.Language }
func (d desk) Systems() *run.Runs                                            { return d.looking() }
func (d desk) Failed() error                                                 { return exit{ExitFailed} }
func (d desk) Open() error                                                   { return exit{ExitOpen} }
func (d desk) Bind(name string, set []string, env string) (*flow.Bound, error) {
	return d.file(&source{set: set, env: env}, name)
}
func (d desk) Today(runs *run.Runs, of run.Ref) (*flow.Bound, error) {
	b, err := runs.Flow(of)
	if err == nil {
		err = d.refresh(b)
	}
	return b, err
}
func (d desk) Actor() string  { return actor() }
func (d desk) Now() time.Time { return time.Now().In(d.Zone) }

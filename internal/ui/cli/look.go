package cli

import (
	"context"
	"fmt"
	"os"
	"time"

	"github.com/spf13/cobra"

	"godwit/internal/control/flow"
	"godwit/internal/control/run"
	"godwit/internal/fault"
	"godwit/internal/ui/cli/examination"
	"godwit/internal/ui/story"
	"godwit/internal/ui/view"
	"godwit/internal/ui/view/inspection"
)

func (s *session) doctorCommand() *cobra.Command {
	d := &source{}
	all, fixes := false, false
	c := &cobra.Command{
		Use:   "doctor [FLOW]",
		Short: "Find everything that would stop a run, each with the statement that mends it",
		Example: `  godwit doctor warehouse
  godwit doctor --from postgres://old/shop --to postgres://new/shop
  godwit doctor warehouse --fixes > fixes.sql`,
		Args: takes("[FLOW]"),
	}
	c.RunE = func(c *cobra.Command, args []string) error {
		b, err := s.bound(c, d, args, "copy")
		if err != nil {
			return err
		}
		found, err := s.doctor(c.Context(), b)
		if err != nil {
			return err
		}
		if fixes {
			if _, err = fmt.Fprint(s.Out, examination.Fixes(found)); found.Blocks() {
				s.line("%s   also tells what no statement mends", s.commandOf("doctor", b))
			}
		} else {
			err = s.showDoctor(found, b, all)
		}
		if err == nil && found.Blocks() {
			return exit{ExitRefused}
		}
		return err
	}
	d.ends(c.Flags())
	d.verb(c.Flags(), s.Language, "copy")
	inputs(c, d)
	c.Flags().BoolVar(&all, "all", false, "list what is in order too")
	c.Flags().BoolVar(&fixes, "fixes", false, "only the statements that mend what was found")
	return c
}

// doctor examines; the ledger, when there is one, says which runs it knows.
func (s *session) doctor(ctx context.Context, b *flow.Bound) (*run.Diagnosis, error) {
	runs := s.looking()
	if there(s.path()) {
		known, done, err := s.open(ctx)
		if err != nil {
			return nil, err
		}
		defer done()
		runs.Ledger = known.Ledger
	}
	return runs.Doctor(ctx, b)
}

// showDoctor shows a diagnosis; with JSON each finding is an event, and the last line
// says what was looked at.
func (s *session) showDoctor(found *run.Diagnosis, b *flow.Bound, all bool) error {
	v := examination.Of(found)
	v.Command, v.All, v.Loads = s.commandOf("doctor", b), all, s.loads(found, b)
	if !s.json {
		return view.Show(s.out(), v)
	}
	for _, f := range v.Findings {
		if all || f.Severity != "ok" {
			s.events().Tell(view.Found(time.Now(), f))
		}
	}
	s.events().Value("doctor.summary", v.Value())
	return s.events().Err()
}

func (s *session) planCommand() *cobra.Command {
	d, all := &source{}, ""
	c := &cobra.Command{
		Use:   "plan [FLOW]",
		Short: "Show what a run would make, destroy and leave out, writing nothing",
		Example: `  godwit plan warehouse
  godwit plan --from postgres://old/shop --to postgres://new/shop --existing replace`,
		Args: takes("[FLOW]"),
	}
	c.RunE = func(c *cobra.Command, args []string) error {
		b, err := s.bound(c, d, args, "copy")
		if err != nil {
			return err
		}
		return s.plan(c.Context(), b, all == "destroys")
	}
	d.ends(c.Flags())
	d.verb(c.Flags(), s.Language, "copy")
	d.verify = "all"
	c.Flags().Var(oneOf{&d.verify, []string{"all", "none"}}, "verify", "all plans the proof too, none leaves it out")
	fully(c, d)
	c.Flags().Var(oneOf{&all, []string{"destroys"}}, "show", "destroys lists every table that would be dropped or emptied")
	inputs(c, d)
	return c
}

func (s *session) plan(ctx context.Context, b *flow.Bound, all bool) error {
	runs := s.looking()
	if b.Files != nil && there(s.path()) { // where incremental reads begin
		own, done, err := s.open(ctx)
		if err != nil {
			return err
		}
		defer done()
		runs = own
	}
	found, err := runs.Doctor(ctx, b)
	if err != nil {
		return err
	}
	p, err := runs.Plan(ctx, b, found)
	if err != nil {
		return refused(err)
	}
	v := story.Plan(p)
	v.Now, v.Destroys.All = time.Now().In(s.Zone), all
	if !found.Blocks() {
		v.Run = s.commandOf("run", b) + " --plan " + p.Name()
	}
	if err := s.show("plan", v, v.Value()); err != nil || !found.Blocks() {
		return err
	}
	s.line("\nIt would be refused now:")
	if err := s.showDoctor(found, b, false); err != nil {
		return err
	}
	return exit{ExitRefused}
}

// agreeTo asks for what a plan destroys. Without a terminal nobody is asked: a
// protected environment was refused before, any other agreed by its flow.
func (s *session) agreeTo(ctx context.Context, p *run.Plan, b *flow.Bound, w *working) error {
	v := story.Plan(p)
	what := v.Destroys.What()
	if what == "" {
		return nil
	}
	if w.yes || w.plan != "" || !terminal(s.In) {
		s.line("%s", what)
		return nil
	}
	if !terminal(s.Err) {
		return fault.New(fault.Config, "run.not-agreed", "%s, and the question would not be seen", what).Hint("--yes agrees without being asked")
	}
	fmt.Fprintf(s.Err, "%s.\nType %s to go on: ", what, b.Flow)
	answer, err := s.answer(ctx)
	if err != nil {
		return err
	}
	if answer != b.Flow {
		return fault.New(fault.Config, "run.not-agreed", "nothing was started").Hint("--yes agrees without being asked")
	}
	return nil
}

// answer reads one word; an interrupt ends the question.
func (s *session) answer(ctx context.Context) (string, error) {
	word := make(chan string, 1)
	go func() {
		var answer string
		fmt.Fscanln(s.In, &answer)
		word <- answer
	}()
	select {
	case answer := <-word:
		return answer, nil
	case <-ctx.Done():
		fmt.Fprintln(s.Err)
		return "", ctx.Err()
	}
}

func (s *session) inspectCommand() *cobra.Command {
	d := &source{}
	tables := false
	c := &cobra.Command{
		Use:   "inspect [FLOW CONNECTION]",
		Short: "Show what a database holds",
		Example: `  godwit inspect warehouse old
  godwit inspect --from postgres://old/shop --tables`,
		Args: takes("[FLOW]", "[CONNECTION]"),
	}
	c.RunE = func(c *cobra.Command, args []string) error {
		name, at, err := s.subject(c, d, args)
		if err != nil {
			return err
		}
		db, err := s.looking().Inspect(c.Context(), name, at)
		if err != nil {
			return refused(err)
		}
		return s.show("inspect", inspection.Inspection{Connection: name, Database: db, Tables: tables}, db)
	}
	d.ends(c.Flags())
	inputs(c, d)
	c.Flags().BoolVar(&tables, "tables", false, "list tables, not schemas")
	return c
}

// subject is the one connection that is inspected.
func (s *session) subject(c *cobra.Command, d *source, args []string) (string, flow.BoundConnection, error) {
	if err := d.alone(c.Flags(), len(args) > 0); err != nil {
		return "", flow.BoundConnection{}, err
	}
	if d.from != "" && d.to != "" {
		return "", flow.BoundConnection{}, fault.New(fault.Config, "usage", "give --from or --to: one database is inspected")
	}
	if len(args) == 2 {
		b, err := s.file(d, args[0])
		if err != nil {
			return "", flow.BoundConnection{}, err
		}
		at, ok := b.Connections[args[1]]
		if !ok {
			return "", at, fault.New(fault.Config, "connection.unknown", "flow %s uses no connection %q", b.Flow, args[1])
		}
		return args[1], at, nil
	}
	name, url := "from", d.from
	if url == "" && d.to != "" {
		name, url = "to", d.to
	}
	if url == "" {
		url = os.Getenv("GODWIT_FROM")
	}
	if url == "" || len(args) == 1 {
		return "", flow.BoundConnection{}, fault.New(fault.Config, "usage", "say what to inspect").
			Hint("godwit inspect FLOW CONNECTION, or --from URL")
	}
	at, err := s.connection(url)
	return name, at, fault.Wrap(err, "--%s", name)
}

// loads are the steps of a flow that read records, as doctor saw them.
func (s *session) loads(found *run.Diagnosis, b *flow.Bound) []view.Load {
	work := b.Work()
	var list []view.Load
	for i, f := range found.Facts {
		if f.Records == nil || i >= len(work) {
			continue
		}
		l := story.Load(work[i].ID, f.Facts)
		if list = append(list, l); s.json {
			s.events().Value("doctor.load", l)
		}
	}
	return list
}

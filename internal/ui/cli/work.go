package cli

import (
	"context"
	"os"
	"strings"
	"sync"
	"time"

	"github.com/spf13/pflag"

	"godwit/internal/control/flow"
	"godwit/internal/control/run"
	"godwit/internal/fault"
	"godwit/internal/ui/cli/alarms"
	"godwit/internal/ui/cli/overlaps"
	"godwit/internal/ui/cli/standing"
	"godwit/internal/ui/report"
	"godwit/internal/ui/story"
	"godwit/internal/ui/view"
	"godwit/internal/unit"
)

// working are the flags of commands that work.
type working struct {
	plan     string
	fresh    bool
	yes      bool
	progress time.Duration // between heartbeats, see beats
	report   string
}

func (w *working) flags(f *pflag.FlagSet) {
	f.StringVar(&w.plan, "plan", "", "run exactly the plan of this hash, or refuse, naming what changed")
	f.BoolVar(&w.fresh, "new", false, "open another run beside an unfinished one")
	f.Var(beats{&w.progress}, "progress", "without a terminal: time between heartbeats, as 30s, or none")
	f.StringVar(&w.report, "report", "", "file for the HTML report (default beside the ledger)")
}

// agrees adds --yes, to commands that may destroy something.
func (w *working) agrees(f *pflag.FlagSet) {
	f.BoolVar(&w.yes, "yes", false, "agree to what the run destroys without being asked; without a terminal nobody is asked")
}

// begin opens the flow's next run, or goes on with the unfinished one.
func (s *session) begin(ctx context.Context, b *flow.Bound, w *working) error {
	if err := s.agreed(b, w); err != nil {
		return err
	}
	if err := writable("report", w.report); err != nil {
		return err
	}
	runs, done, err := s.open(ctx)
	if err != nil {
		return err
	}
	defer done()
	return s.start(ctx, runs, b, w)
}

func (s *session) start(ctx context.Context, runs *run.Runs, b *flow.Bound, w *working) error {
	if err := s.changed(ctx, runs, ""); err != nil {
		return err
	}
	if joined, err := overlaps.Meet(ctx, runs, b, w.fresh, s.stop, s.line); joined != nil || err != nil {
		return s.joined(ctx, runs, joined, w, err)
	}
	if !w.fresh {
		old, ok, err := runs.Unfinished(ctx, b)
		if err != nil {
			return err
		}
		if ok {
			return s.drive(ctx, runs, old, b, w, "going on with "+old.Name()+"; --new opens another run")
		}
	}
	p, err := s.ready(ctx, runs, b, w)
	if err != nil {
		return err
	}
	show := s.screen(w)
	if err := s.engage(); err != nil {
		return err
	}
	r, err := runs.Start(ctx, b, p, w.fresh, actor())
	if fault.CodeOf(err) == "run.open" && b.Overlap != nil && b.Overlap.Then != flow.Refuse { // started at the same moment
		show.close()
		return s.start(ctx, runs, b, w)
	}
	if err != nil {
		return err
	}
	opened, err := runs.Opening(ctx, r)
	if err != nil {
		return err
	}
	show.event(r.Name(), opened)
	return s.work(ctx, runs, r, b, show)
}

// joined ends as a run did that somebody else worked on.
func (s *session) joined(ctx context.Context, runs *run.Runs, r *run.Ref, w *working, err error) error {
	if err != nil {
		return err
	}
	return s.summary(ctx, runs, run.Ended{Run: *r, Exit: r.Exit}, w.report)
}

// ready repeats what doctor and plan say: what would stop the run stops it
// before anything is touched.
func (s *session) ready(ctx context.Context, runs *run.Runs, b *flow.Bound, w *working) (*run.Plan, error) {
	found, err := runs.Doctor(ctx, b)
	if err != nil {
		return nil, err
	}
	if found.Blocks() {
		if err := s.showDoctor(found, b, false); err != nil {
			return nil, err
		}
		return nil, exit{ExitRefused}
	}
	p, err := runs.Plan(ctx, b, found)
	if err != nil {
		return nil, refused(err)
	}
	if stale := p.Stale(w.plan); w.plan != "" && stale != "" {
		hash, _, _ := strings.Cut(w.plan, "-")
		return nil, fault.New(fault.Config, "plan.stale", "the plan is %s now, not %s: %s", p.Hash, hash, stale).
			Hint("%s shows it", s.commandOf("plan", b))
	}
	return p, s.agreeTo(ctx, p, b, w)
}

func (s *session) resume(ctx context.Context, name string, w *working) error {
	if err := writable("report", w.report); err != nil {
		return err
	}
	runs, done, err := s.existing(ctx)
	if err != nil {
		return err
	}
	defer done()
	r, err := runs.Find(ctx, name)
	if err != nil {
		return err
	}
	if r.Outcome == "done" || r.Outcome == "cancelled" {
		e := fault.New(fault.Config, "run.ended", "%s is %s", name, view.Ended(r.Outcome, r.Exit)).Hint("godwit report %s", name)
		if r.Exit == ExitOpen {
			e.Hint("godwit redrive %s processes again what was not loaded", name)
		}
		return e
	}
	if err := s.changed(ctx, runs, name); err != nil {
		return err
	}
	b, err := runs.Flow(r)
	if err != nil {
		return err
	}
	if err := s.refresh(b); err != nil {
		return err
	}
	if told := s.since(r, b); told != "" {
		s.line("%s", told)
	}
	return typed(b, s.drive(ctx, runs, r, b, w, "going on with "+r.Name()))
}

// typed says where the password of a run made from URLs is to come from, when
// a login without it was refused.
func typed(b *flow.Bound, err error) error {
	if b.Files != nil || fault.CodeOf(err) != "login.refused" {
		return err
	}
	f := fault.Of(err)
	f.Next = append(f.Next, "a password that was typed into a URL is not in the ledger: set GODWIT_FROM and GODWIT_TO, or use PGPASSFILE")
	return &fault.Error{Fault: f}
}

// drive goes on with a run, shows it, and ends with its summary and report.
// What it says first is said when the run is owned.
func (s *session) drive(ctx context.Context, runs *run.Runs, r run.Ref, b *flow.Bound, w *working, first string) error {
	show := s.screen(w)
	show.first = first
	if err := s.engage(); err != nil {
		return err
	}
	return s.work(ctx, runs, r, b, show)
}

func (s *session) work(ctx context.Context, runs *run.Runs, r run.Ref, b *flow.Bound, show *screen) error {
	told := s.alarms(ctx, runs, r, b, show.event)
	e, err := runs.Drive(ctx, r, b, s.stop, run.Watcher{
		Event: func(ev unit.Event) { show.event(r.Name(), ev) },
		Tick:  func(n *run.Now) { show.tick(n) },
	})
	told.End(e, err) // before the report is made: it says who was told
	show.close()
	if err != nil {
		return err
	}
	if e.Unkept != nil {
		s.say(*e.Unkept)
	}
	if e.Run.Outcome == "cancelled" {
		if _, err := s.unrestored(ctx, runs, b, r.Name()); err != nil {
			return err
		}
	}
	return s.summary(ctx, runs, e, show.report)
}

// alarms tells whom the project wants told, as long as the run is driven.
func (s *session) alarms(ctx context.Context, runs *run.Runs, r run.Ref, b *flow.Bound, show func(run string, e unit.Event)) *alarms.Watch {
	return alarms.Begin(ctx, runs, r, b, alarms.Screen{Show: show, Report: func(ctx context.Context, r run.Ref) (report.Report, error) {
		return s.report(ctx, runs, r)
	}})
}

// screen is where a run shows itself: JSON lines, a live block, or plain lines.
type screen struct {
	session *session
	report  string
	first   string // line to say before anything else
	live    *view.Live
	lines   *view.Lines
	rates   standing.Rates
	days    view.Days
	mu      sync.Mutex // the run and its alarms are told by two goroutines
}

func (s *session) screen(w *working) *screen {
	c := &screen{session: s, report: w.report}
	f, ok := s.Err.(*os.File)
	switch {
	case s.json:
	case ok && view.Terminal(f):
		c.live = view.NewLive(f, view.SizeOfTerminal(f), view.Colors(s.color, f))
	default:
		c.lines = view.NewLines(s.Err, s.Zone, s.colored(s.Err), w.progress)
	}
	return c
}

func (c *screen) begin() {
	if c.first != "" {
		c.session.line("%s", c.first)
		c.first = ""
	}
}

func (c *screen) event(name string, e unit.Event) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.begin()
	told := view.Tell(name, e)
	told.Time = told.Time.In(c.session.Zone)
	if e.Kind == unit.UnitRetry && unit.KindOf(e.Unit) == "probe" {
		told.Level = view.LevelDebug // not yet: its step tells what it waits for
	}
	if !c.session.json {
		told = passing(e, told)
	}
	switch {
	case c.session.json:
		c.session.events().Tell(told)
	case told.Level == view.LevelDebug:
	case c.live != nil:
		for _, line := range c.days.Lines(told, c.session.Zone) {
			c.live.Say(line)
		}
	default:
		c.lines.Tell(told)
	}
}

// passing is an event as people read it while the run goes on. What the end
// tells in full, table and next step, is only announced.
func passing(e unit.Event, told view.Event) view.Event {
	switch e.Kind {
	case unit.VerifyDiffers:
		told.Level = view.LevelDebug
	case unit.UnitFailed:
		if b, err := unit.Decode[unit.Ended](e); err == nil && b.Fault != nil {
			told.Text = view.UnitName(e.Unit) + " failed [" + b.Fault.Code + "]"
			if story.Compared(*b.Fault) {
				told.Level = view.LevelDebug // its tables are told one by one
			}
		}
	}
	return told
}

func (c *screen) tick(n *run.Now) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.begin()
	st := c.rates.Screen(n, c.session.Zone)
	switch {
	case c.session.json:
		if c.rates.Beat(n.At) {
			c.session.events().Tell(st.Heartbeat())
		}
	case c.live != nil:
		c.live.Draw(st)
	default:
		c.lines.Beat(st)
	}
}

func (c *screen) close() {
	if c.live != nil {
		c.live.Close(true)
	}
}

// Package alarms lets the command line tell of what happens in a run that it
// drives, and try who would be told. Start at Begin and Command.
package alarms

import (
	"bytes"
	"context"
	"fmt"
	"strings"
	"sync"

	"godwit/internal/control/flow"
	"godwit/internal/control/run"
	"godwit/internal/control/run/sight"
	"godwit/internal/ui/notify"
	"godwit/internal/ui/notify/message"
	"godwit/internal/ui/report"
	"godwit/internal/ui/view"
	"godwit/internal/unit"
)

// Watch tells of one drive of a run. A nil one tells nobody of anything.
type Watch struct {
	ended  chan notify.End
	around sync.WaitGroup
}

// Screen is what a watch needs of the command line.
type Screen struct {
	Report func(context.Context, run.Ref) (report.Report, error)
	Show   func(unit.Event) // called by any goroutine, until End returns
}

// Begin watches a run, if its flow says that somebody is told. End must be called.
func Begin(ctx context.Context, runs *run.Runs, r run.Ref, b *flow.Bound, s Screen) *Watch {
	if b == nil || b.Alarms == nil || len(b.Alarms.Alarms) == 0 {
		return nil
	}
	p := paper{runs, r.Name(), s}
	office := notify.New(*b.Alarms, notify.Run{
		Name: r.Name(), UID: r.UID, Flow: r.Flow, Env: b.Env, Rehearsal: b.Rehearsal,
		Look:  func(ctx context.Context, after int64) (sight.Seen, error) { return runs.Sight(ctx, r, after) },
		Cause: p.cause, Report: p.attached, Owners: p.owners,
		Tell: func(ctx context.Context, a unit.Alarm) {
			if e, err := runs.Alarmed(ctx, r, a); err == nil {
				s.Show(e)
				return
			}
			s.Show(unit.Event{Kind: unit.AlarmTold, Body: unit.Body(a)}) // without a ledger the run ends anyway
		},
	})
	w := &Watch{ended: make(chan notify.End, 1)}
	w.around.Go(func() { office.Run(ctx, w.ended) })
	return w
}

// End waits until all is told, or given up. With an error the run was not gone on
// with: nobody is told of that.
func (w *Watch) End(e run.Ended, err error) {
	if w == nil {
		return
	}
	if err == nil {
		end := notify.End{Outcome: e.Run.Outcome, Exit: e.Exit, Fault: e.Fault}
		if e.Stopped {
			end.Outcome = "stopped"
		}
		w.ended <- end
	}
	close(w.ended)
	w.around.Wait()
}

// paper makes what goes with messages, from the ledger as it is then.
type paper struct {
	runs *run.Runs
	name string
	Screen
}

// cause is why most of a run's open dead letters are some.
func (p paper) cause(ctx context.Context, name string) string {
	r, err := p.runs.Find(ctx, name)
	if err != nil {
		return ""
	}
	causes, err := p.runs.Exceptions().Causes(ctx, r.ID, run.Filter{Outcome: "dead"}, 0)
	if err != nil || len(causes) == 0 {
		return ""
	}
	return fmt.Sprintf("%s in %s: %s", causes[0].Code, causes[0].Entity, causes[0].Text)
}

func (p paper) report(ctx context.Context) (report.Report, error) {
	r, err := p.runs.Find(ctx, p.name)
	if err != nil {
		return report.Report{}, err
	}
	return p.Report(ctx, r)
}

// largest is the largest report that is sent: mail servers take no more.
const largest = 10 << 20

// attached is the report, or an owner's part; nil when it is too large to send.
func (p paper) attached(ctx context.Context, owner string) (*message.Attachment, error) {
	r, err := p.report(ctx)
	if err != nil {
		return nil, err
	}
	name := p.name
	if owner != "" {
		part, ok := r.For(owner)
		if !ok {
			return nil, nil
		}
		r, name = part, name+"-"+owner
	}
	var b bytes.Buffer
	if err := report.HTML(&b, r); err != nil || b.Len() > largest {
		return nil, err
	}
	return &message.Attachment{Name: name + ".html", Type: "text/html; charset=utf-8", Content: b.Bytes()}, nil
}

// owners are those with open issues and a mail address.
func (p paper) owners(ctx context.Context) ([]notify.Owner, error) {
	r, err := p.report(ctx)
	if err != nil || r.NotLoaded == nil {
		return nil, err
	}
	var all []notify.Owner
	for _, o := range r.NotLoaded.Owners {
		if o.Mail != "" && o.New+o.Reopened+o.Still > 0 {
			all = append(all, notify.Owner{Name: o.Name, Mail: o.Mail, List: list(p.name, o)})
		}
	}
	return all, nil
}

// listed is how many issues stand in a mail.
const listed = 200

// list is what an owner has to mend, in text.
func list(run string, o report.Owner) string {
	var b strings.Builder
	open := o.New + o.Reopened + o.Still
	fmt.Fprintf(&b, "%s for %s to mend: %d new, %d reopened, %d still\n", view.Plural(open, "issue"), o.Name, o.New, o.Reopened, o.Still)
	n := 0
	for _, i := range o.Issues {
		if i.State == "fixed" {
			continue
		}
		if n++; n > listed {
			fmt.Fprintf(&b, "... and more: godwit issues list %s --owner %s\n", run, o.Name)
			break
		}
		fmt.Fprintf(&b, "- %s %s", i.Entity, i.Key)
		for _, part := range []string{i.Field, i.Rule, i.Text, i.Fix, i.Link} {
			if part != "" {
				b.WriteString("  " + part)
			}
		}
		b.WriteString("\n")
	}
	return b.String()
}

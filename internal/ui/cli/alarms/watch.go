// Package alarms lets the command line tell of what happens in a run that it
// drives, and try who would be told. Start at Begin and Command.
package alarms

import (
	"bytes"
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"godwit/internal/control/flow"
	"godwit/internal/control/run"
	"godwit/internal/ui/notify"
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
	Show   func(run string, e unit.Event) // called by any goroutine, until End returns
}

// Begin watches a run, if its flow says that somebody is told. End must be called.
func Begin(ctx context.Context, runs *run.Runs, r run.Ref, b *flow.Bound, s Screen) *Watch {
	if b == nil || b.Alarms == nil || len(b.Alarms.Alarms) == 0 {
		return nil
	}
	w := &Watch{ended: make(chan notify.End, 1)}
	own := office(runs, r, b, s)
	w.around.Go(func() { own.Run(ctx, w.ended) })
	w.around.Go(func() { late(ctx, runs, r, s) })
	return w
}

// recent is among how many runs the one before is looked for.
const recent = 50

// late tells what a run of the same flow and environment had to tell at its end,
// when its process died before it could.
func late(ctx context.Context, runs *run.Runs, r run.Ref, s Screen) {
	all, err := runs.List(ctx, recent)
	i := slices.IndexFunc(all, func(o run.Ref) bool { return o.ID < r.ID && o.Flow == r.Flow && o.Env == r.Env && o.Parent == r.Parent })
	if err != nil || i < 0 || all[i].Outcome != "done" && all[i].Outcome != "cancelled" {
		return // one that has not ended is told of when it is gone on with
	}
	b, err := runs.Flow(all[i])
	if err != nil || b.Alarms == nil {
		return
	}
	ended := make(chan notify.End, 1)
	ended <- notify.End{Outcome: all[i].Outcome, Exit: all[i].Exit}
	close(ended)
	office(runs, all[i], b, s).Late().Run(ctx, ended)
}

// office tells the receivers of a run's alarms.
func office(runs *run.Runs, r run.Ref, b *flow.Bound, s Screen) *notify.Office {
	p := paper{runs, r.Name(), s}
	return notify.New(*b.Alarms, notify.Run{
		Name: r.Name(), UID: r.UID, Flow: r.Flow, Env: b.Env, Rehearsal: b.Rehearsal,
		Look: func(ctx context.Context, after int64, counts []string) (run.Seen, error) {
			return runs.Sight(ctx, r, after, counts)
		},
		Report: p.attached, Owners: p.owners,
		Dead: func(ctx context.Context) (string, string) {
			name, c, err := runs.Deadest(ctx, r)
			if err != nil || c == nil {
				return r.Name(), ""
			}
			return name, fmt.Sprintf("%s in %s: %s", c.Code, c.Entity, c.Text)
		},
		Tell: func(ctx context.Context, a unit.Alarm) {
			e, err := runs.Alarmed(ctx, r, a)
			if err != nil { // without a ledger the run ends anyway
				e = unit.Event{At: time.Now(), Kind: unit.AlarmTold, Body: unit.Body(a)}
			}
			s.Show(r.Name(), e)
		},
	})
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
func (p paper) attached(ctx context.Context, owner string) (*notify.Attachment, error) {
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
	return &notify.Attachment{Name: name + ".html", Type: "text/html; charset=utf-8", Content: b.Bytes()}, nil
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

package unloaded

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"godwit/internal/control/run"
	"godwit/internal/record"
	"godwit/internal/ui/report"
	"godwit/internal/ui/view"
)

// Notes are the lines of a run's end summary about records that are not at the
// target; t is the sum of its accounts.
func Notes(name string, l *run.Left, t record.Account) []view.Note {
	var notes []view.Note
	add := func(label string, n int64, text, more string) {
		if n > 0 {
			notes = append(notes, view.Note{Label: label, N: n, Text: text, More: more})
		}
	}
	add("adopted", t.Adopted, "of those applied: found at the target, brought up to date, not made", "")
	add("filtered", t.Filtered, "left out by the flow's filter", "")
	if of := l.Of.Name(); of != name { // a redrive: they stay with the run that they are of
		add("rejected", t.Rejected, "again, kept with "+of, command("issues list", of))
		add("dead", t.Dead, "again, kept with "+of, command("dead stats", of))
		add("superseded", t.Superseded, "not written: the target, or a later run, has something newer"+haveOpen(l.Later), again(l.Later))
		add("open", l.Open, "of "+of+" still: not loaded, not dismissed"+leftTo(l.AtWork), command("dead list", of))
	} else if len(l.Causes) == 0 && len(l.Called) > 0 {
		add("rejected", t.Rejected, "kept with "+view.Few(l.Called), command("issues list", name))
		add("dead", t.Dead, "kept with "+view.Few(l.Called), command("dead stats", name))
	} else {
		add("rejected", t.Rejected, rules(l.Issues), command("issues list", name))
		n := 0
		for _, c := range l.Causes {
			if c.Outcome == record.Dead {
				n++
			}
		}
		add("dead", t.Dead, view.Plural(n, "cause"), command("dead stats", name))
	}
	add("pending", t.Blocked, "wait for other records, or for a decision", command("dead list", l.Of.Name(), "--outcome", "pending"))
	if l.Of.Outcome == "cancelled" {
		add("spooled", t.Pending-t.Blocked, "produced, never delivered: another run sends them", command("run", l.Of.Flow))
	} else {
		add("spooled", t.Pending-t.Blocked, "produced, not delivered yet", command("resume", name))
	}
	var warnings int64
	for _, g := range l.Issues {
		if g.Severity == record.SeverityWarn {
			warnings += g.Issues
		}
	}
	add("warnings", warnings, "issues that kept no record out", command("issues list", name, "--severity", "warn"))
	return append(notes, OverRuns(l).notes(name)...)
}

// leftTo says which later runs have read some of the open ones.
func leftTo(list []run.LaterRun) (text string) {
	for _, l := range list {
		text += fmt.Sprintf("; %s has read %s of them anew and is not over", l.Run, view.Count(l.Records))
	}
	return text
}

// haveOpen says of later runs that they have records open, and again what redrives the last.
func haveOpen(later []string) string {
	if len(later) == 0 {
		return ""
	}
	return ", and " + view.Few(later) + view.Either(len(later), " has", " have") + " some open"
}

func again(later []string) string {
	if len(later) == 0 {
		return ""
	}
	return command("redrive", later[len(later)-1])
}

// blocked is the code of what waits behind a record of its group.
const blocked = "group.blocked"

// redo is the command that tries an open record of a run again.
func redo(name string, e record.Exception) string {
	switch {
	case ofCopy(e):
		return copyAgain
	case e.Code == blocked: // alone it would wait again
		return command("redrive", name, "--dry-run")
	}
	return command("redrive", name, "--id", strconv.FormatInt(e.ID, 10), "--dry-run")
}

// What a redrive is for: it takes records as they were read.
const mended = "   once the map or the target is mended; if it was the source, run the flow again"

// Next are the commands that are left to do.
func Next(l *run.Left, t record.Account) []string {
	if t.Dead+t.Rejected+t.Pending <= l.Accepted {
		return nil
	}
	if len(l.Causes) > 0 && !slices.ContainsFunc(l.Causes, func(c run.CauseLeft) bool { return !c.Copied }) {
		return []string{command("dead list", l.Of.Name()) + "   names the rows: " + copyAgain}
	}
	if len(l.Causes) == 0 && len(l.Called) > 0 { // kept with the runs that it started
		return []string{command("redrive", l.Of.Name(), "--dry-run") + mended + others(l.Called)}
	}
	return []string{command("redrive", l.Of.Name(), "--dry-run") + mended}
}

// others are runs that are meant.
func others(names []string) string {
	if len(names) == 0 {
		return ""
	}
	return "; of " + view.Few(names)
}

// rules counts the rules that kept records out, and who is to mend them.
func rules(groups []run.IssueGroup) string {
	rules, owners := map[string]bool{}, map[string]bool{}
	for _, g := range groups {
		if g.Severity != record.SeverityError {
			continue
		}
		rules[g.Rule+" "+g.Field] = true
		if g.Owner != "" {
			owners[g.Owner] = true
		}
	}
	if len(owners) == 0 {
		return view.Plural(len(rules), "rule")
	}
	return view.Plural(len(rules), "rule") + ", " + view.Plural(len(owners), "owner")
}

// Report is what a run's report tells; nil when there is nothing. Read is how
// many records the run read, fix says what is to be done about a code.
func Report(l *run.Left, read int64, fix func(code string) string) *report.NotLoaded {
	if len(l.Causes)+len(l.Issues)+len(l.Counts)+len(l.Known)+len(l.Stubs) == 0 {
		return nil
	}
	r := &report.NotLoaded{Causes: []report.Cause{}, Issues: []report.Issues{}, More: l.Cut, Accepted: l.Accepted, Before: l.Before, Owners: ownersOf(l)}
	for _, e := range l.Known {
		r.Known = append(r.Known, report.Expected{Rule: e.Rule, Entity: e.Entity, Field: e.Field, Expected: e.Count, Found: e.Found, Note: e.Note})
	}
	for _, s := range l.Stubs {
		r.Stubs = append(r.Stubs, report.Stubs{Entity: s.Entity, Stubs: s.Stubs, Run: s.Run})
	}
	for _, c := range l.Causes {
		r.Causes = append(r.Causes, cause(c, read, fix))
	}
	for _, g := range l.Issues {
		r.Issues = append(r.Issues, report.Issues{Rule: g.Rule, Field: g.Field, Value: g.Value, Severity: g.Severity, Owner: g.Owner,
			Text: g.Text, Fix: g.Hint, Issues: g.Issues, Keys: g.Keys, First: g.First})
	}
	return r
}

// ownersOf are the owners' parts.
func ownersOf(l *run.Left) []report.Owner {
	var all []report.Owner
	at := map[string]int{}
	for i, s := range l.Counts {
		at[s.Owner] = i
		all = append(all, report.Owner{Name: s.Owner, Mail: l.Owners[s.Owner].Mail, New: s.New, Reopened: s.Reopened, Still: s.Still, Fixed: s.Fixed, Accepted: s.Accepted})
	}
	add := func(i run.Issue, state string) {
		o := &all[at[i.Owner]]
		o.Issues = append(o.Issues, report.OwnIssue{Key: i.Key, Entity: i.Entity, Field: i.Field, Rule: i.Rule, Value: i.Value, Text: i.Text, Fix: i.Hint,
			State: state, First: i.First, Link: l.Owners[i.Owner].LinkTo(i.Key)})
	}
	for _, i := range l.Each {
		add(i, i.State)
	}
	for _, i := range l.Fixed {
		add(i, "fixed")
	}
	return all
}

func cause(c run.CauseLeft, read int64, fix func(code string) string) report.Cause {
	one := report.Cause{Cause: c.Cause.Cause, Outcome: string(c.Outcome), Code: c.Code, Text: c.Text, Entity: c.Entity,
		Field: fields(c.Cause), Records: c.Records, Open: c.Records, First: c.First}
	if read > 0 {
		one.Share = float64(c.Records) / float64(read)
	}
	for _, e := range c.Closed {
		one.Closed = append(one.Closed, report.Ending{Text: e.Text, Records: e.Records})
		one.Open -= e.Records
	}
	var who []string
	for _, e := range c.Examples {
		field, value := e.At()
		one.Examples = append(one.Examples, report.Example{Number: e.ID, Entity: e.Entity, Key: e.Key, Field: field, Value: value, Closed: e.Closed})
		if o := owners(e.Issues); o != "" && !slices.Contains(who, o) {
			who = append(who, o)
		}
		for _, i := range e.Issues {
			if one.Fix == "" && i.Severity != record.SeverityWarn {
				one.Fix = i.Hint
			}
		}
	}
	one.Owner = strings.Join(who, ", ")
	if one.Fix == "" {
		one.Fix = fix(c.Code)
	}
	return one
}

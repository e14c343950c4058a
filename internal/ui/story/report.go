package story

import (
	"cmp"
	"encoding/json"
	"os"
	"slices"
	"strings"
	"time"

	"godwit/internal/control/run"
	"godwit/internal/control/run/chronicle"
	"godwit/internal/record"
	"godwit/internal/ui/report"
	"godwit/internal/ui/unloaded"
	"godwit/internal/ui/view"
	"godwit/internal/unit"
)

// slowest is how many units the report lists by time.
const slowest = 20

// Report puts a run's story into the report's words. Mend says what is to be
// done about a code.
func Report(st *chronicle.Story, left *run.Left, zone *time.Location, mend func(code string) string) report.Report {
	r := report.Report{V: 1, Zone: zoneName(zone), Verdict: verdict(st), FlowText: st.FlowText}
	var all record.Account
	for _, a := range st.Steps {
		all = all.Plus(a)
	}
	r.NotLoaded = unloaded.Report(left, all.Read, mend)
	if of := left.Of.Name(); of != r.Verdict.Run {
		r.Verdict.Redrives = report.Redrives{Of: of, Open: &left.Open}
	}
	totals := slices.Clone(st.Totals)
	slices.SortStableFunc(totals, func(a, b record.Account) int { return cmp.Compare(b.Bytes, a.Bytes) })
	for _, a := range totals { // largest first
		r.Accounts = append(r.Accounts, report.AccountOf(a, int64(a.Chunk)))
	}
	r.Called, r.Changes = Called(st.Parts), changes(st)
	for _, a := range st.Again {
		r.Again = append(r.Again, report.Again{What: a.What, Unit: view.UnitName(a.Unit), Entity: a.Entity, At: a.At, Times: int64(a.Times), Rows: a.Rows, Why: a.Why})
	}
	for _, p := range st.Proofs {
		if p.Around() {
			r.Compared = append(r.Compared, report.Compared{Kind: "all", Name: p.Entity, Result: p.Result, Why: p.Why})
			continue
		}
		r.Proof = append(r.Proof, report.Proof{Entity: p.Entity, Result: p.Result, Method: p.Method, Rows: p.Rows,
			Others: others(p), Left: p.Left, Right: p.Right, Count: int64(p.Count), Why: cmp.Or(p.Why, view.Aside(p.Aside)),
			Partly: p.Aside != nil && p.Aside.Rejected+p.Aside.Left > 0})
	}
	for _, o := range st.Omitted {
		r.Compared = append(r.Compared, report.Compared{Kind: "all", Name: o.What, Result: "left_out", Why: o.Why})
	}
	for _, d := range st.Differences {
		r.Differences = append(r.Differences, report.Difference{Entity: d.Entity, What: d.What, Key: strings.Join(d.Key, ", "), Column: d.Column, Text: d.Text})
	}
	for _, sp := range st.Spans {
		r.Steps = append(r.Steps, report.Span{Name: sp.Name, Start: sp.Start, End: sp.End, Units: int64(sp.Units), Bytes: sp.Bytes, State: sp.State})
	}
	for _, s := range st.Samples {
		r.Throughput = append(r.Throughput, report.Sample{At: s.At, Rate: s.Rate})
	}
	for i, u := range st.Slowest {
		if i < slowest {
			r.Slowest = append(r.Slowest, report.Unit{Unit: view.UnitName(u.ID), Seconds: u.Seconds, Tries: int64(u.Tries), Rows: u.Rows, Bytes: u.Bytes})
		}
	}
	if f := st.Failed(); len(f) > 0 {
		r.Verdict.Why = why(f, r.Tally())
	}
	if st.Run.Outcome == "skipped" {
		r.Verdict.Why = ended(st)
	}
	told(&r, st)
	return r
}

// zoneName is the name of a zone that other machines know too, also when this
// one only calls it its own.
func zoneName(zone *time.Location) string {
	if zone.String() != "Local" {
		return zone.String()
	}
	if file, err := os.Readlink("/etc/localtime"); err == nil {
		if _, name, ok := strings.Cut(file, "zoneinfo/"); ok {
			return name
		}
	}
	return zone.String()
}

func others(p chronicle.Proof) int64 {
	if p.Result == "equal" {
		return p.Rows
	}
	return p.Others
}

func verdict(st *chronicle.Story) report.Verdict {
	v := report.Verdict{
		Run: st.Run.Name(), Flow: st.Run.Flow, Outcome: st.Run.Outcome, Exit: st.Run.Exit, Plan: st.Run.PlanHash,
		Version: st.Version, Actor: st.Actor, Host: st.Run.Owner, Started: st.Run.Opened, Ended: st.Run.Ended,
	}
	v.Idle, v.Lost = st.Idle.Seconds(), st.Lost.Seconds()
	if v.Ended.IsZero() {
		v.Ended = st.Last
	}
	if v.Outcome == "" {
		v.Outcome = "stopped"
	}
	for _, c := range st.Sides {
		v.Systems = append(v.Systems, report.System{Name: c.Name, System: c.System, Version: c.Version, Database: c.Database})
	}
	for _, s := range st.Snapshots {
		v.Snapshots = append(v.Snapshots, report.Snapshot{Connection: s.Connection, ID: s.ID, Position: s.At, Opened: s.Opened, Lost: s.Lost, Why: s.Why})
	}
	v.Alone = int64(st.Skipped)
	for _, p := range st.Proofs {
		if p.Result == "not_verified" && !p.Around() {
			v.NotVerified++
		}
		if a := p.Aside; a != nil {
			v.NotRead, v.NotMapped = v.NotRead+a.Left, v.NotMapped+a.Rejected
		}
	}
	if st.Marks {
		v.LeftBehind = append(v.LeftBehind, "the run's marks are still at the target: they go when the run ends")
	}
	return v
}

// asked is the kind of an action that somebody asked for.
const asked = "action"

// told adds what was said while the run went on.
func told(r *report.Report, st *chronicle.Story) {
	r.Waits = append(r.Waits, waited(st)...)
	for _, e := range st.Events {
		t := view.Tell(st.Run.Name(), e)
		switch e.Kind {
		case unit.WaitOver:
			if w, err := unit.Decode[unit.Wait](e); err == nil && !st.Waits(e) {
				r.Waits = append(r.Waits, report.Wait{Unit: cmp.Or(view.UnitName(e.Unit), "step "+e.Node), Gate: w.Gate, Text: w.Text, Holder: w.Holder,
					Statement: w.Statement, Began: w.Since, Seconds: e.At.Sub(w.Since).Seconds()})
			}
		case unit.RunCancelled, unit.RunPaused, unit.RunApproved, unit.RunTuned, unit.RunResumed, unit.RunStarted:
			r.Actions = append(r.Actions, report.Action{At: e.At, Actor: e.Actor, Verb: strings.TrimPrefix(e.Kind, "run."), Reason: e.Reason})
		}
		if e.Kind == asked {
			var a struct{ Verb string }
			if json.Unmarshal(e.Body, &a) == nil && strings.HasPrefix(a.Verb, "issues.") { // others have events of their own
				r.Actions = append(r.Actions, report.Action{At: e.At, Actor: e.Actor, Verb: a.Verb, Reason: e.Reason})
			}
		}
		if t.Level != view.LevelDebug {
			r.Events = append(r.Events, report.Event{Seq: e.Seq, At: e.At, Type: e.Kind, Text: t.Text})
		}
	}
}

package ledgertest

import (
	"context"
	"encoding/json"
	"strings"
	"testing"

	"godwit/internal/fault"
	"godwit/internal/ledger"
	"godwit/internal/unit"
)

func numbered(t *testing.T, l *ledger.Ledger) {
	ctx := context.Background()
	var names []string
	uids := map[string]bool{}
	for _, flow := range []string{"copy", "roll-out", "copy", "roll-out"} {
		r := start(t, l, ledger.NewRun{Flow: flow, Env: "prod", PlanHash: "h", Plan: json.RawMessage(`{"a":1}`), Body: json.RawMessage(`{"b":2}`)})
		names = append(names, r.Name())
		uids[r.UID] = true
		if len(r.UID) != 32 || r.State != ledger.Running || r.Opened.IsZero() || string(r.Plan) != `{"a":1}` || r.PlanHash != "h" || r.Env != "prod" {
			t.Errorf("started %+v", r)
		}
	}
	same(t, "names", []string{"copy-1", "roll-out-1", "copy-2", "roll-out-2"}, names)
	if len(uids) != 4 {
		t.Errorf("uids: %v", uids)
	}
	r, err := l.Find(ctx, "roll-out-2")
	if err != nil || r.Name() != "roll-out-2" {
		t.Errorf("found %s, %v", r.Name(), err)
	}
	runs, err := l.Runs(ctx, 3)
	if err != nil || len(runs) != 3 || runs[0].Name() != "roll-out-2" || runs[2].Name() != "roll-out-1" {
		t.Errorf("runs: %v, %v", runs, err)
	}
	events, err := l.View().Events(ctx, r.ID, 0, 0)
	if err != nil || len(events) != 1 || events[0].Kind != unit.RunStarted || string(events[0].Body) != `{"b":2}` {
		t.Errorf("events: %v, %v", events, err)
	}
}

func keyed(t *testing.T, l *ledger.Ledger) {
	ctx := context.Background()
	first := own(t, l, start(t, l, ledger.NewRun{Flow: "copy", Key: "k"}))
	_, err := l.Start(ctx, ledger.NewRun{Flow: "copy", Key: "k"})
	code(t, err, fault.Conflict, "run.open")
	if !strings.Contains(err.Error(), "copy-1") {
		t.Errorf("%v does not name the open run", err)
	}
	start(t, l, ledger.NewRun{Flow: "other", Key: "k"})
	start(t, l, ledger.NewRun{Flow: "copy"})
	start(t, l, ledger.NewRun{Flow: "copy"})
	first.write(unit.Event{Kind: unit.RunFinished, Body: unit.Body(unit.Finished{Outcome: "failed", Exit: 1})})
	if err := first.session.Release(ctx); err != nil {
		t.Error(err)
	}
	next := start(t, l, ledger.NewRun{Flow: "copy", Key: "k"})
	same(t, "next", "copy-4", next.Name())
	_, err = l.Own(ctx, first.run, "host:2", 0)
	code(t, err, fault.Conflict, "run.open")
}

func unfinished(t *testing.T, l *ledger.Ledger) {
	ctx := context.Background()
	for _, c := range []struct {
		outcome string // empty: killed
		goesOn  bool
	}{{"", true}, {"failed", true}, {"stopped", true}, {"done", false}, {"cancelled", false}, {"skipped", false}} {
		key := "key " + c.outcome
		if _, ok, err := l.Unfinished(ctx, "copy", key); ok || err != nil {
			t.Fatal(ok, err)
		}
		d := own(t, l, start(t, l, ledger.NewRun{Flow: "copy", Key: key}))
		if c.outcome != "" {
			d.write(unit.Event{Kind: unit.RunFinished, Body: unit.Body(unit.Finished{Outcome: c.outcome})})
		}
		r, ok, err := l.Unfinished(ctx, "copy", key)
		if err != nil || ok != c.goesOn || ok && r.ID != d.run.ID {
			t.Errorf("outcome %q: %s, %v, %v", c.outcome, r.Name(), ok, err)
		}
	}
	// A failed run with a later one that is done is history.
	d := own(t, l, start(t, l, ledger.NewRun{Flow: "copy", Key: "key failed"}))
	d.write(unit.Event{Kind: unit.RunFinished, Body: unit.Body(unit.Finished{Outcome: "done"})})
	if r, ok, err := l.Unfinished(ctx, "copy", "key failed"); ok || err != nil {
		t.Errorf("found %s behind a done one, %v", r.Name(), err)
	}
}

func found(t *testing.T, l *ledger.Ledger) {
	_, err := l.Find(context.Background(), "copy-1")
	code(t, err, fault.Config, "run.unknown")
	start(t, l, ledger.NewRun{Flow: "copy"})
	start(t, l, ledger.NewRun{Flow: "load"})
	for ref, names := range map[string]string{"copy-2": "copy-1", "copy": "copy-1", "cop-1": "copy-1", "x": "load-1, copy-1", "-1": "load-1, copy-1", "": "load-1, copy-1"} {
		_, err := l.Find(context.Background(), ref)
		code(t, err, fault.Config, "run.unknown")
		if lines := fault.Of(err).Lines; len(lines) != 1 || lines[0].Text != names {
			t.Errorf("%q: %v names %v, want %s", ref, err, lines, names)
		}
	}
}

func runRow(t *testing.T, l *ledger.Ledger) {
	d := begin(t, l)
	revision := int64(0)
	for _, c := range []struct {
		event   unit.Event
		state   string
		outcome string
		exit    int
	}{
		{unit.Event{Kind: unit.RunPaused}, ledger.Paused, "", 0},
		{unit.Event{Kind: unit.RunResumed}, ledger.Running, "", 0},
		{unit.Event{Kind: unit.RunTuned, Body: unit.Body(unit.Tuned{Limits: map[string]int{"w": 3}})}, ledger.Running, "", 0},
		{unit.Event{Kind: unit.RunFinished, Body: unit.Body(unit.Finished{Outcome: "failed", Exit: 1})}, ledger.Ended, "failed", 1},
		{unit.Event{Kind: unit.RunResumed, Body: unit.Body(unit.Resumed{Owner: "me"})}, ledger.Running, "", 0},
		{unit.Event{Kind: unit.RunCancelled}, ledger.Cancelling, "", 0},
		{unit.Event{Kind: unit.RunResumed, Body: unit.Body(unit.Resumed{Owner: "me", Crashed: true})}, ledger.Cancelling, "", 0},
		{unit.Event{Kind: unit.RunFinished, Body: unit.Body(unit.Finished{Outcome: "cancelled", Exit: 1})}, ledger.Ended, "cancelled", 1},
	} {
		d.write(c.event)
		r := d.row()
		if r.State != c.state || r.Outcome != c.outcome || r.Exit != c.exit || r.Ended.IsZero() != (c.state != ledger.Ended) {
			t.Errorf("after %s: %s %q exit %d ended %s", c.event.Kind, r.State, r.Outcome, r.Exit, r.Ended)
		}
		if r.Revision <= revision {
			t.Errorf("after %s: revision %d, before %d", c.event.Kind, r.Revision, revision)
		}
		revision = r.Revision
	}
	if err := d.session.Freeze(context.Background(), json.RawMessage(`{"rows":1}`)); err != nil {
		t.Fatal(err)
	}
	same(t, "report", `{"rows":1}`, string(d.row().Report))
	d.sound()
}

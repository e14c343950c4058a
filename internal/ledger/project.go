package ledger

import (
	"encoding/json"

	"godwit/internal/fault"
	"godwit/internal/ledger/records"
	"godwit/internal/unit"
)

// States of a unit, next to Running.
const (
	Ready   = "ready"   // not started, undone, or its owner died
	Retry   = "retry"   // to be tried again
	Yielded = "yielded" // stopped at a chunk border
	Done    = "done"
	Failed  = "failed"
)

// journal writes events with seq and time and brings the rows of the run and
// its units to what they say.
func (t *tx) journal(run int64, events []unit.Event) ([]unit.Event, error) {
	if len(events) == 0 {
		return nil, nil
	}
	if t.seq == 0 {
		if err := t.row(lastEvent, nil, &t.seq); err != nil {
			return nil, err
		}
	}
	written := make([]unit.Event, len(events))
	rows := make([][]any, len(events))
	for i, e := range events {
		t.seq++
		e.Seq, e.At = t.seq, t.now
		written[i] = e
		rows[i] = []any{e.Seq, run, millis(e.At), e.Kind, e.Node, e.Unit, e.Attempt, e.Actor, e.Reason, string(e.Body)}
	}
	if err := t.insert(insertEvent, "", rows); err != nil {
		return nil, err
	}
	for _, e := range written {
		if err := t.project(run, e); err != nil {
			return nil, fault.Wrap(err, "%s", e.Kind)
		}
	}
	return written, nil
}

func (t *tx) project(run int64, e unit.Event) error {
	switch e.Kind {
	case unit.RunPaused:
		return t.change(runPaused, run)
	case unit.RunCancelled:
		return t.change(runCancelled, run)
	case unit.RunResumed:
		return t.resumed(run, e)
	case unit.RunApproved, unit.RunTuned, unit.RunAmended:
		return t.change(runMoved, run)
	case unit.RunFinished:
		f, err := unit.Decode[unit.Finished](e)
		if err != nil {
			return err
		}
		if f.Outcome == "done" { // none of its chunks is discarded any more
			err = records.Forget(t.room(), run)
		}
		if err != nil {
			return err
		}
		return t.change(runEnded, f.Outcome, f.Exit, millis(e.At), run)
	case unit.UnitExpanded, unit.NodeEntered:
		return t.expanded(run, e)
	case unit.UnitStarted:
		return t.move(e, startUnit, e.Attempt, millis(e.At), run, e.Unit)
	case unit.UnitDone:
		if err := records.Trust(t.room(), run, e.Unit); err != nil {
			return err
		}
		return t.settled(run, e, Done, 1)
	case unit.UnitRetry:
		return t.settled(run, e, Retry, 1)
	case unit.UnitYielded:
		return t.settled(run, e, Yielded, 0)
	case unit.UnitFailed:
		why, err := reason(e)
		if err != nil {
			return err
		}
		return t.move(e, failUnit, millis(e.At), why, string(e.Body), run, e.Unit)
	case unit.UnitUndone:
		if err := t.move(e, undoUnit, run, e.Unit); err != nil {
			return err
		}
		return t.change(undoAccounts, run, e.Unit)
	}
	return nil
}

func (t *tx) change(query string, args ...any) error {
	_, err := t.exec(query, args...)
	return err
}

// move changes one unit's row; none means that the event does not fit the
// unit's state, which a correct journal never does.
func (t *tx) move(e unit.Event, query string, args ...any) error {
	n, err := t.exec(query, args...)
	if err == nil && n != 1 {
		return fault.New(fault.Internal, "journal.order", "unit %s attempt %d is not in a state for it", e.Unit, e.Attempt)
	}
	return err
}

func (t *tx) settled(run int64, e unit.Event, state string, tries int) error {
	why, err := reason(e)
	if err != nil {
		return err
	}
	return t.move(e, settleUnit, state, tries, millis(e.At), why, string(e.Body), run, e.Unit, e.Attempt)
}

// reason is the fault in an ending's body as JSON, empty when there is none.
func reason(e unit.Event) (string, error) {
	ended, err := unit.Decode[unit.Ended](e)
	if err != nil || ended.Fault == nil {
		return "", err
	}
	b, err := json.Marshal(ended.Fault)
	return string(b), err
}

// resumed opens the run again. Attempts without an end get none: their units
// are ready again. Failed ones stay so until they are started.
func (t *tx) resumed(run int64, e unit.Event) error {
	r, err := unit.Decode[unit.Resumed](e)
	if err != nil {
		return err
	}
	crashed := map[bool]int{true: 1}[r.Crashed]
	if err := t.change(dropRunning, crashed, run); err != nil {
		return err
	}
	for _, id := range r.Progressed {
		if err := t.change(notCrashed, run, id); err != nil {
			return err
		}
	}
	return t.change(runOpen, run)
}

// expanded adds the units of a node that begins or grows; one that is there
// already stays as it is.
func (t *tx) expanded(run int64, e unit.Event) error {
	var body struct{ Units []json.RawMessage }
	if len(e.Body) == 0 {
		return nil
	}
	if err := json.Unmarshal(e.Body, &body); err != nil {
		return fault.New(fault.Internal, "journal.body", "%w", err)
	}
	rows := make([][]any, len(body.Units))
	for i, raw := range body.Units {
		var u unit.Unit
		if err := json.Unmarshal(raw, &u); err != nil {
			return fault.New(fault.Internal, "journal.body", "unit %d: %w", i, err)
		}
		if e.Node != "" {
			u.Step = e.Node
		}
		rows[i] = []any{run, u.ID, u.Step, u.Kind, u.Entity, u.Class, u.Weight, Ready, string(raw)}
	}
	return t.insert(insertUnit, sameUnit, rows)
}

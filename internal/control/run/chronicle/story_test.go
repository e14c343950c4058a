package chronicle

import (
	"testing"
	"time"

	"godwit/internal/fault"
	"godwit/internal/ledger"
	"godwit/internal/unit"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

// TestStoryTells goes through journals: what is left of them is what held in
// the end.
func TestStoryTells(t *testing.T) {
	t.Parallel()
	const table, around, data = "verify/table/s.a/1", "verify/around/definitions/2", "copy/data/s.a/3"
	opened := time.Date(2026, 1, 2, 3, 0, 0, 0, time.UTC)
	at := func(seconds int) time.Time { return opened.Add(time.Duration(seconds) * time.Second) }
	event := func(seconds int, kind, id string, body any) unit.Event {
		return unit.Event{At: at(seconds), Kind: kind, Unit: id, Body: unit.Body(body)}
	}
	equal, differs := Proof{Entity: "s.a", Result: "equal", Rows: 5}, Proof{Entity: "s.a", Result: "differs", Count: 1}
	row := Difference{Entity: "s.a", What: "missing", Key: []string{"id=1"}}
	broke := unit.Ended{Fault: &fault.Fault{Text: "connection reset"}}
	of := func(p Proof, id string) Proof { p.Unit = id; return p }
	for name, c := range map[string]struct {
		events []unit.Event
		want   Story
	}{
		"a proof stands": {
			[]unit.Event{event(1, unit.VerifyTable, table, equal), event(2, unit.VerifyTable, around, Proof{Entity: "definitions", Result: "equal"})},
			Story{Proofs: []Proof{of(Proof{Entity: "definitions", Result: "equal"}, around), of(equal, table)}, Last: at(2)},
		},
		"another attempt forgets what the first one found": {
			[]unit.Event{event(1, unit.VerifyTable, table, differs), event(1, unit.VerifyDiffers, table, row), event(2, unit.UnitStarted, table, nil),
				event(3, unit.VerifyTable, table, equal)},
			Story{Proofs: []Proof{of(equal, table)}, Last: at(3)},
		},
		"undone is proved no more": {
			[]unit.Event{event(1, unit.VerifyTable, table, equal), {At: at(2), Kind: unit.UnitUndone, Unit: table, Reason: "its mark is gone"}},
			Story{Again: []Again{{What: "undone", Unit: table, Why: "its mark is gone", At: at(2), Times: 1}}, Last: at(2)},
		},
		"the start of a unit that copies forgets no proof": {
			[]unit.Event{event(1, unit.VerifyTable, table, equal), event(2, unit.UnitStarted, data, nil)},
			Story{Proofs: []Proof{of(equal, table)}, Last: at(2)},
		},
		"retries of a unit are one row": {
			[]unit.Event{event(1, unit.UnitRetry, data, broke), event(2, unit.UnitRetry, data, broke)},
			Story{Again: []Again{{What: "retry", Unit: data, Why: "connection reset", At: at(2), Times: 2}}, Last: at(2)},
		},
		"waits for the next try count once, those of nobody not at all": {
			[]unit.Event{event(10, unit.UnitRetry, data, broke), event(12, unit.UnitRetry, table, broke), event(20, unit.UnitStarted, data, nil), event(21, unit.UnitRetry, data, broke),
				event(25, unit.UnitStarted, table, nil), event(30, unit.UnitRetry, "wait/probe/1", unit.Ended{}), event(31, unit.UnitStarted, data, nil),
				event(40, unit.UnitRetry, data, broke), event(100, unit.RunResumed, "", unit.Resumed{}), event(103, unit.UnitStarted, data, nil)},
			Story{Again: []Again{{What: "retry", Unit: data, Why: "connection reset", At: at(40), Times: 3}, {What: "retry", Unit: table, Why: "connection reset", At: at(12), Times: 1},
				{What: "retry", Unit: "wait/probe/1", At: at(30), Times: 1}}, Timing: Timing{Idle: 60 * time.Second, Lost: 24 * time.Second}, Last: at(103)},
		},
		"a snapshot and its loss": {
			[]unit.Event{event(1, unit.SnapshotOpened, "", unit.Snapshot{Connection: "from", ID: "1"}),
				event(2, unit.SnapshotOpened, "", unit.Snapshot{Connection: "from", ID: "1"}),
				event(3, unit.SnapshotLost, "", unit.Snapshot{Connection: "from", ID: "1", Why: "restart"}),
				event(4, unit.SnapshotOpened, "", unit.Snapshot{Connection: "from", ID: "2"})},
			Story{Snapshots: []SnapshotSpell{
				{Snapshot: unit.Snapshot{Connection: "from", ID: "1"}, Opened: at(1), Lost: at(3), Why: "restart"},
				{Snapshot: unit.Snapshot{Connection: "from", ID: "2"}, Opened: at(4)}}, Last: at(4)},
		},
		"nobody went on with it for a while": {
			[]unit.Event{{At: at(0), Kind: unit.RunStarted, Actor: "anna"}, event(10, unit.UnitDone, data, nil),
				event(70, unit.RunResumed, "", unit.Resumed{}), event(75, unit.UnitDone, data, nil),
				event(375, unit.RunResumed, "", unit.Resumed{}), event(376, unit.RunFinished, "", unit.Finished{})},
			Story{Actor: "anna", Timing: Timing{Idle: 6 * time.Minute}, Last: at(376)},
		},
	} {
		s := Story{Run: ledger.Run{Opened: opened}}
		s.tell(c.events)
		c.want.Run.Opened = opened
		if diff := cmp.Diff(c.want, s, cmpopts.IgnoreUnexported(Story{}), cmpopts.IgnoreFields(Story{}, "Events"),
			cmpopts.EquateEmpty()); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
		if name == "nobody went on with it for a while" && s.Took() != 16*time.Second {
			t.Errorf("took %s, want the time of its owners", s.Took())
		}
	}
}

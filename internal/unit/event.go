package unit

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"godwit/internal/fault"
	"godwit/internal/rate"
	"godwit/internal/record"
)

// Event is one entry of a run's journal. Folded kinds (Folded) make up the
// state of a run; the others only tell. Bodies are JSON of the structs below;
// unknown fields are ignored, an unknown folded kind stops the run.
type Event struct {
	Seq     int64           `json:"seq"` // rising in a ledger, not without gaps in a run
	At      time.Time       `json:"at"`  // milliseconds, UTC
	Kind    string          `json:"kind"`
	Node    string          `json:"node,omitempty"`
	Unit    string          `json:"unit,omitempty"`
	Attempt int             `json:"attempt,omitempty"`
	Actor   string          `json:"actor,omitempty"`
	Reason  string          `json:"reason,omitempty"`
	Body    json.RawMessage `json:"body,omitempty"`
}

// Kinds of the journal that are folded into a run's state.
const (
	RunStarted   = "run.started"
	RunPaused    = "run.paused"
	RunResumed   = "run.resumed" // Resumed
	RunCancelled = "run.cancelled"
	RunApproved  = "run.approved"
	RunTuned     = "run.tuned" // Tuned
	RunAmended   = "run.amended"
	RunFinished  = "run.finished" // Finished
	NodeEntered  = "node.entered" // Entered
	NodeEnding   = "node.ending"  // Left: its work is over, and is taken back or kept; without a node the run's
	NodeLeft     = "node.left"    // Left
	UnitExpanded = "unit.expanded"
	UnitStarted  = "unit.started"
	UnitDone     = "unit.done"    // Ended
	UnitRetry    = "unit.retry"   // Ended
	UnitFailed   = "unit.failed"  // Ended
	UnitYielded  = "unit.yielded" // Ended
	UnitUndone   = "unit.undone"
)

// Folded reports whether a kind belongs to the state of a run.
func Folded(kind string) bool {
	switch kind {
	case RunStarted, RunPaused, RunResumed, RunCancelled, RunApproved, RunTuned, RunAmended, RunFinished,
		NodeEntered, NodeEnding, NodeLeft, UnitExpanded, UnitStarted, UnitDone, UnitRetry, UnitFailed, UnitYielded, UnitUndone:
		return true
	}
	return false
}

// Lasting kinds that are not folded.
const (
	SnapshotOpened = "snapshot.opened" // Snapshot
	SnapshotLost   = "snapshot.lost"   // Snapshot
	WaitBegan      = "wait.began"      // Wait
	WaitOver       = "wait.over"       // Wait
	VerifyTable    = "verify.table"
	VerifyDiffers  = "verify.difference"
	DoctorFinding  = "doctor.finding"
	WatermarkMoved = "watermark"  // Moved
	LimitHeld      = "limit.held" // Held
	ErrorSeen      = "error"      // fault.Fault
)

// TakenBack is the reason of unit.undone when the run itself undid what the unit
// did, since its list of steps failed or was cancelled.
const TakenBack = "taken back"

// Resumed is the body of run.resumed. With Crashed the owner before it died:
// its running attempts are no tries. Progressed are the units that settled
// chunks in theirs, for whom the count of deaths begins anew.
type Resumed struct {
	Owner      string   `json:"owner"`
	Crashed    bool     `json:"crashed,omitempty"`
	Progressed []string `json:"progressed,omitempty"`
}

// Tuned changes limits of a running run.
type Tuned struct {
	Limits map[string]int `json:"limits,omitempty"` // of units at the same time
	// Connections are tuned to something, or, by an empty one, back to what is declared.
	Connections map[string]rate.Tune `json:"connections,omitempty"`
}

// String is what was tuned, in words.
func (t Tuned) String() string {
	var parts []string
	for _, name := range slices.Sorted(maps.Keys(t.Limits)) {
		parts = append(parts, name+" to "+strconv.Itoa(t.Limits[name]))
	}
	for _, name := range slices.Sorted(maps.Keys(t.Connections)) {
		parts = append(parts, name+" to "+t.Connections[name].String())
	}
	return strings.Join(parts, ", ")
}

// Finished is the body of run.finished.
type Finished struct {
	Outcome string `json:"outcome"` // done, failed, stopped, cancelled
	Exit    int    `json:"exit"`
}

// Entered is the body of node.entered: everything the decision rested on.
type Entered struct {
	Due    time.Time         `json:"due,omitzero"`
	Answer bool              `json:"answer,omitempty"`
	Items  []json.RawMessage `json:"items,omitempty"` // a for_each's frozen list
	Keys   []string          `json:"keys,omitempty"`  // of Items
	Units  []Unit            `json:"units,omitempty"` // that the node begins with
}

// Left is the body of node.left.
type Left struct {
	Outcome string       `json:"outcome"`         // done, failed, skipped, cancelled, ended
	Fault   *fault.Fault `json:"fault,omitempty"` // of the node itself, not of a unit
}

// Expanded is the body of unit.expanded.
type Expanded struct {
	Units []Unit `json:"units"`
}

// Ended is the body of unit.done, retry, failed and yielded.
type Ended struct {
	Seconds  float64         `json:"seconds,omitempty"`
	Rows     int64           `json:"rows,omitempty"`
	Bytes    int64           `json:"bytes,omitempty"`
	Due      time.Time       `json:"due,omitzero"` // of a retry
	Fault    *fault.Fault    `json:"fault,omitempty"`
	Position json.RawMessage `json:"position,omitempty"`
	Facts    json.RawMessage `json:"facts,omitempty"`
	Open     bool            `json:"open,omitempty"`    // records are left that were not loaded
	Blocked  *bool           `json:"blocked,omitempty"` // see Result
}

// Snapshot is the body of snapshot.opened and snapshot.lost.
type Snapshot struct {
	Connection string `json:"connection"`
	ID         string `json:"id"`
	At         string `json:"at,omitempty"`  // position in the source's log
	Why        string `json:"why,omitempty"` // of the loss
}

// Moved is the body of watermark: how far an incremental read has come.
type Moved struct {
	Column string `json:"column"`
	Read   string `json:"read"`           // from where this run has read, in words
	High   string `json:"high,omitempty"` // the highest value read
	Next   string `json:"next"`           // where the next run begins: a value, or everything
}

// Held is the body of limit.held: for how many seconds requests that were due have
// waited while a process went on with the run, those that waited at once counted once.
type Held struct {
	Connection string  `json:"connection"`
	Limit      float64 `json:"limit_s,omitempty"` // for its limit
	Other      float64 `json:"other_s,omitempty"` // since the system refused some, or did not answer
}

// String is it in words.
func (h Held) String() string {
	text := "requests to " + h.Connection + " waited"
	if h.Limit > 0 {
		text += fmt.Sprintf(" %.1f s for its limit", h.Limit)
	}
	if h.Limit > 0 && h.Other > 0 {
		text += ","
	}
	if h.Other > 0 {
		text += fmt.Sprintf(" %.1f s since it refused some, or did not answer", h.Other)
	}
	return text
}

// Body is a value as it stands in a ledger: the body of an event, a unit's spec,
// facts. What cannot be encoded is a mistake of the program, and panics.
func Body(v any) json.RawMessage {
	b, err := json.Marshal(v)
	if err != nil {
		panic("encode " + fmt.Sprintf("%T", v) + ": " + err.Error())
	}
	return b
}

// Frozen are values of names, as a spec holds them from when it was made; nil is
// none. Its fault has code unit.spec.
func Frozen(values []byte) (record.Object, error) {
	all, err := record.DecodeObject(values)
	if err != nil {
		return nil, fault.New(fault.Internal, "unit.spec", "the values of names cannot be read: %w", err)
	}
	return all, nil
}

// Decode reads an event's body.
func Decode[T any](e Event) (T, error) {
	var v T
	if len(e.Body) == 0 {
		return v, nil
	}
	err := json.Unmarshal(e.Body, &v)
	return v, fault.Wrap(err, "event %d %s", e.Seq, e.Kind)
}

// Change is what one turn writes, in one transaction of the ledger.
type Change struct {
	Events   []Event          // Seq and At are given by the journal
	Accounts []record.Account // of the unit that this turn settles
	// With a fence the change is refused (fault kind conflict, code
	// unit.fenced) unless Unit is running with exactly this fence.
	Unit  string
	Fence int64
}

// Settled is a unit that is done, with what it left behind.
type Settled struct {
	Unit  Unit
	Facts json.RawMessage
}

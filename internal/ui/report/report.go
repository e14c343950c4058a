package report

import (
	"encoding/json"
	"io"
	"time"

	"godwit/internal/record"
	"godwit/internal/ui/view"
)

// Report is everything that is told about a run when it ended. Its JSON is
// report --json; field names do not change within V.
type Report struct {
	V           int          `json:"v"`    // 1
	Zone        string       `json:"zone"` // of the times in HTML, "Europe/Berlin"; "" = UTC
	Verdict     Verdict      `json:"verdict"`
	Accounts    []Account    `json:"accounts"`          // one per step and entity
	Called      []Called     `json:"called,omitempty"`  // runs that it has called
	Changes     []Change     `json:"changes,omitempty"` // of rows that were at the target before
	NotLoaded   *NotLoaded   `json:"not_loaded,omitempty"`
	Again       []Again      `json:"copied_again,omitempty"`
	Proof       []Proof      `json:"proof,omitempty"`
	Differences []Difference `json:"differences,omitempty"`
	Compared    []Compared   `json:"compared,omitempty"`
	Steps       []Span       `json:"steps,omitempty"`
	Throughput  []Sample     `json:"throughput,omitempty"`
	Slowest     []Unit       `json:"slowest,omitempty"` // slowest first, about 20
	Waits       []Wait       `json:"waits,omitempty"`
	Forecasts   []Forecast   `json:"forecasts,omitempty"`
	Actions     []Action     `json:"actions,omitempty"`
	Events      []Event      `json:"events,omitempty"`
	FlowText    string       `json:"flow_text,omitempty"` // as run, secrets as references
	Owner       *string      `json:"owner,omitempty"`     // whose part it is, see For; nil: all of it
}

// Redrives says of a redrive whose records it processed again.
type Redrives struct {
	Of   string `json:"of,omitempty"`   // run that did not load them
	Open *int64 `json:"open,omitempty"` // of that run, as of now; nil without Of
}

// Verdict is who ran what, and how it ended.
type Verdict struct {
	Run  string `json:"run"`
	Flow string `json:"flow"`
	Redrives
	Outcome string    `json:"outcome"` // done, failed, stopped, cancelled
	Why     string    `json:"why,omitempty"`
	Exit    int       `json:"exit"`
	Plan    string    `json:"plan"`    // hash
	Version string    `json:"version"` // of godwit
	Actor   string    `json:"actor"`
	Host    string    `json:"host"`
	Started time.Time `json:"started"`
	Ended   time.Time `json:"ended"` // of the last event
	Standstill
	Systems    []System   `json:"systems"`
	Snapshots  []Snapshot `json:"snapshots,omitempty"`
	LeftBehind []string   `json:"left_behind,omitempty"` // marks, slots, settings still there
	// Tables that the outcome does not speak for: left as they were, not verified.
	Alone       int64 `json:"alone,omitempty"`
	NotVerified int64 `json:"not_verified,omitempty"`
	NotRead     int64 `json:"not_read,omitempty"`   // records outside of a sample
	NotMapped   int64 `json:"not_mapped,omitempty"` // records that a verification could not map
}

// Standstill is time in which a run got no further, in seconds.
type Standstill struct {
	Idle float64 `json:"idle_s,omitempty"` // nobody went on with it
	Lost float64 `json:"lost_s,omitempty"` // units waited for their next try
}

// took is how long the run was worked at.
func (v Verdict) took() time.Duration { return v.Ended.Sub(v.Started) - seconds(v.Idle) }

// System is one side.
type System struct {
	Name     string `json:"name"` // of the connection
	System   string `json:"system"`
	Version  string `json:"version"`
	Database string `json:"database"`
}

// Snapshot is a point in time that the source was read at.
type Snapshot struct {
	Connection string    `json:"connection"`
	ID         string    `json:"id"`
	Position   string    `json:"position,omitempty"`
	Opened     time.Time `json:"opened"`
	Lost       time.Time `json:"lost,omitzero"`
	Why        string    `json:"why,omitempty"` // of the loss
}

// Account says what became of an entity's records in one step.
type Account struct {
	Step      string `json:"step"`
	Entity    string `json:"entity"`
	Chunks    int64  `json:"chunks"`
	Read      int64  `json:"read"`
	Applied   int64  `json:"applied"`
	Adopted   int64  `json:"adopted,omitempty"` // part of Applied
	Unchanged int64  `json:"unchanged"`
	Filtered  int64  `json:"filtered"`
	Rejected  int64  `json:"rejected"`
	Dead      int64  `json:"dead"`
	Pending   int64  `json:"pending"`
	Blocked   int64  `json:"blocked"` // part of Pending
	Written   int64  `json:"written"`
	Bytes     int64  `json:"bytes"`
}

// AccountsOf are sums per step, whose Chunk is how many they are of.
func AccountsOf(sums []record.Account) []Account {
	list := []Account{}
	for _, a := range sums {
		list = append(list, AccountOf(a, int64(a.Chunk)))
	}
	return list
}

// AccountOf makes the account of an entity from the sum of its current chunks.
func AccountOf(sum record.Account, chunks int64) Account {
	return Account{
		Step: sum.Step, Entity: sum.Entity, Chunks: chunks, Read: sum.Read, Applied: sum.Applied,
		Unchanged: sum.Equal + sum.Superseded + sum.Redelivered, Filtered: sum.Filtered, Rejected: sum.Rejected,
		Dead: sum.Dead, Pending: sum.Pending, Blocked: sum.Blocked, Adopted: sum.Adopted, Written: sum.Written, Bytes: sum.Bytes,
	}
}

func (a Account) record() record.Account {
	return record.Account{
		Step: a.Step, Entity: a.Entity, Read: a.Read, Applied: a.Applied, Equal: a.Unchanged, Filtered: a.Filtered,
		Rejected: a.Rejected, Dead: a.Dead, Pending: a.Pending, Blocked: a.Blocked, Adopted: a.Adopted, Written: a.Written, Bytes: a.Bytes,
	}
}

// Closes is record.Account's.
func (a Account) Closes() bool { return a.record().Closes() }

// MarshalJSON adds whether the account closes.
func (a Account) MarshalJSON() ([]byte, error) {
	type numbers Account
	return json.Marshal(struct {
		numbers
		Closes bool `json:"closes"`
	}{numbers(a), a.Closes()})
}

// Change says what became of rows that a table held before: replaced by what
// was read, or gone from the source.
type Change struct {
	Step     string `json:"step"`
	Table    string `json:"table"`
	What     string `json:"what"` // replaced, gone
	Rows     int64  `json:"rows"` // that it holds now; of a replacement
	Inserted int64  `json:"inserted"`
	Updated  int64  `json:"updated"`
	Deleted  int64  `json:"deleted"`
	Marked   int64  `json:"marked"`
	Back     int64  `json:"back"` // whose mark was taken off
	Why      string `json:"reason,omitempty"`
}

// Again is work that was done more than once.
type Again struct {
	What   string    `json:"what"` // retry, reconcile, undone, taken back, repair
	Unit   string    `json:"unit"`
	Entity string    `json:"entity,omitempty"`
	At     time.Time `json:"at"`
	Times  int64     `json:"times"`
	Rows   int64     `json:"rows"` // copied again
	Why    string    `json:"why"`
}

// Results of a proof.
const (
	Equal       = "equal"
	Explained   = "explained"
	Differs     = "differs"
	NotVerified = "not_verified"
)

// Proof is one table as both sides were compared.
type Proof struct {
	Entity string `json:"entity"`
	Result string `json:"result"` // equal, explained, differs, not_verified
	Method string `json:"method,omitempty"`
	Rows   int64  `json:"rows"`             // at the source
	Others int64  `json:"others"`           // at the target
	Left   string `json:"left,omitempty"`   // fingerprint of the source
	Right  string `json:"right,omitempty"`  // and of the target
	Count  int64  `json:"count,omitempty"`  // rows that differ
	Why    string `json:"reason,omitempty"` // of every result but equal
	Partly bool   `json:"partly,omitempty"` // records were rejected or outside of the sample: they are not verified
}

// Difference is one row or object that differs, by its name.
type Difference struct {
	Entity string `json:"entity"`
	What   string `json:"what"` // missing, extra, changed, count ...
	Key    string `json:"key,omitempty"`
	Column string `json:"column,omitempty"`
	Text   string `json:"difference"`
}

// Compared is a sequence or a definition on both sides.
type Compared struct {
	Kind   string `json:"kind"`
	Name   string `json:"name"`
	Result string `json:"result"`
	Why    string `json:"reason,omitempty"`
}

// Span is a step, or a class of work in it, in time.
type Span struct {
	Name  string    `json:"name"`
	Start time.Time `json:"start"`
	End   time.Time `json:"end"`
	Units int64     `json:"units"`
	Bytes int64     `json:"bytes"`
	State string    `json:"state"` // done, failed, stopped
}

// Sample is the throughput up to a time.
type Sample struct {
	At   time.Time `json:"at"`
	Rate float64   `json:"rate_bps"` // bytes per second since the sample before
}

// Unit is one piece of work and what it took.
type Unit struct {
	Unit    string  `json:"unit"` // for people
	Seconds float64 `json:"seconds"`
	Tries   int64   `json:"attempts"`
	Rows    int64   `json:"rows"`
	Bytes   int64   `json:"bytes"`
}

// Wait is a spell in which a unit stood still.
type Wait struct {
	Unit      string    `json:"unit"`
	Gate      string    `json:"gate"`
	Text      string    `json:"reason"`
	Holder    string    `json:"holder,omitempty"`
	Statement string    `json:"statement,omitempty"`
	Began     time.Time `json:"began"`
	Seconds   float64   `json:"seconds"`
}

// Forecast is an end as it was foretold.
type Forecast struct {
	At    time.Time `json:"at"`
	Share float64   `json:"share"` // of the work done by then
	End   time.Time `json:"end"`
	Low   time.Time `json:"end_low"`
	High  time.Time `json:"end_high"`
}

// Action is what somebody asked for.
type Action struct {
	At     time.Time `json:"at"`
	Actor  string    `json:"actor"`
	Verb   string    `json:"verb"`
	Reason string    `json:"reason,omitempty"`
	Effect string    `json:"effect,omitempty"`
}

// Event is a lasting event as a line.
type Event struct {
	Seq  int64     `json:"seq"`
	At   time.Time `json:"at"`
	Type string    `json:"type"`
	Text string    `json:"text"`
}

// JSON writes the report, indented, with a line break at its end.
func JSON(w io.Writer, r Report) error {
	enc := json.NewEncoder(w)
	enc.SetIndent("", "  ")
	return enc.Encode(r)
}

// steps adds the accounts up by step, in the order in which steps appear.
func (r Report) steps() []record.Account {
	var sums []record.Account
	at := map[string]int{}
	for _, a := range r.Accounts {
		i, ok := at[a.Step]
		if !ok {
			i = len(sums)
			at[a.Step] = i
			sums = append(sums, record.Account{Step: a.Step})
		}
		sums[i] = sums[i].Plus(a.record())
	}
	return sums
}

// closes holds only when every single account does: two errors must not
// cancel each other out in a sum.
func (r Report) closes() bool {
	for _, a := range r.Accounts {
		if !a.Closes() {
			return false
		}
	}
	return true
}

// Headline is the outcome in the words of the terminal.
func (r Report) Headline() string {
	if r.Owner != nil {
		return "what " + r.NotLoaded.Owners[0].called() + " has to mend"
	}
	s := view.Summary{Run: r.Verdict.Run, Outcome: r.Verdict.Outcome, Why: r.Verdict.Why, Exit: r.Verdict.Exit, Steps: r.steps()}
	s.Alone = r.Verdict.Alone
	if r.NotLoaded != nil {
		s.Accepted = r.NotLoaded.Accepted
	}
	if t := r.Tally(); t.Differ+t.Objects > 0 || r.Verdict.NotVerified+r.Verdict.NotRead+r.Verdict.NotMapped > 0 {
		s.Verified = &view.Verified{Tables: r.Verdict.NotVerified, NotRead: r.Verdict.NotRead, Rejected: r.Verdict.NotMapped}
		if t.Differ+t.Objects > 0 {
			s.Verified.Differ = max(t.Differ+t.Objects, int64(len(r.Differences)))
		}
	}
	if s.Outcome == "done" && !r.closes() {
		return "failed: the accounts do not close"
	}
	return s.Headline()
}

// Package unit holds the words for pieces of work and for the journal that
// remembers them: what the engine starts, leases, retries and addresses, what
// a verb is, what an executor promises, which events a run is folded from.
package unit

import (
	"context"
	"encoding/json"
	"slices"
	"strconv"
	"strings"
	"time"

	"godwit/internal/catalog"
	"godwit/internal/record"
)

// Unit is one piece of work. It is frozen when it is expanded: specs and
// ranges stand in the journal and are never computed again.
type Unit struct {
	ID      string          `json:"id"`   // STEP[ITEM]/KIND/OBJECT/N, see ID
	Step    string          `json:"step"` // the step's node, with its item
	Kind    string          `json:"kind"` // selects the executor
	Entity  string          `json:"entity,omitempty"`
	Class   string          `json:"class,omitempty"`   // units of one class share a rate in the forecast
	Weight  int64           `json:"weight,omitempty"`  // size in its class's measure: bytes, rows or 1
	Tags    []string        `json:"tags,omitempty"`    // names that After may wait for
	After   []string        `json:"after,omitempty"`   // ready when all units of the step with these tags are done
	Uses    []string        `json:"uses,omitempty"`    // limits of which it takes one while it runs
	MustRun bool            `json:"mustRun,omitempty"` // runs after cancel too
	Gives   bool            `json:"gives,omitempty"`   // its facts are what the step gives to later ones
	Undo    *Undo           `json:"undo,omitempty"`    // how what it did is taken back; nil = not at all
	Spec    json.RawMessage `json:"spec,omitempty"`    // for the executor alone
}

// Undo are two units of the same step that join it when one of them is wanted:
// until then they are no part of it.
type Undo struct {
	Back Unit `json:"back"` // takes back what the unit did, when a list of steps around it fails or is cancelled
	Keep Unit `json:"keep"` // is done once nothing can take it back any more
}

// Alone begins the names of limits that are 1 without being declared: of the
// units that use the same one only one runs at a time.
const Alone = "alone "

// ID builds a unit's name: step/kind/object/n. Bytes of the object outside
// A-Za-z0-9_$-. stand as %XX, so that it is one path segment.
func ID(step, kind, object string, n int) string {
	return step + "/" + kind + "/" + Segment(object) + "/" + strconv.Itoa(n)
}

// Segment is a text as one part of a unit's name.
func Segment(object string) string {
	var b strings.Builder
	const hex = "0123456789ABCDEF"
	for i := 0; i < len(object); i++ {
		c := object[i]
		if 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' ||
			c == '_' || c == '$' || c == '-' || c == '.' {
			b.WriteByte(c)
			continue
		}
		b.Write([]byte{'%', hex[c>>4], hex[c&15]})
	}
	return b.String()
}

// KindOf reads the kind out of a unit's id.
func KindOf(id string) string {
	parts := strings.SplitN(id, "/", 4)
	if len(parts) != 4 {
		return ""
	}
	return parts[1]
}

// Lease is an executor's right to one attempt at a unit.
type Lease struct {
	Run     string          // the run's uid: 32 hex digits
	Name    string          // the run's name for people: warehouse-7
	Attempt int             // from 1
	Fence   int64           // given by the authority; a later lease has a higher one
	From    json.RawMessage // where a yielded unit stopped: its Result.Position
	// Snapshots are the names of the snapshots that the unit's step reads its
	// connections at; see Snapshot.
	Snapshots map[string]string
	// Held asks whether the lease still holds; see Check.
	Held func(context.Context) error
}

// Snapshot is the name of the snapshot that a connection is read at: the run's,
// until the run has written there itself.
func (l Lease) Snapshot(connection string) string {
	if name := l.Snapshots[connection]; name != "" {
		return name
	}
	return l.Run
}

// Check fails, code run.fenced, when another owner has taken the run over. An
// executor asks once its transaction at the target is open: from then on a new
// owner can end that transaction, and before it does so this answers no.
func (l Lease) Check(ctx context.Context) error {
	if l.Held == nil {
		return nil
	}
	return l.Held(ctx)
}

// Result is what an attempt achieved.
type Result struct {
	Accounts []record.Account `json:"accounts,omitempty"`
	Position json.RawMessage  `json:"position,omitempty"`
	Yielded  bool             `json:"yielded,omitempty"` // stopped at a chunk border because of Drain
	Open     bool             `json:"open,omitempty"`    // it left records that were not loaded: done, but exit 3
	Blocked  *bool            `json:"blocked,omitempty"` // whether records of the run are blocked; who says so last is right
	Units    []Unit           `json:"units,omitempty"`   // found: the step grows by them
	Facts    json.RawMessage  `json:"facts,omitempty"`   // for later units of the step and the report
}

// Executor does units of one kind. Both methods may be called again, in any
// order and after any crash: Do twice has the effect of Do once.
type Executor interface {
	// Do works until the unit is done, the context ends, or Drain is closed
	// and a chunk border reached. Its error carries a fault.
	Do(context.Context, Unit, Lease, Report) (Result, error)
	// Done looks whether the unit's effect is there, and changes nothing.
	Done(context.Context, Unit, Lease) (Effect, error)
}

// State says what Done found.
type State int

// What Done can find.
const (
	None     State = iota // no trace: do it
	Complete              // the effect is there: settle it with Effect.Result
	Busy                  // another session is at it
)

// Effect is Done's answer.
type Effect struct {
	State  State
	Result Result    // with Complete
	Holder string    // with Busy
	Since  time.Time // with Busy
}

// Report is how a running unit speaks. All methods may be called from several
// goroutines and return at once.
type Report interface {
	Progress(Progress)
	// Note writes a lasting event that no state depends on.
	Note(kind string, body any)
	// Drain is closed when the unit should stop at the next chunk border.
	Drain() <-chan struct{}
	// At names a point for tests that stop or kill the process there.
	At(point string)
}

// Progress is a unit's passing state, overwritten with every report.
type Progress struct {
	Unit  string    `json:"unit"`
	At    time.Time `json:"at"`
	Done  int64     `json:"done"`  // of Total, in the unit's own measure
	Total int64     `json:"total"` // 0 = not known
	Rows  int64     `json:"rows"`
	Bytes int64     `json:"bytes"`
	Doing string    `json:"doing"` // copy, sorting, waiting ...
	Waits []Wait    `json:"waits,omitempty"`
}

// Wait names what a unit without progress waits for.
type Wait struct {
	Gate      string    `json:"gate"`         // lock, server, reading, writing, retry, limit, order, window, silence
	Text      string    `json:"text"`         // one line for people
	On        string    `json:"on,omitempty"` // connection where it waits, and where Fix is run
	Since     time.Time `json:"since,omitzero"`
	Until     time.Time `json:"until,omitzero"`      // when it is over by itself
	Holder    string    `json:"holder,omitempty"`    // who holds it
	Answer    string    `json:"answer,omitempty"`    // of what is asked for, the last one and its age
	Statement string    `json:"statement,omitempty"` // what the holder ran last, as far as it may be seen
	Fix       []string  `json:"fix,omitempty"`       // what ends the wait
}

// Ends are the connections that a step reads from and writes to.
type Ends struct{ From, To string }

// Needs says which facts a verb's plan is made from.
type Needs struct {
	From, To    string // names of connections
	Select      catalog.Selection
	Existing    string // policy for what is at the target already; empty = look only
	Definitions bool   // the source's definitions are wanted
	Compare     bool   // the target's definitions are wanted too
	Snapshot    bool   // the source is read at the run's snapshot
	Records     *Records
	Items       *catalog.Query // of a for_each: it is asked at From, and nothing else is looked at
	Statement   bool           // one is run at To; nothing is looked at
	Requests    bool           // single requests are sent to To; nothing is looked at
	Unsure      bool           // what is missing may be made by a step before: that stops nothing
	Awaited     []string       // connections that steps before wait for: that one cannot be reached stops nothing
	Place       string         // of the step in its file, for messages; "" = it has none
	Verb        string         // of the step, as flows call it, for messages
}

// Connections are all that the step reads or writes.
func (n Needs) Connections() []string {
	list := []string{n.From, n.To}
	if n.Records != nil {
		for _, p := range n.Records.Parts {
			list = append(list, p.From)
		}
	}
	return list
}

// Records says which records a verb reads and which tables it writes, instead
// of whole databases.
type Records struct {
	Query   catalog.Query
	Schema  *catalog.Schema // of records that come from no source: the query is not asked
	Parts   []Part
	Tables  []catalog.Name // at To
	Calls   bool           // To takes requests, and has no tables
	Blocks  bool           // what is behind one that is left out in its group waits for it
	Ranges  int            // at most so many parts
	Proves  bool           // they are compared with what is in the tables: nothing is written
	Lookups []Lookup       // tables of values that are read whole
	// What becomes of rows that the tables hold: all give way to what is read,
	// or those that are not among it go.
	Replaces, Removes bool
}

// Lookup is a table of values that is read from a system, once, when a step is
// planned.
type Lookup struct {
	Name       string
	At         string // connection
	Query      catalog.Query
	Key, Value string // fields of its records
	Place      string // of the lookup in its file
}

// Part is a query whose rows are parts of records: each belongs to the record
// whose key it holds in By. IDs in the query's Args are the keys of some records.
type Part struct {
	Name  string        `json:"name"` // of the field that holds them
	From  string        `json:"from"` // connection
	Query catalog.Query `json:"query"`
	By    string        `json:"by"`
	One   bool          `json:"one,omitempty"` // one row or none, not a list
}

// IDs is what a part's query calls the keys of records.
const IDs = "ids"

// Redrive says whose exceptions are processed again, in the place of a source's
// records.
type Redrive struct {
	Of     string          `json:"of"`               // name of the run
	Step   string          `json:"step"`             // of that run
	Filter json.RawMessage `json:"filter,omitempty"` // which of them; for the ledger alone
	Schema *catalog.Schema `json:"schema"`           // of their records
	// Sent is set when they are written as they were sent, without mapping them:
	// where to, the record's own table first.
	Sent []SentTo `json:"sent,omitempty"`
}

// SentTo is a table with the columns of the rows that it was sent.
type SentTo struct {
	Table   catalog.Name `json:"table"`
	Columns []string     `json:"columns"`
}

// Problem is something wrong with a spec. Path is the key in the spec.
type Problem struct {
	Path string
	Code string
	Text string
	Next []string
}

// Verb is one way to work, as a value: what it is called, which keys it takes,
// what it expands to. Everything in it is pure.
type Verb struct {
	Name string
	// Word is what a flow calls it, when that is not its name: verbs of one word
	// are forms of it, told apart by the keys that stand below it. Of several
	// that fit the first one counts.
	Word string
	Help string
	// Holds says that other steps stand below it, as its key steps: Plan gives the
	// unit before them and the one behind, from the spec alone.
	Holds bool
	// Spec returns a pointer to a new spec; the tags of its struct are the
	// keys, kinds, defaults and help of the language.
	Spec func() any
	// Check finds what the tags cannot say.
	Check func(spec any) []Problem
	// Early finds what is wrong whatever the values are that only the run knows: in
	// their places nothing stands. nil finds nothing.
	Early func(spec any) []Problem
	// Needs names the connections and the selection.
	Needs func(spec any) (Needs, error)
	// Limits gives how many units may use each limit at the same time; cores
	// are those of this machine.
	Limits func(spec any, cores int) map[string]int
	// Redrive is the spec with exceptions of an earlier run in its source's
	// place; nil when the verb leaves none.
	Redrive func(spec any, r Redrive) any
	// Plan expands a step into units from what both sides hold now. An error
	// carries the fault that refuses the step.
	Plan func(step string, spec any, facts catalog.Facts) ([]Unit, error)
	// Notes are what people are to know of a planned step besides its units; nil
	// when there is never anything.
	Notes func(spec any, facts catalog.Facts) []Note
	// Undoes reports whether what a step does is taken back when the list that it
	// stands in fails; nil when that is never so.
	Undoes func(spec any) bool
	// Trial is how its maps are tried; nil when it has none.
	Trial *Trial
	// Waits says what a step waits for; nil of verbs that work. One that asks for
	// it has the unit that does in Plan.
	Waits func(spec any) Waiting
	// Kinds are those of its units, for who looks after runs and knows no verb.
	Kinds map[string]Kind
}

// Waiting is what a step does that waits instead of working.
type Waiting struct {
	Text      string        // for what, in words
	Every     time.Duration // between two questions; 0 of what is not asked for
	Timeout   time.Duration // 0 = none
	Otherwise string        // what its end without an answer comes to: fail, continue, end
}

// Note is a line about a planned step.
type Note struct{ Label, Text string }

// Kind is what units of one kind have in common.
type Kind struct {
	Marked   bool // the effect is committed at the target with a mark
	Reads    bool // reads the source at its snapshot
	Rows     bool // brings rows of its entity
	Resting  bool // rests on all rows being there: done again when some were
	Measured bool // its progress is in the measure of its weight
	// Before it is done what its step wrote is seen by nobody.
	Publishes bool
	Compares  bool // has done its work also when it fails: it found a difference
}

// Called is the word that stands in flows.
func (v Verb) Called() string {
	if v.Word != "" {
		return v.Word
	}
	return v.Name
}

// Forms are the verbs of a word.
func Forms(verbs []Verb, word string) []Verb {
	return slices.DeleteFunc(slices.Clone(verbs), func(v Verb) bool { return v.Called() != word })
}

// Words are those of all verbs, each once.
func Words(verbs []Verb) []string {
	var words []string
	for _, v := range verbs {
		if !slices.Contains(words, v.Called()) {
			words = append(words, v.Called())
		}
	}
	return words
}

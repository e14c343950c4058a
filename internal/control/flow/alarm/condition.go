package alarm

import (
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"godwit/internal/fault"
	"godwit/internal/nearest"
	"godwit/internal/record"
)

// Events that can be named.
const (
	DeadFirst     = "dead.first"     // the first record of the run that the target refused
	RunFailed     = "run.failed"     // the run, or one that it called, ended failed or broke off
	RunFinished   = "run.finished"   // the run came to its end, however that was
	RunLeft       = "run.left"       // the run came to its end and left records behind: exit 3
	RunStalled    = "run.stalled"    // nothing moves and something is in the way
	VerifyDiffers = "verify.differs" // a verification found a difference
	SnapshotLost  = "snapshot.lost"  // a source cannot be read any more as of when it was
)

var (
	events = []string{DeadFirst, RunFailed, RunFinished, RunLeft, RunStalled, VerifyDiffers, SnapshotLost}
	// later are events of the language that nothing raises yet.
	later   = []string{"window.risk", "stream.lag", "stream.slot"}
	metrics = []string{"dead", "rejected", "pending", "issues"}
	// reasoned are counts of which those for one reason can be named: the code of a
	// dead letter's error, the rule of an issue.
	reasoned = []string{"dead", "issues"}
)

// Condition is when an alarm is raised: an event, or a count that is more than a
// number or than a share of the records read.
type Condition struct {
	Event  string
	Metric string  // dead, rejected, pending, issues
	Reason string  // those of one reason: a code of dead, a rule of issues; "" is all
	More   float64 // than this; a share in per cent, as it is written
	Share  bool
}

// least is how many records must be read before a share of them says anything,
// while the run goes on: the first pages of a load are no sample.
const least = 1000

// Asked is what is counted, as it is written: issues, dead.data.unique.
func (c Condition) Asked() string {
	if c.Reason == "" {
		return c.Metric
	}
	return c.Metric + "." + c.Reason
}

// Exceeded reports whether a count, which Asked names, is too large; over says that no more come.
func (c Condition) Exceeded(total record.Account, count int64, over bool) bool {
	n := float64(count)
	if !c.Share {
		return n > c.More
	}
	return total.Read > 0 && (over || total.Read >= least) && 100*n > c.More*float64(total.Read)
}

// Count is the value of one that the accounts have: dead, rejected, pending.
func Count(metric string, total record.Account) int64 {
	switch metric {
	case "rejected":
		return total.Rejected
	case "pending":
		return total.Pending
	}
	return total.Dead
}

// String is the condition as it is written.
func (c Condition) String() string {
	switch {
	case c.Event != "":
		return c.Event
	case c.Share:
		return c.Asked() + " > " + strconv.FormatFloat(c.More, 'f', -1, 64) + "%"
	}
	return c.Asked() + " > " + strconv.FormatFloat(c.More, 'f', -1, 64)
}

// MarshalJSON writes the condition as its text.
func (c Condition) MarshalJSON() ([]byte, error) { return json.Marshal(c.String()) }

// UnmarshalJSON reads it again.
func (c *Condition) UnmarshalJSON(b []byte) error {
	var text string
	if err := json.Unmarshal(b, &text); err != nil {
		return err
	}
	return c.ReadPlain(text)
}

var comparison = regexp.MustCompile(`^([a-zA-Z0-9._-]+) *> *(0|[1-9][0-9]*)(\.[0-9]+)?(%?)$`)

// ReadPlain reads a condition of a flow file. The fault of an event that is not
// built yet has code flow.not-built.
func (c *Condition) ReadPlain(v any) error {
	text, ok := v.(string)
	if !ok {
		return fault.New(fault.Config, "flow.value", "it is no event and no condition").Hint(`write an event (%s) or a condition, as "dead > 100"`, strings.Join(events, ", "))
	}
	name, _, compares := strings.Cut(text, ">")
	name = strings.TrimSpace(name)
	if slices.Contains(later, name) {
		return fault.New(fault.Config, "flow.not-built", "%s is not built yet", name).Hint("%s", known(compares))
	}
	if !compares {
		if !slices.Contains(events, name) {
			return unknown("event", name, compares, append(slices.Clone(events), later...))
		}
		*c = Condition{Event: name}
		return nil
	}
	metric, reason, reasons := strings.Cut(name, ".")
	switch {
	case !slices.Contains(metrics, metric):
		return unknown("count", metric, compares, metrics)
	case reasons && (reason == "" || !slices.Contains(reasoned, metric)):
		return fault.New(fault.Config, "flow.value", "%q names no reason", name).Hint("dead.CODE counts dead letters of one code, as dead.data.unique; issues.RULE issues of one rule, as issues.required")
	}
	m := comparison.FindStringSubmatch(text)
	if m == nil || m[4] == "" && m[3] != "" {
		return fault.New(fault.Config, "flow.value", "%q is no condition", text).Hint(`write "%s > 100", or "%s > 5%%" of the records read`, name, name)
	}
	more, err := strconv.ParseFloat(m[2]+m[3], 64)
	if err != nil || m[4] != "" && more >= 100 {
		return fault.New(fault.Config, "flow.value", "%q can never be", text).Hint("a share is less than 100%%")
	}
	*c = Condition{Metric: metric, Reason: reason, More: more, Share: m[4] != ""}
	return nil
}

func unknown(what, name string, compares bool, of []string) error {
	e := fault.New(fault.Config, "flow.value", "unknown %s %q", what, name)
	if near := nearest.Name(name, of); near != "" {
		return e.Hint("did you mean %s?", near)
	}
	return e.Hint("%s", known(compares))
}

func known(compares bool) string {
	if compares {
		return "counts: " + strings.Join(metrics, ", ")
	}
	return fmt.Sprintf("events: %s; or a count, as %q", strings.Join(events, ", "), "dead > 100")
}

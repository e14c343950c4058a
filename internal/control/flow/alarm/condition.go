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
	RunStalled    = "run.stalled"    // nothing moves and something is in the way
	VerifyDiffers = "verify.differs" // a verification found a difference
	SnapshotLost  = "snapshot.lost"  // a source cannot be read any more as of when it was
)

var (
	events = []string{DeadFirst, RunFailed, RunFinished, RunStalled, VerifyDiffers, SnapshotLost}
	// later are events of the language that nothing raises yet.
	later   = []string{"window.risk", "stream.lag", "stream.slot"}
	metrics = []string{"dead", "rejected", "pending", "issues"}
)

// Condition is when an alarm is raised: an event, or a count that is more than a
// number or than a share of the records read.
type Condition struct {
	Event  string
	Metric string  // dead, rejected, pending, issues
	More   float64 // than this; a share in per cent, as it is written
	Share  bool
}

// least is how many records must be read before a share of them says anything,
// while the run goes on: the first pages of a load are no sample.
const least = 1000

// Exceeded reports whether a count is too large; over says that no more come.
func (c Condition) Exceeded(total record.Account, issues int64, over bool) bool {
	n := float64(Count(c.Metric, total, issues))
	if !c.Share {
		return n > c.More
	}
	return total.Read > 0 && (over || total.Read >= least) && 100*n > c.More*float64(total.Read)
}

// Count is a metric's value.
func Count(metric string, total record.Account, issues int64) int64 {
	switch metric {
	case "rejected":
		return total.Rejected
	case "pending":
		return total.Pending
	case "issues":
		return issues
	}
	return total.Dead
}

// String is the condition as it is written.
func (c Condition) String() string {
	switch {
	case c.Event != "":
		return c.Event
	case c.Share:
		return c.Metric + " > " + strconv.FormatFloat(c.More, 'f', -1, 64) + "%"
	}
	return c.Metric + " > " + strconv.FormatFloat(c.More, 'f', -1, 64)
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

var comparison = regexp.MustCompile(`^([a-z.]+) *> *(0|[1-9][0-9]*)(\.[0-9]+)?(%?)$`)

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
	if !slices.Contains(metrics, name) {
		return unknown("count", name, compares, metrics)
	}
	m := comparison.FindStringSubmatch(text)
	if m == nil || m[4] == "" && m[3] != "" {
		return fault.New(fault.Config, "flow.value", "%q is no condition", text).Hint(`write "%s > 100", or "%s > 5%%" of the records read`, name, name)
	}
	more, err := strconv.ParseFloat(m[2]+m[3], 64)
	if err != nil || m[4] != "" && more >= 100 {
		return fault.New(fault.Config, "flow.value", "%q can never be", text).Hint("a share is less than 100%%")
	}
	*c = Condition{Metric: name, More: more, Share: m[4] != ""}
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

package exception

import (
	"strconv"
	"strings"
	"time"

	"godwit/internal/record"
)

// Which exceptions, by Filter.State.
const (
	Open   = ""
	Closed = "closed"
	All    = "all"
)

// Filter selects exceptions; an empty field selects all. Rule, Field and Value
// are those of one issue; Field and Value also those of the refusal.
type Filter struct {
	IDs     []int64        `json:"ids,omitempty"`
	Cause   string         `json:"cause,omitempty"`
	Code    string         `json:"code,omitempty"`
	Rule    string         `json:"rule,omitempty"`
	Field   string         `json:"field,omitempty"`
	Value   string         `json:"value,omitempty"`
	Key     string         `json:"key,omitempty"`
	Entity  string         `json:"entity,omitempty"`
	Step    string         `json:"step,omitempty"`
	Outcome record.Outcome `json:"outcome,omitempty"`
	State   string         `json:"state,omitempty"` // Open, Closed, All
	Since   time.Time      `json:"since,omitzero"`  // last tried then or later
	Before  time.Time      `json:"before,omitzero"` // last tried before that
	Mapping string         `json:"map,omitempty"`   // version of the map that made it what it is, or how that begins
	UpTo    int64          `json:"upTo,omitempty"`  // at most the rank of this turn and number
	Turn    int64          `json:"turn,omitempty"`
	Waits   bool           `json:"waits,omitempty"`  // of those that wait for others which a round of their run takes
	Called  bool           `json:"called,omitempty"` // also those of runs that the run has called
}

// shown leaves out what belongs to a chunk that is only prepared. There are as
// many of those as units under way.
const shown = ` AND NOT EXISTS (SELECT 1 FROM chunk p WHERE p.state = 'prepared' AND e.id BETWEEN p.exception_from AND p.exception_to)`

// Where is the condition of a filter on the exceptions e of a run, with its
// arguments.
func (f Filter) Where(run int64) (string, []any) {
	c := condition{args: []any{run}}
	c.text.WriteString(of("e.run", f.Key, f.Called))
	switch f.State {
	case Open:
		c.text.WriteString(" AND e.closed = ''")
	case Closed:
		c.text.WriteString(" AND e.closed <> ''")
	}
	c.equal("e.cause", f.Cause)
	c.equal("e.code", f.Code)
	c.key("e.key", f.Key)
	c.equal("e.entity", f.Entity)
	c.equal("e.step", f.Step)
	c.equal("e.outcome", string(f.Outcome))
	if len(f.IDs) > 0 {
		c.text.WriteString(" AND e.id IN (" + marks(len(f.IDs)) + ")")
		for _, id := range f.IDs {
			c.args = append(c.args, id)
		}
	}
	if !f.Since.IsZero() {
		c.text.WriteString(" AND e.last >= ?")
		c.args = append(c.args, f.Since.UnixMilli())
	}
	if !f.Before.IsZero() {
		c.text.WriteString(" AND e.last < ?")
		c.args = append(c.args, f.Before.UnixMilli())
	}
	c.equal("substr(e.mapping, 1, "+strconv.Itoa(len(f.Mapping))+")", f.Mapping)
	if f.UpTo > 0 {
		c.text.WriteString(" AND (e.turn, e.id) <= (?, ?)")
		c.args = append(c.args, f.Turn, f.UpTo)
	}
	if f.Waits {
		c.text.WriteString(" AND" + released)
		c.args = append(c.args, run)
	}
	f.broken(&c)
	c.text.WriteString(shown)
	return c.text.String(), c.args
}

// broken is the part about rule, field and value. With a rule the issues lead,
// for those are found by it. Issues of earlier tries are not meant: of what is
// closed those count that were closed with it.
func (f Filter) broken(c *condition) {
	meant := " AND i.state <> 'closed'"
	if f.State != Open {
		meant = " AND (i.state <> 'closed' OR i.closed_by = e.closed_by)"
	}
	if f.Rule != "" {
		c.text.WriteString(" AND e.id IN (SELECT i.exception FROM issue i" + of("i.run", "", f.Called) + " AND i.exception <> 0" + meant)
		c.args = append(c.args, c.args[0])
		c.equal("i.rule", f.Rule)
		c.equal("i.field", f.Field)
		c.equal("i.value", f.Value)
		c.text.WriteString(")")
		return
	}
	if f.Field == "" && f.Value == "" {
		return
	}
	c.text.WriteString(" AND (TRUE")
	c.equal("e.field", f.Field)
	c.equal("e.value", f.Value)
	c.text.WriteString(" OR EXISTS (SELECT 1 FROM issue i WHERE i.exception = e.id AND i.exception <> 0" + meant)
	c.equal("i.field", f.Field)
	c.equal("i.value", f.Value)
	c.text.WriteString("))")
}

type condition struct {
	text strings.Builder
	args []any
}

func (c *condition) equal(column, want string) {
	if want != "" {
		c.text.WriteString(" AND " + column + " = ?")
		c.args = append(c.args, want)
	}
}

// of is the condition on the run. With a key it is one that no index serves:
// a key has few rows, and the planner takes the run's many. Called adds the runs
// that the run has called, and those that they have.
func of(column, key string, called bool) string {
	if key != "" {
		column += " + 0"
	}
	if called {
		return " WHERE " + column + " IN (WITH RECURSIVE kin (id) AS (SELECT ? UNION ALL SELECT run.id FROM run JOIN kin ON run.parent = kin.id) SELECT id FROM kin)"
	}
	return " WHERE " + column + " = ?"
}

// key says that it is not empty, or the index on keys would not do.
func (c *condition) key(column, want string) {
	if c.equal(column, want); want != "" {
		c.text.WriteString(" AND " + column + " <> ''")
	}
}

// marks are so many parameters.
func marks(n int) string { return strings.TrimSuffix(strings.Repeat("?,", n), ",") }

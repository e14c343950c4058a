package unloaded

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"godwit/internal/control/run"
	"godwit/internal/record"
	"godwit/internal/ui/layout"
	"godwit/internal/ui/view"
)

// Stats are the causes of a run's dead letters and rejected records. Times are
// shown in the zone of Now.
type Stats struct {
	Now    time.Time
	Run    string
	Filter run.Filter
	Causes []run.Cause
	Open   int64        // of the run, whatever is selected
	Ends   []run.Ending // of the others, by how
}

// Value is the causes for programs, with what they come to.
func (s Stats) Value() any {
	v := struct {
		Run      string       `json:"run"`
		Records  int64        `json:"records"` // of these causes
		Dead     int64        `json:"dead"`
		Rejected int64        `json:"rejected"`
		Causes   []run.Cause  `json:"causes"`
		Open     int64        `json:"open"` // of the run, whatever is selected
		Closed   []run.Ending `json:"closed"`
	}{Run: s.Run, Causes: append([]run.Cause{}, s.Causes...), Open: s.Open, Closed: append([]run.Ending{}, s.Ends...)}
	for _, c := range s.Causes {
		v.Records += c.Records
		if c.Outcome == record.Dead {
			v.Dead += c.Records
		} else {
			v.Rejected += c.Records
		}
	}
	return v
}

// explained is how many causes are gone into: the most frequent ones.
const explained = 3

// Draw is Screen's.
func (s Stats) Draw(edge int) []string {
	if len(s.Causes) == 0 {
		return []string{none(s.Run, s.Filter)}
	}
	names := shortOf(s.Causes)
	rows := make([][]string, 0, len(s.Causes)+1)
	texts := make([]string, 0, len(s.Causes)+1)
	columns := []layout.Column{{Head: "cause"}, {Head: "dead", Right: true}, {Head: "rejected", Right: true}}
	count := map[record.Outcome]int64{}
	for _, c := range s.Causes {
		count[c.Outcome] += c.Records
	}
	outcomes := []record.Outcome{record.Dead, record.Rejected}
	if count[record.Pending] > 0 {
		outcomes, columns = append(outcomes, record.Pending), append(columns, layout.Column{Head: "pending", Right: true})
	}
	for _, c := range s.Causes {
		row := []string{names[c.Cause]}
		for _, o := range outcomes {
			n := int64(0)
			if c.Outcome == o {
				n = c.Records
			}
			row = append(row, view.Count(n))
		}
		row = append(row, view.Stamp(c.First.In(s.Now.Location()), s.Now), fields(c))
		rows, texts = append(rows, row), append(texts, reason(c))
	}
	total := []string{"total"}
	for _, o := range outcomes {
		total = append(total, view.Count(count[o]))
	}
	rows = append(rows, append(total, "", ""))
	lines := beside(append(columns, layout.Column{Head: "first"}, layout.Column{Head: "field", Most: 24}), rows, "reason, values", append(texts, ""), edge)
	for i, c := range s.Causes {
		if i == explained {
			break
		}
		lines = append(append(lines, ""), s.next(c, names[c.Cause], edge)...)
	}
	return lines
}

// next is what can be done about a cause.
func (s Stats) next(c run.Cause, name string, edge int) []string {
	what := c.Code + ": " + view.Plural(c.Records, "record")
	if c.Keys > 0 && c.Keys != c.Records {
		what += " of " + view.Plural(c.Keys, "key")
	}
	what += " of " + c.Entity
	if c.Entities > 1 {
		what += " and " + view.Count(c.Entities-1) + " more"
	}
	about := [2]string{command("explain", c.Code), "says what it means and what to do"}
	if rule, ok := strings.CutPrefix(c.Code, "issue."); ok {
		about = [2]string{command("issues list", s.Run, "--rule", quoted(rule)), "says what is to be mended, by whom"}
	}
	again := [2]string{command("redrive", s.Run, "--cause", name, "--dry-run"), "shows what would be processed again"}
	if c.Code == blocked {
		again = [2]string{command("redrive", s.Run, "--dry-run"), "takes those that they wait for with them"}
	}
	if c.Copied {
		again = [2]string{command("dead show", s.Run, "ID", "--source"), "shows a row; mended, its table is copied again"}
	}
	const indent = 7
	lines := layout.Wrap(layout.Left(name, indent), what, indent, edge)
	for n, step := range [][2]string{about, {command("dead list", s.Run, "--cause", name), "names the records"}, again} {
		lines = append(lines, layout.Aside(strings.Repeat(" ", indent)+strconv.Itoa(n+1)+"  "+step[0], step[1], 64, edge))
	}
	return lines
}

// beside aligns rows and puts a text behind each, which goes on below itself
// where it passes the edge.
func beside(columns []layout.Column, rows [][]string, head string, texts []string, edge int) []string {
	table := layout.Table(columns, rows)
	at := 0
	for _, l := range table {
		at = max(at, layout.Width(l)+2)
	}
	lines := []string{layout.Left(table[0], at) + head}
	for i, l := range table[1:] {
		if texts[i] == "" {
			lines = append(lines, l)
			continue
		}
		lines = append(lines, layout.Wrap(layout.Left(l, at), texts[i], at, edge)...)
	}
	return lines
}

// none says that nothing was found, and where it may be.
func none(name string, f run.Filter) string {
	what := "open dead letters or rejected records"
	switch f.State {
	case run.ClosedOnes:
		what = "dead letters or rejected records that are closed"
	case run.AllOnes:
		what = "dead letters or rejected records"
	}
	if flags := Flags(f); flags != "" {
		return name + " has no " + what + " for " + flags + "."
	}
	return name + " has no " + what + "."
}

// List are single records that were not loaded.
type List struct {
	Now    time.Time
	Run    string
	Filter run.Filter
	All    []record.Exception
	Total  int64            // that the filter selects
	Runs   map[int64]string // that they are of, by id
}

// IDs are those of the list.
func (l List) IDs() []int64 {
	ids := make([]int64, len(l.All))
	for i, e := range l.All {
		ids[i] = e.ID
	}
	return ids
}

// elsewhere reports whether some are of runs that this one has called.
func (l List) elsewhere() bool {
	for _, name := range l.Runs {
		if name != l.Run {
			return true
		}
	}
	return false
}

// Draw is Screen's.
func (l List) Draw(edge int) []string {
	if len(l.All) == 0 {
		return []string{none(l.Run, l.Filter)}
	}
	causes := make([]string, 0, len(l.All))
	for _, e := range l.All {
		causes = append(causes, e.Cause)
	}
	names := short(unique(causes))
	rows, texts := make([][]string, 0, len(l.All)), make([]string, 0, len(l.All))
	ended, called := false, l.elsewhere()
	columns := []layout.Column{{Head: "id", Right: true}, {Head: "outcome"}, {Head: "cause"}, {Head: "entity", Most: 20},
		{Head: "key", Most: 20}, {Head: "field", Most: 16}, {Head: "last"}}
	for _, e := range l.All {
		field, value := e.At()
		row := []string{strconv.FormatInt(e.ID, 10), string(e.Outcome), names[e.Cause], e.Entity, e.Key, field, view.Stamp(e.Last.In(l.Now.Location()), l.Now)}
		text := e.Text
		if value != "" && !strings.HasSuffix(text, " "+value) { // is null
			text += ": " + value
		}
		if e.Closed != "" {
			ended = true
			row[1] = "closed"
			text = e.Closed + "; was " + text
		}
		if called {
			row = append([]string{l.Runs[e.ID]}, row...)
		}
		rows, texts = append(rows, row), append(texts, text)
	}
	if called {
		columns = append([]layout.Column{{Head: "run", Most: 24}}, columns...)
	}
	lines := beside(columns, rows, "reason", texts, edge)
	more := view.Count(len(l.All)) + " of " + view.Plural(l.Total, "record")
	if int64(len(l.All)) < l.Total {
		more += "; --limit 0 lists all"
	}
	lines = append(lines, "", more+". All about one: godwit dead show "+l.Run+" ID")
	if copied := slices.ContainsFunc(l.All, ofCopy); copied && !ended {
		lines = append(lines, layout.Wrap("", "Rows of a copy: "+copyAgain+".", 0, edge)...)
	} else if !ended {
		lines = append(lines, "Process them again: "+command("redrive", l.Run, Flags(l.Filter), "--dry-run"))
	}
	return lines
}

// Value is the list for programs, without what records held.
func (l List) Value() any {
	return struct {
		Run     string   `json:"run"`
		Records int64    `json:"records"` // that the filter selects
		All     []listed `json:"exceptions"`
	}{l.Run, l.Total, l.listed()}
}

// listed is one with the run that it is of.
type listed struct {
	record.Exception
	Run string `json:"run,omitempty"`
}

func (l List) listed() []listed {
	all := []listed{}
	for _, e := range l.All {
		all = append(all, listed{e, l.Runs[e.ID]})
	}
	return all
}

func unique(list []string) []string {
	seen := make(map[string]bool, len(list))
	var all []string
	for _, s := range list {
		if !seen[s] {
			seen[s] = true
			all = append(all, s)
		}
	}
	return all
}

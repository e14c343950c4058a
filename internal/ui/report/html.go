package report

import (
	"bytes"
	"crypto/sha256"
	_ "embed"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"html/template"
	"io"
	"slices"
	"strings"
	"unicode"

	"godwit/internal/control/plan/exit"
	"godwit/internal/fault"
	"godwit/internal/record"
	"godwit/internal/ui/view"
)

//go:embed report.html
var layout string

//go:embed report.css
var style string

//go:embed report.js
var script string

var document = template.Must(template.New("report").Funcs(template.FuncMap{
	"big":  func(t Table) bool { return len(t.Rows) > domRows },
	"rows": embedded,
	"body": func(t Table) []tr {
		if len(t.Rows) > domRows {
			return t.trs(t.Rows[:firstRows])
		}
		return t.trs(t.Rows)
	},
	"foot": func(t Table) []tr { return t.trs([][]Cell{t.Foot}) },
}).Parse(layout))

// A browser needs seconds for tens of thousands of table rows, so a table of
// more than domRows stands in the page as data: the first rows are shown as
// they are, the script pages through all.
const (
	domRows   = 2000
	firstRows = 200
)

// tr and td are rows as the template writes them.
type (
	tr []td
	td struct{ Class, Raw, Text string }
)

func (t Table) trs(rows [][]Cell) []tr {
	out := make([]tr, len(rows))
	for i, r := range rows {
		for j, c := range r {
			out[i] = append(out[i], td{strings.TrimSpace(c.Mark + " " + t.Columns[j].Class()), c.Raw, c.Text})
		}
	}
	return out
}

// Class is the column's style.
func (c Column) Class() string {
	switch {
	case c.Numbers:
		return "n"
	case c.Wide:
		return "w"
	}
	return ""
}

// Box is one of the four answers on top of the report.
type Box struct {
	Mark  string // good, warn, bad
	Title string
	Word  string
	Text  string
	Link  string // section
}

// section is a part of the page with its tables.
type section struct {
	ID, Title, Help string
	Tables          []Table
	Gantt           *Gantt
	Curve           *Curve
	Flow            string
	Words           []word
}

type word struct{ Name, Means string }

// HTML writes the report as one file that loads nothing. It is written only
// when all of it could be made. The same report gives the same bytes.
func HTML(w io.Writer, r Report) error {
	p := newPage(r)
	var b bytes.Buffer
	err := document.Execute(&b, map[string]any{
		"Policy":   policy(),
		"Style":    template.CSS(style),
		"Script":   template.JS(script),
		"Verdict":  r.Verdict,
		"Headline": r.Headline(),
		"Mark":     p.mark(),
		"Started":  p.when(r.Verdict.Started).Text,
		"Ended":    p.when(r.Verdict.Ended).Text,
		"Day":      r.Verdict.Started.In(p.zone).Format("Mon 2 January 2006"),
		"Took":     view.Span(r.Verdict.Ended.Sub(r.Verdict.Started)),
		"Zone":     p.zone.String(),
		"Boxes":    p.boxes(),
		"Sections": p.sections(),
	})
	if err != nil {
		return fault.Wrap(err, "make report of %s", r.Verdict.Run)
	}
	_, err = io.WriteString(w, printable(b.String()))
	return err
}

// policy allows the page its own style and script by hash and nothing else
// (Content Security Policy Level 3).
func policy() string {
	return "default-src 'none'; style-src '" + hashOf(style) + "'; script-src '" + hashOf(script) + "'; base-uri 'none'; form-action 'none'"
}

func hashOf(s string) string {
	sum := sha256.Sum256([]byte(s))
	return "sha256-" + base64.StdEncoding.EncodeToString(sum[:])
}

// embedded are the rows of a big table for the script: a cell is its text, or
// text, value and mark. html/template writes them as JSON that cannot end the
// script element.
func embedded(t Table) (any, error) {
	rows := make([][]any, len(t.Rows))
	for i, r := range t.Rows {
		rows[i] = make([]any, len(r))
		for j, c := range r {
			rows[i][j] = c.Text
			if c.Raw != "" || c.Mark != "" {
				rows[i][j] = []string{c.Text, c.Value(), c.Mark}
			}
		}
	}
	b, err := json.Marshal(rows)
	return json.RawMessage(b), err
}

func (p page) mark() string {
	switch {
	case p.Verdict.Exit == 0 && p.closes():
		return "good"
	case p.Verdict.Exit == exit.Open || p.Verdict.Exit == exit.Stopped:
		return "warn"
	}
	return "bad"
}

func (p page) boxes() []Box {
	if p.Owner != nil {
		return nil
	}
	return []Box{p.outcomeBox(), p.accountsBox(), p.verifiedBox(), p.leftBox()}
}

func (p page) outcomeBox() Box {
	word := p.Verdict.Outcome
	if word == "done" && p.mark() != "good" {
		word = "finished"
	}
	return Box{Mark: p.mark(), Title: "Outcome", Word: word, Link: "time",
		Text: fmt.Sprintf("exit %d after %s", p.Verdict.Exit, view.Span(p.Verdict.took()))}
}

func (p page) accountsBox() Box {
	b := Box{Mark: "good", Title: "Accounts", Word: "close", Link: "accounts-section"}
	var total record.Account
	for _, a := range p.Accounts {
		total = total.Plus(a.record())
	}
	b.Text = view.Plural(total.Read, "row") + " read, " + view.Count(total.Applied) + " applied"
	switch {
	case !p.closes():
		b.Mark, b.Word = "bad", "do not close"
	case len(p.Accounts) == 0:
		b.Mark, b.Word, b.Text = "warn", "none", "nothing was counted"
	case p.Verdict.Exit == 0 && total.Rejected > 0 && total.Dead+total.Pending == 0:
		b.Text += ", " + view.Plural(total.Rejected, "rejected record") + " accepted"
	case total.Dead+total.Rejected+total.Pending > 0:
		b.Mark = "warn"
		b.Text += ", " + view.Count(total.Dead+total.Rejected+total.Pending) + " dead, rejected or pending"
		if p.NotLoaded != nil {
			b.Link = "why-not"
		}
	}
	return b
}

func (p page) verifiedBox() Box {
	b := Box{Mark: "good", Title: "Verified", Word: "equal", Link: "proof-section"}
	t := p.Tally()
	b.Text = t.Text()
	switch {
	case t.Differ+t.Objects > 0:
		b.Mark, b.Word = "bad", "differs"
	case p.unproved():
		b.Mark, b.Word, b.Text = "warn", "not verified", "nothing was read back"
	case t.NotVerified+t.Unread+t.Partly > 0:
		b.Mark, b.Word = "warn", "in part"
	case t.Explained > 0:
		b.Word = "equal or explained"
	}
	return b
}

func (p page) leftBox() Box {
	if n := len(p.Verdict.LeftBehind); n > 0 {
		return Box{"warn", "Left behind", view.Plural(n, "thing"), strings.Join(p.Verdict.LeftBehind, "; "), "appendix"}
	}
	return Box{"good", "Left behind", "nothing", "no marks, no settings, no slots", "appendix"}
}

func (p page) sections() []section {
	tables := map[string]Table{}
	for _, t := range Tables(p.Report) {
		tables[t.ID] = t
	}
	pick := func(ids ...string) []Table {
		var list []Table
		for _, id := range ids {
			if t, ok := tables[id]; ok {
				list = append(list, t)
			}
		}
		return list
	}
	all := []section{
		{ID: "accounts-section", Title: "Accounts", Tables: pick("called", "called-why", "steps", "accounts", "changes")},
		{ID: "why-not", Title: "Why not", Tables: pick("causes", "examples", "issues", "stubs")},
		{ID: "owners-section", Title: "Owners", Tables: append(pick("owners", "known"), p.lists()...)},
		{ID: "again", Title: "Done more than once", Tables: pick("copied-again")},
		{ID: "proof-section", Title: "Proof", Tables: pick("proof", "differences", "objects")},
		{ID: "time", Title: "Time", Gantt: p.gantt(), Curve: p.curve(), Tables: pick("times", "throughput", "slowest", "waits", "forecasts")},
		{ID: "appendix", Title: "Appendix", Tables: pick("snapshots", "actions", "events"), Flow: p.FlowText, Words: glossary},
	}
	return slices.DeleteFunc(all, func(s section) bool {
		return len(s.Tables) == 0 && (s.ID == "again" || s.ID == "why-not" || s.ID == "owners-section" || p.Owner != nil)
	})
}

// lists are the owners' lists that hold something.
func (p page) lists() []Table {
	return slices.DeleteFunc(p.own(), func(t Table) bool { return len(t.Rows) == 0 })
}

// printable takes marks of direction and control characters out of the page;
// they can only come from names, which are to be read in the order in which
// they are written.
func printable(s string) string {
	return strings.Map(func(r rune) rune {
		if r == unicode.ReplacementChar || r != '\n' && unicode.IsControl(r) || unicode.Is(unicode.Cf, r) {
			return '\ufffd'
		}
		return r
	}, s)
}

var glossary = []word{
	{"account", "what became of the records of a chunk; it closes when read = applied + unchanged + filtered + rejected + dead + pending, and pending holds only what is blocked"},
	{"applied", "written to the target, by the target's own count"},
	{"blocked", "of a record: it waits for another one that it refers to"},
	{"cause", "what records that were not loaded have in common: the same outcome, code, field, rule and words"},
	{"chunk", "a part of a table that is read, written and accounted as one, in one transaction of the target"},
	{"dead", "tried and refused by the target; kept with its reason"},
	{"differs", "not the same on both sides, and the accounts do not explain why"},
	{"explained", "not the same on both sides, because of records that the accounts name"},
	{"filtered", "left out by a rule of the flow"},
	{"fingerprint", "count of rows and sum of their 128-bit hashes, whatever their order"},
	{"issue", "one rule that one record breaks, with its owner; an error keeps the record out, a warning does not"},
	{"mark", "the row in the target that is committed together with a chunk's rows and proves them; deleted at the end of the run"},
	{"not verified", "was not read back; never counted as equal"},
	{"pending", "read and not settled yet, or blocked"},
	{"plan hash", "stands for flow, inputs, definitions selected and objects destroyed: the same hash is the same plan"},
	{"redrive", "a run that processes again what another run did not load, by the flow as it is then"},
	{"rejected", "found wrong by a rule before it was tried"},
	{"snapshot", "the point in time at which the source was read"},
	{"unchanged", "at the target already, as it should be"},
	{"unit", "what is started, retried and settled as one"},
}

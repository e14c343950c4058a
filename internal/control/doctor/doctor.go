// Package doctor examines the connections of a flow before anything is
// touched: everything that would stop the run, all at once, each with the
// statement that mends it. It changes nothing; what to look for is known by
// the connectors. Start at Examine.
package doctor

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"godwit/internal/catalog"
	"godwit/internal/connector"
	"godwit/internal/fault"
	"godwit/internal/unit"
)

// Finding is one thing found, at a connection.
type Finding struct {
	Connection string `json:"connection"`
	connector.Finding
}

// Diagnosis is the result of an examination.
type Diagnosis struct {
	Sides    []Side
	Findings []Finding // blocks first, then warns, then ok
	Facts    []Facts   // by need
	Took     time.Duration
}

// Facts is what was found for one need; Known when nothing of it is missing
// that the need's plan is made from, but for the definitions of a comparison.
type Facts struct {
	catalog.Facts
	Known   bool
	Columns []string // of the query of a for_each; nil = it cannot be described
}

// Known are the facts of the need of that number, nil when they are not Known. A
// nil diagnosis knows nothing.
func (d *Diagnosis) Known(i int) *catalog.Facts {
	if d == nil || i >= len(d.Facts) || !d.Facts[i].Known {
		return nil
	}
	return &d.Facts[i].Facts
}

// Side is one connection as it was found; Database is nil when it could not
// be reached.
type Side struct {
	Name     string
	Role     string // source, target
	Database *catalog.Database
}

// Blocks reports whether something found would stop the run.
func (d *Diagnosis) Blocks() bool {
	return slices.ContainsFunc(d.Findings, func(f Finding) bool { return f.Severity == connector.Blocks })
}

// Examine looks at both sides of what a verb needs. An error is only returned
// when the context ended: what cannot be reached is a finding.
func Examine(ctx context.Context, open connector.Opener, needs []unit.Needs) (*Diagnosis, error) {
	began := time.Now()
	x := &examination{open: open, seen: map[string]bool{}, sides: map[string]*catalog.Database{}, away: map[string]error{}}
	for _, n := range needs {
		x.awaited = n.Awaited
		if n.Items != nil {
			x.found.Facts = append(x.found.Facts, Facts{Columns: x.items(ctx, n)})
			continue
		}
		facts := catalog.Facts{}
		if n.Records != nil || n.Existing != "" || n.Compare {
			facts.Reader = n.Verb
		}
		source, other := able(ctx, open, n)
		facts.Source = x.look(ctx, n.From, "source", n.Select, source)
		facts.Target = x.look(ctx, n.To, "target", target(n), other)
		known := facts.Source != nil && facts.Target != nil
		if known && n.Records != nil {
			known = x.records(ctx, n, &facts)
		} else if known && n.Existing != "" { // what is made is compared with what may be made
			known = x.define(ctx, n, &facts)
		}
		x.found.Facts = append(x.found.Facts, Facts{Facts: facts, Known: known})
		x.examine(ctx, n.From, "source", facts, n.Existing != "")
		if n.Existing != "" || n.Records != nil && n.Records.Calls { // written to
			x.examine(ctx, n.To, "target", facts, true)
			x.retyped(n, facts)
		}
	}
	if !x.found.Blocks() {
		for _, b := range x.broken {
			x.refused(b.connection, b.err)
		}
	}
	x.found.Took = time.Since(began)
	x.found.sort()
	return &x.found, ctx.Err()
}

// Refuse adds what stops a run to the findings, unless that was found already.
func (d *Diagnosis) Refuse(connection string, err error) {
	one := blocking(connection, err)
	if slices.ContainsFunc(d.Findings, func(o Finding) bool { return o.Code == one.Code && o.Severity == connector.Blocks }) {
		return
	}
	d.Findings = append(d.Findings, one)
	d.sort()
}

func blocking(connection string, err error) Finding {
	f := fault.Of(err)
	text := f.Text
	for _, l := range f.Lines {
		if l.Label != "connection" { // it is named anyway
			text += "; " + l.Label + " " + l.Text
		}
	}
	next := f.Next
	if len(next) == 0 && f.Kind == fault.Unavailable {
		next = append(next, "see that the server runs and takes connections from this machine, then try again")
	}
	return Finding{connection, connector.Finding{Severity: connector.Blocks, Code: f.Code, Text: text,
		Or: append(next, "godwit explain "+f.Code+" says more")}}
}

func (d *Diagnosis) sort() {
	rank := map[string]int{connector.Blocks: 0, connector.Warns: 1, connector.Passes: 2}
	slices.SortStableFunc(d.Findings, func(a, b Finding) int { return rank[a.Severity] - rank[b.Severity] })
}

// target selects at the target what the source has; patterns may match nothing.
func target(n unit.Needs) catalog.Selection {
	s := n.Select
	s.Include = slices.Clone(s.Include)
	for i, p := range s.Include {
		s.Include[i] = p.Lenient()
	}
	return s
}

type examination struct {
	open  connector.Opener
	found Diagnosis
	seen  map[string]bool              // connection and role
	sides map[string]*catalog.Database // by connection and selection
	away  map[string]error             // by connection: nobody answers there, and nobody asks again
	// broken is why definitions cannot be read, told when no check says why.
	broken  []refusal
	awaited []string // connections, of the need at hand
}

type refusal struct {
	connection string
	err        error
}

// defines is what a system of whole tables has to do.
const defines = "write its definitions"

// able says why a side can never do what a step needs of it, whatever is
// found there: nothing has to be asked of a server for that.
func able(ctx context.Context, open connector.Opener, n unit.Needs) (source, target error) {
	if n.Definitions {
		_, source = connector.Capable[connector.Definer](ctx, open, n.From, defines)
	}
	switch {
	case n.Requests:
		_, target = connector.Capable[connector.Caller](ctx, open, n.To, "be asked by requests")
	case n.Statement:
		_, target = connector.Capable[connector.StatementTarget](ctx, open, n.To, "run statements")
	case n.Records != nil:
	case n.Existing != "":
		_, target = connector.Capable[connector.Writer](ctx, open, n.To, "take whole tables")
	case n.Compare:
		_, target = connector.Capable[connector.Definer](ctx, open, n.To, defines)
	}
	return tables(source), tables(target)
}

// tables adds to what a system cannot do what can be done with it.
func tables(err error) error {
	var e *fault.Error
	if errors.As(err, &e) && e.Code == "connection.unable" {
		e.Hint("copy and verify move and compare tables between PostgreSQL databases; load moves records of other systems too")
	}
	return err
}

// look inspects a side, unless it is known to be unable.
func (x *examination) look(ctx context.Context, name, role string, sel catalog.Selection, unable error) *catalog.Database {
	side := fmt.Sprintf("%s %s %q %q", role, name, sel.Include, sel.Exclude)
	if db := x.sides[side]; db != nil {
		return db
	}
	db, err := (*catalog.Database)(nil), unable
	if err == nil {
		db, err = x.inspect(ctx, name, sel)
	}
	if err != nil {
		x.refused(name, err)
	}
	x.sides[side] = db
	if !x.seen["side "+name] {
		x.seen["side "+name] = true
		x.found.Sides = append(x.found.Sides, Side{name, role, db})
	}
	return db
}

func (x *examination) inspect(ctx context.Context, name string, sel catalog.Selection) (*catalog.Database, error) {
	if err := x.away[name]; err != nil {
		return nil, err
	}
	i, err := connector.Capable[connector.Inspector](ctx, x.open, name, "be inspected")
	if err != nil {
		return nil, err
	}
	db, err := i.Inspect(ctx, sel)
	if fault.KindOf(err) == fault.Unavailable {
		x.away[name] = err
	}
	return db, err
}

// define reads the definitions that would be made. Why they cannot be read is
// found by the source's own checks where these know it.
func (x *examination) define(ctx context.Context, n unit.Needs, facts *catalog.Facts) bool {
	d, err := connector.Capable[connector.Definer](ctx, x.open, n.From, defines)
	if err == nil {
		facts.Definitions, err = d.Definitions(ctx, "", n.Select, facts.Source)
	}
	if err != nil {
		x.broken = append(x.broken, refusal{n.From, err})
	}
	return err == nil
}

func (x *examination) examine(ctx context.Context, name, role string, facts catalog.Facts, moved bool) {
	if x.seen[role+" "+name] || facts.Source == nil || facts.Target == nil {
		return
	}
	x.seen[role+" "+name] = true
	e, err := connector.Capable[connector.Examiner](ctx, x.open, name, "be examined")
	if err != nil { // not every system can: that stops nothing
		x.found.Findings = append(x.found.Findings, Finding{name, connector.Finding{
			Severity: connector.Warns, Code: fault.CodeOf(err), Text: "not examined: " + err.Error(),
		}})
		return
	}
	list, err := e.Examine(ctx, role, facts)
	if err != nil {
		x.refused(name, err)
		return
	}
	for _, f := range list {
		if !moved && f.Severity == connector.Blocks && strings.HasPrefix(f.Code, "right.") {
			// What only looks shows what it may not read as not verified.
			f.Severity = connector.Warns
		}
		x.found.Findings = append(x.found.Findings, Finding{name, f})
	}
}

// retyped names the columns of tables that stay and have another type there.
func (x *examination) retyped(n unit.Needs, facts catalog.Facts) {
	if n.Existing != "append" && n.Existing != "truncate" || facts.Source == nil || facts.Target == nil {
		return
	}
	list := facts.Retyped()
	if len(list) == 0 {
		return
	}
	text := fmt.Sprintf("%d columns have another type at %s: %s", len(list), n.To, strings.Join(list[:min(5, len(list))], ", "))
	if more := len(list) - 5; more > 0 {
		text += fmt.Sprintf(" and %d more", more)
	}
	x.found.Findings = append(x.found.Findings, Finding{n.To, connector.Finding{Severity: connector.Warns, Code: "target.types",
		Text: text + "; their values go as text, and what that type has no word for is refused or differs"}})
}

// refused makes a finding of an error, once per connection and code.
func (x *examination) refused(name string, err error) {
	code := fault.CodeOf(err)
	if x.seen[name+" "+code] {
		return
	}
	x.seen[name+" "+code] = true
	one := blocking(name, err)
	if slices.Contains(x.awaited, name) && fault.KindOf(err) == fault.Unavailable {
		one.Severity, one.Or = connector.Warns, nil
		one.Text += "; a step before waits for it, and it is examined by none before it begins"
	}
	x.found.Findings = append(x.found.Findings, one)
}

// refusedAt is refused with the step's place in its file: of what is wrong with
// what steps say, each is told.
func (x *examination) refusedAt(place, name string, err error) {
	if place == "" || fault.KindOf(err) != fault.Config {
		x.refused(name, err)
		return
	}
	x.found.Findings = append(x.found.Findings, blocking(name, fault.Wrap(err, "%s", place)))
}

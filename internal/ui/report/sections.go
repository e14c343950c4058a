package report

import (
	"cmp"
	"slices"
	"time"

	"godwit/internal/record"
	"godwit/internal/ui/view"
)

// page is a report with its zone: what the tables are made from.
type page struct {
	Report
	zone *time.Location
}

// newPage takes UTC when the zone is not known here; that depends on the
// machine only where the zone's name is wrong.
func newPage(r Report) page {
	zone, err := time.LoadLocation(r.Zone)
	if err != nil {
		zone = time.UTC
	}
	return page{r, zone}
}

// Tables are all lists of the report in the order in which they are told.
// Lists without rows are left out, except the accounts and the proof.
func Tables(r Report) []Table {
	p := newPage(r)
	all := []Table{p.byStep(), p.called(), p.calledWhy(), p.byEntity(), p.changes(), p.causes(), p.examples(), p.issues(), p.stubs(), p.owners(), p.known(), p.again(), p.proof(), p.differences(), p.compared(), p.times(),
		p.throughput(), p.slowest(), p.waits(), p.forecasts(), p.snapshots(), p.actions(), p.events()}
	all = append(all, p.own()...)
	return slices.DeleteFunc(all, func(t Table) bool {
		return len(t.Rows) == 0 && (p.Owner != nil || t.ID != "steps" && t.ID != "accounts" && t.ID != "proof")
	})
}

var accountColumns = []Column{{Name: "read", Numbers: true}, {Name: "applied", Numbers: true}, {Name: "unchanged", Numbers: true},
	{Name: "filtered", Numbers: true}, {Name: "rejected", Numbers: true}, {Name: "dead", Numbers: true},
	{Name: "pending", Numbers: true}, {Name: "size", Numbers: true}, {Name: "closes"}}

func accountCells(a Account, closes bool) []Cell {
	return []Cell{number(a.Read), number(a.Applied), number(a.Unchanged), number(a.Filtered), bad(a.Rejected),
		bad(a.Dead), number(a.Pending), size(a.Bytes), yes(closes)}
}

func (p page) byStep() Table {
	t := Table{ID: "steps", Title: "By step", Columns: append([]Column{{Name: "step"}}, accountColumns...),
		Help: "read = applied + unchanged + filtered + rejected + dead + pending. Read is the source's own count, applied the target's own."}
	var total record.Account
	steps := p.steps()
	for _, a := range steps {
		t.Rows = append(t.Rows, append([]Cell{text(a.Step)}, accountCells(AccountOf(a, 0), a.Closes())...))
		total = total.Plus(a)
	}
	if total.Adopted > 0 {
		t.Help += " Of those applied " + view.Count(total.Adopted) + " were adopted: found at the target, not made."
	}
	if len(steps) > 1 {
		t.Foot = append([]Cell{text("total")}, accountCells(AccountOf(total, 0), p.closes())...)
	}
	return t
}

func (p page) byEntity() Table {
	t := Table{ID: "accounts", Title: "By table",
		Columns: append([]Column{{Name: "step"}, {Name: "table"}, {Name: "chunks", Numbers: true}}, accountColumns...)}
	var total Account
	for _, a := range p.Accounts {
		t.Rows = append(t.Rows, append([]Cell{text(a.Step), name(a.Entity), number(a.Chunks)}, accountCells(a, a.Closes())...))
		chunks := total.Chunks + a.Chunks
		total = AccountOf(total.record().Plus(a.record()), chunks)
	}
	t.Foot = append([]Cell{text("total"), text(view.Plural(len(p.Accounts), "account")), number(total.Chunks)}, accountCells(total, p.closes())...)
	return t
}

func (p page) changes() Table {
	t := Table{ID: "changes", Title: "Rows that were there before",
		Help: "Of tables that were replaced, and of rows whose key is gone from the source.",
		Columns: []Column{{Name: "step"}, {Name: "table"}, {Name: "what"}, {Name: "rows now", Numbers: true}, {Name: "inserted", Numbers: true}, {Name: "updated", Numbers: true},
			{Name: "deleted", Numbers: true}, {Name: "marked", Numbers: true}, {Name: "back", Numbers: true}, {Name: "reason", Wide: true}}}
	for _, c := range p.Changes {
		rows := number(c.Rows)
		if c.What == "gone" {
			rows = text("")
		}
		t.Rows = append(t.Rows, []Cell{text(c.Step), name(c.Table), text(c.What), rows, number(c.Inserted), number(c.Updated),
			number(c.Deleted), number(c.Marked), number(c.Back), text(c.Why)})
	}
	return t
}

func (p page) again() Table {
	t := Table{ID: "copied-again", Title: "Retries and repairs",
		Help:    "Work that was done more than once. Nothing counts twice: a repeated chunk replaces its account.",
		Columns: []Column{{Name: "what"}, {Name: "unit"}, {Name: "at"}, {Name: "times", Numbers: true}, {Name: "rows", Numbers: true}, {Name: "why", Wide: true}}}
	if lost := seconds(p.Verdict.Lost); lost >= time.Second {
		t.Help += " Units waited " + view.Span(lost) + " for their next try."
	}
	for _, a := range p.Again {
		t.Rows = append(t.Rows, []Cell{text(a.What), text(a.Unit), p.when(a.At), number(a.Times), number(a.Rows), text(a.Why)})
	}
	return t
}

// rank puts first what somebody has to look at.
func rank(result string) int {
	return slices.Index([]string{Differs, NotVerified, Explained, Equal}, result)
}

func (p page) proof() Table {
	t := Table{ID: "proof", Title: "Tables",
		Help: "A fingerprint is the sum of the 128-bit hashes of all rows: a lost, changed or doubled row changes it, the order of rows does not.",
		Columns: []Column{{Name: "table"}, {Name: "result"}, {Name: "rows at source", Numbers: true}, {Name: "rows at target", Numbers: true},
			{Name: "reason", Wide: true}, {Name: "method", Wide: true}, {Name: "fingerprint of source"}, {Name: "fingerprint of target"}}}
	sorted := slices.Clone(p.Proof)
	slices.SortStableFunc(sorted, func(a, b Proof) int { return cmp.Compare(rank(a.Result), rank(b.Result)) })
	for _, v := range sorted {
		others := number(v.Others)
		if v.Result == NotVerified {
			others = text("")
		}
		t.Rows = append(t.Rows, []Cell{name(v.Entity), result(v.Result), number(v.Rows), others, text(v.Why), text(v.Method), hash(v.Left), hash(v.Right)})
	}
	return t
}

func (p page) differences() Table {
	t := Table{ID: "differences", Title: "Differences",
		Help:    "What differs, by key and column. Other values are not shown.",
		Columns: []Column{{Name: "key"}, {Name: "table"}, {Name: "what"}, {Name: "column"}, {Name: "difference", Wide: true}}}
	for _, d := range p.Differences {
		t.Rows = append(t.Rows, []Cell{text(d.Key), name(d.Entity), text(d.What), text(d.Column), text(d.Text)})
	}
	return t
}

func (p page) compared() Table {
	t := Table{ID: "objects", Title: "Sequences and definitions",
		Columns: []Column{{Name: "kind"}, {Name: "name"}, {Name: "result"}, {Name: "reason", Wide: true}}}
	sorted := slices.Clone(p.Compared)
	slices.SortStableFunc(sorted, func(a, b Compared) int { return cmp.Compare(rank(a.Result), rank(b.Result)) })
	for _, c := range sorted {
		t.Rows = append(t.Rows, []Cell{text(c.Kind), text(c.Name), result(c.Result), text(c.Why)})
	}
	return t
}

func (p page) times() Table {
	t := Table{ID: "times", Title: "Steps in time",
		Columns: []Column{{Name: "work"}, {Name: "from"}, {Name: "to"}, {Name: "took", Numbers: true}, {Name: "units", Numbers: true}, {Name: "size", Numbers: true}, {Name: "state"}}}
	for _, s := range p.Steps {
		t.Rows = append(t.Rows, []Cell{text(s.Name), p.when(s.Start), p.when(s.End), span(s.End.Sub(s.Start)), number(s.Units), size(s.Bytes), text(s.State)})
	}
	return t
}

func (p page) throughput() Table {
	t := Table{ID: "throughput", Title: "Throughput in numbers", Folded: true, Columns: []Column{{Name: "until"}, {Name: "rate", Numbers: true}}}
	for _, s := range p.Throughput {
		t.Rows = append(t.Rows, []Cell{p.when(s.At), rate(s.Rate)})
	}
	return t
}

func (p page) slowest() Table {
	t := Table{ID: "slowest", Title: "Slowest units", Columns: []Column{{Name: "unit"}, {Name: "took", Numbers: true},
		{Name: "attempts", Numbers: true}, {Name: "rows", Numbers: true}, {Name: "size", Numbers: true}, {Name: "rate", Numbers: true}}}
	for _, u := range p.Slowest {
		r := Cell{}
		if u.Seconds > 0 && u.Bytes > 0 {
			r = rate(float64(u.Bytes) / u.Seconds)
		}
		t.Rows = append(t.Rows, []Cell{text(u.Unit), span(seconds(u.Seconds)), number(u.Tries), number(u.Rows), size(u.Bytes), r})
	}
	return t
}

func (p page) waits() Table {
	t := Table{ID: "waits", Title: "Waits", Columns: []Column{{Name: "unit"}, {Name: "gate"}, {Name: "began"}, {Name: "took", Numbers: true},
		{Name: "reason", Wide: true}, {Name: "holder", Wide: true}, {Name: "its last statement", Wide: true}}}
	for _, w := range p.Waits {
		t.Rows = append(t.Rows, []Cell{text(w.Unit), text(w.Gate), p.when(w.Began), span(seconds(w.Seconds)), text(w.Text), text(w.Holder), text(w.Statement)})
	}
	return t
}

// forecasts stand beside the truth, which is the end of the run.
func (p page) forecasts() Table {
	t := Table{ID: "forecasts", Title: "Forecast against truth",
		Help: "The end as it was foretold during the run, and how far that was from the end that came.",
		Columns: []Column{{Name: "at"}, {Name: "work done", Numbers: true}, {Name: "end foretold"}, {Name: "from"}, {Name: "to"},
			{Name: "off by", Numbers: true}, {Name: "in the range"}}}
	for _, f := range p.Forecasts {
		end := p.Verdict.Ended
		in := Cell{Text: "no", Mark: "warn"}
		if !end.Before(f.Low) && !end.After(f.High) {
			in = Cell{Text: "yes"}
		}
		t.Rows = append(t.Rows, []Cell{p.when(f.At), share(f.Share), p.when(f.End), p.when(f.Low), p.when(f.High), span(f.End.Sub(end)), in})
	}
	return t
}

func (p page) snapshots() Table {
	t := Table{ID: "snapshots", Title: "Snapshots", Columns: []Column{{Name: "of"}, {Name: "snapshot"}, {Name: "position"}, {Name: "opened"}, {Name: "lost"}, {Name: "why", Wide: true}}}
	for _, s := range p.Verdict.Snapshots {
		t.Rows = append(t.Rows, []Cell{text(s.Connection), text(s.ID), text(s.Position), p.when(s.Opened), p.when(s.Lost), text(s.Why)})
	}
	return t
}

func (p page) actions() Table {
	t := Table{ID: "actions", Title: "Actions", Columns: []Column{{Name: "at"}, {Name: "who"}, {Name: "what"}, {Name: "reason", Wide: true}, {Name: "effect", Wide: true}}}
	for _, a := range p.Actions {
		t.Rows = append(t.Rows, []Cell{p.when(a.At), text(a.Actor), text(a.Verb), text(a.Reason), text(a.Effect)})
	}
	return t
}

func (p page) events() Table {
	t := Table{ID: "events", Title: "Events", Columns: []Column{{Name: "no.", Numbers: true}, {Name: "at"}, {Name: "type"}, {Name: "text", Wide: true}}}
	for _, e := range p.Events {
		t.Rows = append(t.Rows, []Cell{number(e.Seq), p.when(e.At), text(e.Type), text(e.Text)})
	}
	return t
}

func seconds(s float64) time.Duration { return time.Duration(s * float64(time.Second)) }

package report

import (
	"fmt"
	"time"
)

// Owner is what one owner has to mend. Its Name is "" for what nobody owns.
type Owner struct {
	Name     string     `json:"owner"`
	Mail     string     `json:"mail,omitempty"`
	New      int64      `json:"new"`
	Reopened int64      `json:"reopened"`
	Still    int64      `json:"still"`
	Fixed    int64      `json:"fixed"`
	Accepted int64      `json:"accepted"`
	Issues   []OwnIssue `json:"issues,omitempty"` // open ones, then those that were fixed
}

// OwnIssue is one issue on its owner's page. Its value is as it was made safe.
type OwnIssue struct {
	Key    string    `json:"key"`
	Entity string    `json:"entity"`
	Field  string    `json:"field,omitempty"`
	Rule   string    `json:"rule"`
	Value  string    `json:"value,omitempty"`
	Text   string    `json:"what"`
	Fix    string    `json:"fix,omitempty"`
	State  string    `json:"state"` // new, reopened, still, fixed
	First  time.Time `json:"first"`
	Link   string    `json:"link,omitempty"`
}

// Expected is how many issues of a rule were expected and found.
type Expected struct {
	Rule     string `json:"rule"`
	Entity   string `json:"entity,omitempty"`
	Field    string `json:"field,omitempty"`
	Expected int64  `json:"expected"`
	Found    int64  `json:"found"`
	Note     string `json:"note,omitempty"`
}

// For is the part of the report that one owner is sent, and whether there is
// one.
func (r Report) For(owner string) (Report, bool) {
	if r.NotLoaded == nil {
		return r, false
	}
	for _, o := range r.NotLoaded.Owners {
		if o.Name == owner {
			part := Report{V: r.V, Zone: r.Zone, Verdict: r.Verdict, Owner: &owner}
			part.NotLoaded = &NotLoaded{Causes: []Cause{}, Issues: []Issues{}, Before: r.NotLoaded.Before, Owners: []Owner{o}}
			return part, true
		}
	}
	return r, false
}

// known sets what was expected beside what was found.
func (p page) known() Table {
	t := Table{ID: "known", Title: "Expected issues", Help: "Faults that were known before, beside how many there were.",
		Columns: []Column{{Name: "rule"}, {Name: "entity"}, {Name: "field"}, {Name: "expected", Numbers: true}, {Name: "found", Numbers: true},
			{Name: "difference", Numbers: true}, {Name: "note", Wide: true}}}
	for _, e := range p.notLoaded().Known {
		differs := Cell{Text: "none", Raw: "0"}
		if more := e.Found - e.Expected; more != 0 {
			differs = Cell{Text: fmt.Sprintf("%+d", more), Raw: fmt.Sprint(more), Mark: "warn"}
		}
		t.Rows = append(t.Rows, []Cell{text(e.Rule), name(e.Entity), text(e.Field), number(e.Expected), number(e.Found), differs, text(e.Note)})
	}
	return t
}

// owners counts the issues by owner.
func (p page) owners() Table {
	t := Table{ID: "owners", Title: "Issues by owner", Columns: []Column{{Name: "owner"}, {Name: "mail"}, {Name: "new", Numbers: true}, {Name: "reopened", Numbers: true},
		{Name: "still", Numbers: true}, {Name: "fixed", Numbers: true}, {Name: "accepted", Numbers: true}}}
	if before := p.notLoaded().Before; before != "" {
		t.Help = "Beside " + before + ". Fixed are issues of earlier runs whose records fulfil the rules now; accepted ones are in no other column."
	}
	for _, o := range p.notLoaded().Owners {
		t.Rows = append(t.Rows, []Cell{text(o.called()), text(o.Mail), bad(o.New), bad(o.Reopened), bad(o.Still), number(o.Fixed), number(o.Accepted)})
	}
	return t
}

func (o Owner) called() string {
	if o.Name == "" {
		return "nobody"
	}
	return o.Name
}

// own are the owners' lists.
func (p page) own() []Table {
	var all []Table
	for i, o := range p.notLoaded().Owners {
		t := Table{ID: fmt.Sprintf("owner-%d", i+1), Title: "To mend: " + o.called(), Folded: p.Owner == nil,
			Columns: []Column{{Name: "key"}, {Name: "entity"}, {Name: "field"}, {Name: "rule"}, {Name: "state"}, {Name: "what is wrong", Wide: true}, {Name: "value"},
				{Name: "what to do", Wide: true}, {Name: "first seen"}, {Name: "link", Wide: true}}}
		for _, i := range o.Issues {
			t.Rows = append(t.Rows, []Cell{text(i.Key), name(i.Entity), text(i.Field), text(i.Rule), text(i.State), text(i.Text), text(i.Value),
				text(i.Fix), p.when(i.First), text(i.Link)})
		}
		if open := o.New + o.Reopened + o.Still + o.Fixed; open > int64(len(o.Issues)) {
			t.Help = fmt.Sprintf("%d of %d; all open ones: godwit issues export %s --csv DIR", len(o.Issues), open, p.Verdict.Run)
		}
		all = append(all, t)
	}
	return all
}

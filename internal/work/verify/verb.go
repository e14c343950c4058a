package verify

import (
	"cmp"
	"slices"
	"strings"

	"godwit/internal/catalog"
	"godwit/internal/fault"
	"godwit/internal/unit"
)

// Verify is the spec of the verify verb.
type Verify struct {
	From    string   `flow:"from,required,name" help:"connection that holds what should be there"`
	To      string   `flow:"to,required,name" help:"connection that is proved against it"`
	Include []string `flow:"include,patterns" help:"tables to verify, as schema.table with * and ?; all when not given"`
	Exclude []string `flow:"exclude,patterns" help:"tables to leave out"`
	Workers int      `flow:"workers" min:"1" help:"tables at the same time; default from the machine's cores, 2 to 8"`
}

// Verb is the verify verb.
func Verb() unit.Verb {
	return unit.Verb{
		Name:  "verify",
		Help:  "Prove that two databases hold the same rows, sequences and definitions",
		Spec:  func() any { return &Verify{} },
		Check: func(spec any) []unit.Problem { return spec.(*Verify).check() },
		Needs: func(spec any) (unit.Needs, error) { return spec.(*Verify).needs() },
		Limits: func(spec any, cores int) map[string]int {
			if n := spec.(*Verify).Workers; n > 0 {
				return map[string]int{workers: n}
			}
			return map[string]int{workers: min(8, max(2, cores))}
		},
		Plan: func(step string, spec any, facts catalog.Facts) ([]unit.Unit, error) {
			return plan(step, spec.(*Verify), facts)
		},
		Kinds: map[string]unit.Kind{
			"table":  {Resting: true, Measured: true, Compares: true},
			"around": {Resting: true, Compares: true},
		},
	}
}

const workers = "workers"

func (v *Verify) check() []unit.Problem {
	if v.From == v.To && v.From != "" {
		return []unit.Problem{{Path: "to", Code: "verify.same-connection", Text: "from and to are the same connection, " + v.From}}
	}
	return nil
}

func (v *Verify) needs() (unit.Needs, error) {
	sel, err := catalog.ParseSelection(v.Include, v.Exclude)
	return unit.Needs{From: v.From, To: v.To, Select: sel, Definitions: true, Compare: true, Snapshot: true}, err
}

// Pair is one table on both sides; a side that lacks it is nil.
type Pair struct {
	Name   catalog.Name   `json:"name"`
	Left   *catalog.Chunk `json:"left,omitempty"` // the whole table
	Right  *catalog.Chunk `json:"right,omitempty"`
	Key    []string       `json:"key,omitempty"`
	Empty  bool           `json:"empty,omitempty"`  // a materialised view that neither side has filled
	View   bool           `json:"view,omitempty"`   // a materialised view
	Rests  bool           `json:"rests,omitempty"`  // one that reads others
	Made   bool           `json:"made,omitempty"`   // has generated columns, of which a copy has no sum
	Arrays bool           `json:"arrays,omitempty"` // their bits may differ where their values do not
	Reason string         `json:"reason,omitempty"` // why the sides differ before a row is read
}

// TableSpec is a unit of kind table: one large table or several small ones.
type TableSpec struct {
	From  string `json:"from"`
	To    string `json:"to"`
	Pairs []Pair `json:"pairs"`
}

// AroundSpec is a unit of kind around: sequences and definitions.
type AroundSpec struct {
	From          string         `json:"from"`
	To            string         `json:"to"`
	Sequences     []catalog.Name `json:"sequences,omitempty"`     // on both sides
	NoSequences   []catalog.Name `json:"noSequences,omitempty"`   // that the target lacks
	MoreSequences []catalog.Name `json:"moreSequences,omitempty"` // and has more
	Blobs         []uint32       `json:"blobs,omitempty"`         // large objects on both sides
	NoBlobs       []uint32       `json:"noBlobs,omitempty"`       // that the target lacks
	MoreBlobs     []uint32       `json:"moreBlobs,omitempty"`     // and has more
	Planned       *Planned       `json:"planned,omitempty"`

	// What is found when the unit runs.
	Definitions []Difference `json:"-"` // what is not the same
	Differing   int          `json:"-"` // objects of Definitions, all
	Compared    int          `json:"-"` // definitions
	Unread      string       `json:"-"` // why they could not be compared
}

// Planned is what the source held when the verification was planned.
type Planned struct {
	Snapshot string         `json:"snapshot"`
	Include  []string       `json:"include,omitempty"`
	Exclude  []string       `json:"exclude,omitempty"`
	Tables   []catalog.Name `json:"tables"`
}

const (
	smallTable = 1 << 20
	smallGroup = 16 << 20
	smallCount = 64
)

// plan makes one unit per large table, one per group of small ones, and one
// for what is around them.
func plan(step string, v *Verify, facts catalog.Facts) ([]unit.Unit, error) {
	if len(facts.Source.Tables)+len(facts.Target.Tables) == 0 && len(v.Include)+len(v.Exclude) > 0 {
		return nil, fault.New(fault.Config, "selection.empty", "the selection leaves nothing to verify").
			Hint("godwit inspect lists the tables; look at include and exclude")
	}
	if err := facts.Unreserved(v.From); err != nil {
		return nil, err
	}
	var units []unit.Unit
	add := func(u unit.Unit, object string, spec any) {
		u.ID = unit.ID(step, u.Kind, object, len(units)+1)
		u.Step, u.Uses, u.Spec, u.Class = step, []string{workers}, unit.Body(spec), "verify"
		units = append(units, u)
	}
	var group []Pair
	var weight int64
	flush := func() {
		if len(group) > 0 {
			add(unit.Unit{Kind: "table", Weight: weight + 8192}, "tables", TableSpec{v.From, v.To, group})
		}
		group, weight = nil, 0
	}
	for _, t := range pairs(facts) {
		if t.bytes >= smallTable {
			add(unit.Unit{Kind: "table", Entity: t.Name.String(), Weight: t.bytes}, t.Name.String(), TableSpec{v.From, v.To, []Pair{t.Pair}})
			continue
		}
		if len(group) == smallCount || weight+t.bytes > smallGroup {
			flush()
		}
		group, weight = append(group, t.Pair), weight+t.bytes
	}
	flush()
	add(unit.Unit{Kind: "around", Weight: 1}, "definitions", rest(v, facts))
	return units, nil
}

// rest is what is compared beside rows.
func rest(v *Verify, facts catalog.Facts) AroundSpec {
	a := AroundSpec{From: v.From, To: v.To}
	there := map[catalog.Name]bool{}
	for _, n := range facts.Target.Sequences {
		there[n] = true
	}
	for _, n := range facts.Source.Sequences {
		if !there[n] {
			a.NoSequences = append(a.NoSequences, n)
			continue
		}
		delete(there, n)
		a.Sequences = append(a.Sequences, n)
	}
	for _, n := range facts.Target.Sequences {
		if there[n] {
			a.MoreSequences = append(a.MoreSequences, n)
		}
	}
	a.Blobs, a.NoBlobs, a.MoreBlobs = split(facts.Source.Blobs, facts.Target.Blobs)
	a.Planned = &Planned{Snapshot: facts.Snapshot, Include: v.Include, Exclude: v.Exclude}
	for _, t := range facts.Source.Tables {
		a.Planned.Tables = append(a.Planned.Tables, t.Name)
	}
	return a
}

type sized struct {
	Pair
	bytes int64
}

// pairs matches the tables of both sides by name, largest first.
func pairs(facts catalog.Facts) []sized {
	right, there := map[catalog.Name]catalog.Table{}, map[catalog.Name]catalog.Table{}
	for _, t := range facts.Target.Tables {
		right[t.Name], there[t.Name] = t, t
	}
	var list []sized
	left := map[catalog.Name]catalog.Table{}
	for _, t := range facts.Source.Tables {
		left[t.Name] = t
	}
	for _, l := range facts.Source.Tables {
		r, ok := right[l.Name]
		delete(right, l.Name)
		if within(l, left, there) || !l.HasRows() && !(l.Kind == catalog.Partitioned && ok && r.HasRows()) {
			continue
		}
		var other *catalog.Table
		made := false
		if ok {
			other = &r
			l, made = compared(l, r)
		}
		format := catalog.Format(l, other, facts.Source, facts.Target)
		p := sized{Pair{Name: l.Name, Left: whole(l, l, format), Key: l.Key, Empty: l.Unfilled && !ok}, l.Bytes}
		p.Made, p.View, p.Rests = made, l.Kind == catalog.MatView, l.Rests
		p.Arrays = format == catalog.Binary && slices.ContainsFunc(l.Columns, func(c catalog.Column) bool { return strings.HasSuffix(c.Type, "[]") })
		if ok {
			p.Right = whole(r, l, format)
			if r.Kind == catalog.MatView {
				p.Right.FileNode = 0 // the copy fills it once more when rows are reconciled
			}
			p.Empty = l.Unfilled && r.Unfilled
			if l.Unfilled != r.Unfilled {
				p.Reason = "the materialised view is filled on one side only"
			}
		}
		list = append(list, p)
	}
	for _, t := range facts.Target.Tables { // in the target's order, those the source lacks
		if r, ok := right[t.Name]; ok && r.HasRows() && !within(r, there, left) {
			list = append(list, sized{Pair{Name: r.Name, Right: whole(r, r, catalog.Text), Key: r.Key, Empty: r.Unfilled}, r.Bytes})
		}
	}
	slices.SortStableFunc(list, func(a, b sized) int { return cmp.Compare(b.bytes, a.bytes) })
	return list
}

// within reports whether a table is a partition, known on its own side only,
// of a root that is a plain table on the other: its rows are read with the
// root's.
func within(t catalog.Table, own, other map[catalog.Name]catalog.Table) bool {
	if _, ok := other[t.Name]; ok {
		return false
	}
	for t.Parent != nil {
		root, ok := own[*t.Parent]
		if !ok {
			return false
		}
		if o, ok := other[root.Name]; ok {
			return o.Kind == catalog.Plain
		}
		t = root
	}
	return false
}

// compared is a table with the columns that are compared: generated ones too,
// where both sides have them; made tells whether there are any.
func compared(l, r catalog.Table) (t catalog.Table, made bool) {
	l.Columns = slices.Clone(l.Columns)
	for i, c := range l.Columns {
		if c.Generated && slices.ContainsFunc(r.Columns, func(o catalog.Column) bool { return o.Name == c.Name }) {
			l.Columns[i].Generated, made = false, true
		}
	}
	return l, made
}

// whole is a table read by the columns of the source, which name the order.
func whole(t, columns catalog.Table, format string) *catalog.Chunk {
	return &catalog.Chunk{
		Table: t.Name, Into: t.Name, Columns: columns.Copied(), Format: format, Number: 1,
		FileNode: t.FileNode, Shape: catalog.Shape(t.Columns), Bytes: t.Bytes, Unlogged: t.Unlogged,
	}
}

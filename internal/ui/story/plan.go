package story

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"godwit/internal/catalog"
	"godwit/internal/control/flow"
	"godwit/internal/control/run"
	"godwit/internal/ui/view"
)

// Plan puts a plan into what is shown, all but how to run it.
func Plan(p *run.Plan) view.Plan {
	v := view.Plan{Hash: p.Hash}
	for _, t := range p.Outlived {
		v.Outlived = append(v.Outlived, fmt.Sprintf("%s of %s at %s are in force that step %s told; the flow has no such step any more: one of that id takes them over",
			view.Count(t.Aliases), t.Entity, t.At, t.Step))
	}
	for _, l := range p.Lost {
		v.Destroys.Lost = append(v.Destroys.Lost, view.Loss{Step: l.Step, On: l.At, What: l.What})
	}
	for _, st := range p.Steps {
		row := view.PlanStep{Step: st.Step.ID + " " + st.Needs.From + " -> " + st.Needs.To, Units: int64(len(st.Units)) + 1}
		if one, ok := around(row, st); ok {
			v.Steps = append(v.Steps, one)
			continue
		}
		if st.Facts.Records != nil {
			row = loaded(row, st)
			v.Steps = append(v.Steps, row)
			loses(&v.Destroys, st)
			continue
		}
		row.Makes = makes(st)
		for _, t := range st.Facts.Source.Tables {
			row.Bytes += t.Bytes
		}
		v.Steps = append(v.Steps, row)
		theirs := map[string]bool{}
		for _, t := range st.Facts.Source.Tables {
			theirs[t.Name.String()] = true
		}
		for _, t := range st.Destroyed() {
			v.Destroys.On, v.Destroys.How = st.Needs.To, "are dropped and made again (existing: replace)"
			if st.Needs.Existing == "truncate" {
				v.Destroys.How = "are emptied (existing: truncate)"
			}
			v.Destroys.Rows += max(0, t.Rows)
			one := view.Named{Name: t.Name.String(), N: t.Rows}
			v.Destroys.Tables = append(v.Destroys.Tables, one)
			if !theirs[one.Name] {
				v.Destroys.Gone = append(v.Destroys.Gone, one)
			}
		}
		if objects := st.DestroyedBlobs(); len(objects) > 0 {
			v.Destroys.On, v.Destroys.How = st.Needs.To, "are dropped and made again (existing: replace)"
			v.Destroys.Blobs = objects
		}
		if st.Needs.Existing == "append" || st.Needs.Existing == "truncate" {
			v.Retyped = append(v.Retyped, st.Facts.Retyped()...)
		}
		for _, o := range st.Facts.Source.Omitted {
			if text := o.What + ": " + o.Why; st.Needs.Existing != "" {
				v.Omitted = append(v.Omitted, text)
			}
		}
		if n := len(st.Facts.Source.LeftOut); n > 0 && v.LeftOut.Tables == 0 {
			v.LeftOut = view.LeftOut{What: first(st), Tables: int64(n), Why: "not selected"}
		}
	}
	return v
}

// loses adds the tables that records are written to and that lose rows by it.
func loses(d *view.Destroys, st run.PlannedStep) {
	r := st.Needs.Records
	if r == nil || !r.Replaces && !r.Removes || st.Facts.Target == nil {
		return
	}
	for _, t := range st.Facts.Target.Tables {
		if !slices.Contains(r.Tables, t.Name) {
			continue
		}
		if !r.Replaces {
			t.Rows = -1 // which ones go is not known before all is read
		}
		d.Some = !r.Replaces && (d.Some || len(d.Tables) == 0)
		d.On, d.How = st.Needs.To, "are replaced by what is read (mode: replace)"
		if !r.Replaces {
			d.How = "lose rows whose key is not read (gone: delete)"
		}
		d.Rows += max(0, t.Rows)
		d.Tables = append(d.Tables, view.Named{Name: t.Name.String(), N: t.Rows})
	}
}

// around is a step of which nothing, or nothing but its place, is known before
// it begins.
func around(row view.PlanStep, st run.PlannedStep) (view.PlanStep, bool) {
	of := each(st.Step)
	for _, n := range st.Notes {
		row.Notes = append(row.Notes, view.StepNote{Label: st.Step.ID + " " + n.Label, Text: n.Text})
	}
	switch {
	case st.Waits != nil:
		does, _, _ := strings.Cut(st.Waits.Text, " ") // waits, or asks
		row.Step, row.Units, row.Makes = st.Step.ID, 0, of+does
		if st.Waits.Every > 0 {
			row.Units = 1
		}
		row.Notes = append(row.Notes, view.StepNote{Label: st.Step.ID, Text: waits(*st.Waits)})
	case st.Later != "":
		row.Step, row.Units, row.Makes = st.Step.ID, 1, of+st.Later
		if st.Needs.To != "" {
			row.Step += " " + st.Needs.From + " -> " + st.Needs.To
		}
	case st.Step.Steps != nil:
		row.Step, row.Makes = st.Step.ID+" "+st.Needs.To, of+"settings, changed while its steps run"
	case st.Needs.Requests:
		row.Step, row.Makes = st.Step.ID+" "+st.Needs.To, of+"a request"
	case st.Needs.Statement:
		row.Step, row.Makes = st.Step.ID+" "+st.Needs.To, of+"a statement"
	default:
		return row, false
	}
	return row, true
}

// each says how often a step is done: its items are known when it begins.
func each(s flow.Step) string {
	switch e := s.Each; {
	case e == nil:
		return ""
	case e.File != "":
		return fmt.Sprintf("for each item of file %s (%d): ", e.File, len(e.Rows))
	case e.Query != "":
		return "for each row of a query at " + e.At + ": "
	default:
		return "for each of " + e.Items + ": "
	}
}

func first(st run.PlannedStep) string {
	n := st.Facts.Source.LeftOut
	if len(n) == 1 {
		return n[0].String()
	}
	return n[0].String() + " and others"
}

// makes says what a step brings.
func makes(st run.PlannedStep) string {
	if st.Needs.Existing == "" {
		return view.Plural(len(st.Facts.Source.Tables), "table")
	}
	count := map[string]int{}
	for _, d := range st.Facts.Definitions {
		switch d.Kind {
		case "INDEX":
			count["index"]++
		case "CONSTRAINT", "FK CONSTRAINT":
			count["key"]++
		}
	}
	return fmt.Sprintf("%s, %s, %s, %s", view.Plural(len(st.Facts.Source.Schemas), "schema"),
		view.Plural(len(st.Facts.Source.Tables), "table"), view.Plural(count["index"], "index"), view.Plural(count["key"], "key"))
}

// loaded is a step that reads records: the fields of one, and where they go.
func loaded(row view.PlanStep, st run.PlannedStep) view.PlanStep {
	l := Load(st.Step.ID, st.Facts)
	for _, n := range st.Notes {
		l.Notes = append(l.Notes, view.StepNote(n))
	}
	row.Load, row.Makes = &l, l.Reads()+" "+l.Goal()
	if t, ok := tableRead(st.Facts); ok {
		row.Bytes = t.Bytes
	}
	for _, u := range st.Units {
		var since struct{ Why string }
		if u.Kind == "watermark" && json.Unmarshal(u.Spec, &since) == nil {
			l.Since = since.Why
			row.Makes += ", " + since.Why
		}
	}
	return row
}

// Load is what a step that reads records was planned from.
func Load(step string, facts catalog.Facts) view.Load {
	r := facts.Records
	l := view.Load{Step: step, Records: r.Rows, Parts: int64(len(r.Ranges)), Key: r.Key, Proves: r.Proves}
	if r.Schema != nil {
		l.Fields = int64(len(r.Schema.Fields))
	}
	if t, ok := tableRead(facts); ok && l.Records < 0 && r.Ranges[0].Where == "" {
		l.Records = t.Rows
	}
	for _, t := range r.Tables {
		l.Writes = append(l.Writes, t.Name.String())
	}
	return l
}

// tableRead is the table that the records are read from, if it is one.
func tableRead(facts catalog.Facts) (catalog.Table, bool) {
	if r := facts.Records; facts.Source != nil && len(r.Ranges) > 0 && r.Ranges[0].Table != (catalog.Name{}) {
		for _, t := range facts.Source.Tables {
			if t.Name == r.Ranges[0].Table {
				return t, true
			}
		}
	}
	return catalog.Table{}, false
}

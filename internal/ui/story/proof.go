package story

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"godwit/internal/control/run/chronicle"
	"godwit/internal/ui/report"
	"godwit/internal/ui/view"
	"godwit/internal/unit"
)

// listedRows is how many rows of a table are listed at the end of a run; the
// report has more.
const listedRows = 10

// Proof is what a run's verification found; false when all is equal.
func Proof(st *chronicle.Story, sum view.Summary) (view.Verification, bool) {
	v := view.Verification{Exit: sum.Exit, Took: verifying(st), Copied: len(st.Steps) > 0}
	type table struct{ unit, entity string } // two steps may compare the same one
	rows := map[table][]chronicle.Difference{}
	for _, d := range st.Differences {
		switch {
		case report.Around(d.What):
			v.Around = append(v.Around, view.Compared{Table: d.Entity, Result: view.Differs, Text: in(d.Column) + d.Text})
		case d.What != "table": // that is the whole of it
			of := table{d.Unit, d.Entity}
			rows[of] = append(rows[of], d)
		}
	}
	for _, p := range st.Proofs {
		switch {
		case p.Result == "equal" && !p.Around():
			v.Equal++
		case p.Result == "equal", p.Result == "left_alone":
		case p.Result == "differs" && p.Around():
		case p.Result == "differs":
			v.Tables = append(v.Tables, differing(p, rows[table{p.Unit, p.Entity}]))
		case p.Around():
			v.Around = append(v.Around, view.Compared{Table: p.Entity, Result: view.NotVerified, Text: p.Why})
		default:
			v.Tables = append(v.Tables, view.Compared{Table: p.Entity, Result: view.NotVerified, Text: p.Why})
		}
	}
	return v, len(v.Tables)+len(v.Around) > 0
}

// verifying is how long a run compared.
func verifying(st *chronicle.Story) time.Duration {
	for _, s := range st.Spans {
		if strings.HasSuffix(s.Name, " verify") || strings.HasSuffix(s.Name, " compare") {
			return s.End.Sub(s.Start)
		}
	}
	return 0
}

func in(column string) string {
	if column == "" {
		return ""
	}
	return "column " + column + ", "
}

// differing is one table with its rows by key.
func differing(p chronicle.Proof, all []chronicle.Difference) view.Compared {
	t := view.Compared{Table: p.Entity, Result: view.Differs, Text: p.Why}
	if p.Why != "" {
		return t
	}
	t.Text = counted(p) + ", " + view.Plural(p.Count, "row") + " " + view.Either(p.Count, "differs", "differ")
	slices.SortStableFunc(all, func(a, b chronicle.Difference) int {
		x, y := strings.Join(a.Key, ", "), strings.Join(b.Key, ", ")
		return cmp.Or(cmp.Compare(len(x), len(y)), strings.Compare(x, y)) // 9 before 10
	})
	if len(all) > 0 && len(all[0].Key) == 0 { // rows without a key are told in words
		var texts []string
		for _, d := range all[:min(len(all), listedRows)] {
			texts = append(texts, d.Text)
		}
		t.Why = strings.Join(texts, "; ")
		return t
	}
	for _, d := range all {
		key := strings.Join(d.Key, ", ")
		if n := len(t.Rows); d.Column != "" && n > 0 && t.Rows[n-1].Key == key {
			t.Rows[n-1].Values = append(t.Rows[n-1].Values, view.Values{Column: d.Column, Left: d.Left, Right: d.Right})
			continue
		}
		if len(t.Rows) == listedRows {
			break
		}
		row := view.Difference{Key: key}
		if d.Column != "" {
			row.Values = []view.Values{{Column: d.Column, Left: d.Left, Right: d.Right}}
		} else {
			row.Text = d.Text
		}
		t.Rows = append(t.Rows, row)
	}
	t.More = int64(max(0, p.Count-len(t.Rows)))
	return t
}

func counted(p chronicle.Proof) string {
	if p.Others == p.Rows {
		return view.Plural(p.Rows, "row") + " on both sides"
	}
	return view.Plural(p.Rows, "row") + " against " + view.Count(p.Others)
}

// Verified adds up the proofs of tables; nil when nothing was verified.
func Verified(st *chronicle.Story) *view.Verified {
	if !st.Proved() {
		return nil
	}
	v := &view.Verified{}
	copied := map[string]bool{}
	for _, a := range st.Totals {
		copied[a.Entity] = true
	}
	spoken := map[string]bool{} // entities of records whose proof was met
	for _, p := range st.Proofs {
		if p.Around() {
			continue
		}
		switch {
		case p.Again():
			v.Beside += p.Missing // no account has them
			if a := p.Aside; a == nil || !copied[p.Of] || spoken[p.Of] {
				v.Beside += p.Rows - p.Missing
			} else {
				spoken[p.Of] = true
			}
			if a := p.Aside; a != nil {
				v.Rejected, v.NotRead = v.Rejected+a.Rejected, v.NotRead+a.Left
			}
		case len(copied) > 0 && !copied[p.Entity] && (p.Result == "equal" || p.Result == "differs"):
			v.Made += p.Rows
		}
		switch p.Result {
		case "equal":
			v.Rows, v.Equal = v.Rows+p.Rows, v.Equal+p.Rows
		case "differs":
			differ := int64(p.Count - p.Parts)
			v.Rows, v.Equal = v.Rows+p.Rows, v.Equal+p.Same
			v.Differ += max(1, differ)
			v.Dark += max(0, p.Rows-p.Same-(differ-int64(p.Extra)))
		case "left_alone": // said in a note
		default:
			v.Tables++
		}
	}
	return v
}

// Notes are the counted lines below a summary's accounts.
func Notes(st *chronicle.Story) []view.Note {
	list := append(settings(st), changed(st)...)
	alone, stale := 0, 0
	for _, p := range st.Proofs {
		switch {
		case p.Result == "equal" && strings.HasPrefix(p.Why, "stale at the source"):
			stale++
		case p.Result == "left_alone" && p.Around():
			list = append(list, view.Note{Label: "alone", N: int64(p.Count), Text: "left as at the target, neither copied nor verified: " + p.Why})
		case p.Result == "left_alone":
			alone++
		}
	}
	for _, p := range st.Proofs {
		if text := view.Aside(p.Aside); text != "" {
			list = append(list, view.Note{Label: "aside", N: max(0, p.Aside.Read-p.Rows), Text: p.Of + ": " + text})
		}
		if p.Aside != nil && p.Aside.Repaired > 0 {
			list = append(list, view.Note{Label: "repair", N: p.Aside.Repaired, Text: p.Of + ": nothing was sent; the next run of " +
				plural(int(p.Aside.Repaired), "its load sends it", "their load sends them") + " again"})
		}
	}
	if stale > 0 {
		list = append(list, view.Note{Label: "stale", N: int64(stale), Text: plural(stale, "materialised view is", "materialised views are") +
			" stale at the source: the target's hold what their queries give"})
	}
	for _, o := range st.Omitted {
		list = append(list, view.Note{Label: "left out", Text: o.What + ": " + o.Why})
	}
	if alone > 0 {
		list = append(list, view.Note{Label: "alone", N: int64(alone), Text: "tables at the target were left as they were: neither copied nor verified"})
	}
	for _, e := range st.Events {
		if m, err := unit.Decode[unit.Moved](e); e.Kind == unit.WatermarkMoved && err == nil {
			list = append(list, view.Note{Label: "since", Text: "the next run reads " + m.Next})
		}
	}
	if n := len(st.Passed); n > 0 {
		list = append(list, view.Note{Label: "skipped", N: int64(n), Text: plural(n, "step", "steps") + ", the condition was false: " + view.Few(st.Passed)})
	}
	if n, ok := waitedNote(st); ok {
		list = append(list, n)
	}
	back := 0
	for _, a := range st.Again {
		if a.What == unit.TakenBack {
			back++
		}
	}
	if n := len(st.Again) - back; n > 0 {
		list = append(list, view.Note{Label: "again", N: int64(n), Text: "units done more than once: see the report"})
	}
	if back > 0 {
		list = append(list, view.Note{Label: "undone", N: int64(back), Text: plural(back, "step was", "steps were") + " taken back, since the list failed or was cancelled"})
	}
	if st.Lost >= time.Second {
		list = append(list, view.Note{Label: "lost", Text: view.Span(st.Lost) + " in which units waited for their next try" + lastWhy(st)})
	}
	list = append(list, held(st)...)
	for _, p := range st.Proofs {
		if p.Around() && p.Result == "differs" {
			list = append(list, view.Note{Label: "differ", N: int64(p.Count), Text: p.Entity})
		}
	}
	return list
}

// held are the notes about requests that waited.
func held(st *chronicle.Story) (list []view.Note) {
	for _, h := range st.Held {
		limit, other := seconds(h.Limit), seconds(h.Other)
		if limit >= time.Second {
			list = append(list, view.Note{Label: "limit", Text: view.Span(limit) + " in which requests to " + h.Connection + " waited for its limit"})
		}
		if other >= time.Second {
			list = append(list, view.Note{Label: "lost", Text: view.Span(other) + " in which requests to " + h.Connection + " waited since it refused some, or did not answer"})
		}
	}
	return list
}

func seconds(s float64) time.Duration { return time.Duration(s * float64(time.Second)) }

// lastWhy is what units were tried again after, the last time.
func lastWhy(st *chronicle.Story) string {
	for _, a := range slices.Backward(st.Again) {
		if a.What == "retry" && a.Why != "" {
			return ", last after: " + a.Why
		}
	}
	return ""
}

func plural(n int, one, more string) string {
	if n == 1 {
		return one
	}
	return more
}

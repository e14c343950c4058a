package outcome

import (
	"fmt"
	"strings"

	"godwit/internal/control/run"
	"godwit/internal/fault"
	"godwit/internal/ui/report"
	"godwit/internal/ui/view"
)

// why is the outcome's reason in one sentence; each failure is told below.
func why(failed []fault.Fault, found report.Tally) string {
	var texts []string
	codes := map[string]int{}
	for _, f := range failed {
		code := f.Code
		if Compared(f) {
			code = "" // all of a verification is one reason
		}
		if codes[code]++; codes[code] == 1 {
			texts = append(texts, code)
		}
	}
	for i, code := range texts {
		switch n := codes[code]; {
		case code == "":
			texts[i] = found.Why()
		case n > 1:
			texts[i] = fmt.Sprintf("%s %d times", code, n)
		}
	}
	return strings.Join(texts, ", ")
}

// Compared are the faults of a verification, which the proof tells in full.
func Compared(f fault.Fault) bool {
	return f.Code == "verify.differs" || f.Code == "verify.unreadable"
}

// Verified adds up the proofs of tables; nil when nothing was verified.
func Verified(st *run.Story) *view.Verified {
	if !st.Proved() {
		return nil
	}
	v := &view.Verified{}
	copied := map[string]bool{}
	for _, a := range st.Totals {
		copied[a.Entity] = true
	}
	for _, p := range st.Proofs {
		if p.Around() {
			continue
		}
		if len(copied) > 0 && !copied[p.Entity] && (p.Result == "equal" || p.Result == "differs") {
			v.Made += p.Rows
		}
		switch p.Result {
		case "equal":
			v.Rows, v.Equal = v.Rows+p.Rows, v.Equal+p.Rows
		case "differs":
			v.Rows += p.Rows
			v.Differ += max(1, int64(p.Count))
			v.Equal += max(0, p.Rows-int64(p.Count-p.Extra))
		case "left_alone": // said in a note
		default:
			v.Tables++
		}
	}
	return v
}

// Notes are the counted lines below a summary's accounts.
func Notes(st *run.Story) []view.Note {
	var list []view.Note
	alone := 0
	for _, p := range st.Proofs {
		if p.Result == "left_alone" {
			alone++
		}
	}
	if alone > 0 {
		list = append(list, view.Note{Label: "alone", N: int64(alone), Text: "tables at the target were left as they were: neither copied nor verified"})
	}
	if n := len(st.Again); n > 0 {
		list = append(list, view.Note{Label: "again", N: int64(n), Text: "units done more than once: see the report"})
	}
	for _, p := range st.Proofs {
		if p.Around() && p.Result == "differs" {
			list = append(list, view.Note{Label: "differ", N: int64(p.Count), Text: p.Entity})
		}
	}
	return list
}

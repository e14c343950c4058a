package story

import (
	"fmt"
	"strings"

	"godwit/internal/fault"
	"godwit/internal/ui/report"
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

// Package codes explains the stable codes of errors: what happened, and what comes
// next. Start at Text.
package codes

import (
	_ "embed"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// page has one section per code: "## code", then text.
//
//go:embed codes.md
var page string

// sections are those of the page by code.
func sections() map[string]string {
	all := map[string]string{}
	for _, section := range strings.Split(page, "\n## ")[1:] {
		code, text, _ := strings.Cut(section, "\n")
		all[strings.TrimSpace(code)] = strings.TrimSpace(text)
	}
	return all
}

// All are the codes that have a section, in order.
func All() []string { return slices.Sorted(maps.Keys(sections())) }

// Text explains a code. Those of rules, issue.NAME, are explained whatever the rule.
func Text(code string) (text string, known bool) {
	text, known = sections()[code]
	if rule, of := strings.CutPrefix(code, "issue."); of && !known {
		return fmt.Sprintf(brokenRule, rule), true
	}
	return text, known
}

// Mend is what a code's section says to do about a record that was not loaded.
func Mend(code string) string {
	_, next, _ := strings.Cut(sections()[code], "Next: ")
	next, _, _ = strings.Cut(next, "\n")
	next = strings.ReplaceAll(next, "godwit resume RUN", "godwit redrive RUN")
	return strings.ReplaceAll(strings.TrimSuffix(next, "."), "`", "")
}

// brokenRule explains a code that is made of a rule's name.
const brokenRule = `A record breaks rule %s: of the map (a rule of its own, or required, type, min, max,
match, in, lookup, convert of a field) or of the target's table (NOT NULL, a length, a CHECK, an enum).
It was not tried at the target.

Next: ` + "`godwit dead list RUN --rule %[1]s`" + ` names records, fields and values; mend the map, the lookup or the
source, then ` + "`godwit redrive RUN --rule %[1]s`" + `.`

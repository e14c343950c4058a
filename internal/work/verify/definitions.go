package verify

import (
	"regexp"
	"slices"
	"strings"

	"godwit/internal/catalog"
)

// compare finds the definitions that only one side has. Both sides' texts come
// from the same writer, so that an equal object has an equal text.
func compare(facts catalog.Facts) (missing, extra []catalog.Definition) {
	type object struct {
		kind string
		name catalog.Name
		sql  string
	}
	key := func(d catalog.Definition) object { return object{d.Kind, d.Name, canonical(d)} }
	left, right := map[object]int{}, map[object]int{}
	for _, d := range facts.Definitions {
		left[key(d)]++
	}
	for _, d := range facts.TargetDefinitions {
		right[key(d)]++
	}
	for _, d := range facts.Definitions {
		if k := key(d); right[k] > 0 {
			right[k]--
		} else {
			missing = append(missing, brief(d))
		}
	}
	for _, d := range facts.TargetDefinitions {
		if k := key(d); left[k] > 0 {
			left[k]--
		} else {
			extra = append(extra, brief(d))
		}
	}
	return missing, extra
}

// brief keeps what a difference is told by.
func brief(d catalog.Definition) catalog.Definition {
	return catalog.Definition{Kind: d.Kind, Name: d.Name, SQL: d.SQL}
}

// alias is what a server adds when it writes out a function's body that it has
// once read: the name that a bare literal has anyway.
var alias = regexp.MustCompile(`('(?:[^']|'')*'::([a-z_]+)) AS ([a-z_]+)\b`)

// canonical is a definition's text without what makes no difference: the order
// of a table's columns, which a child that was attached later has from its
// parent after it was copied, and everything in it is named; and the alias
// above.
func canonical(d catalog.Definition) string {
	switch d.Kind {
	case "TABLE":
		lines := strings.Split(d.SQL, "\n")
		for i, l := range lines {
			lines[i] = strings.TrimSuffix(strings.TrimSpace(l), ",")
		}
		slices.Sort(lines)
		return strings.Join(lines, "\n")
	case "FUNCTION", "PROCEDURE", "VIEW", "MATERIALIZED VIEW":
		return alias.ReplaceAllStringFunc(d.SQL, func(s string) string {
			m := alias.FindStringSubmatch(s)
			if m[2] != m[3] {
				return s
			}
			return m[1]
		})
	}
	return d.SQL
}

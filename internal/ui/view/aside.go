package view

import (
	"strings"

	"godwit/internal/unit"
)

// Aside says which records no row stands for in a proof, empty when all were
// compared.
func Aside(a *unit.Aside) string {
	if a == nil {
		return ""
	}
	var parts []string
	add := func(n int64, what string) {
		if n > 0 {
			parts = append(parts, Count(n)+" "+what)
		}
	}
	add(a.Filtered, "filtered")
	add(a.Rejected, "rejected by the map")
	add(a.Superseded, "superseded by another record with the same key")
	add(a.Left, "outside of the sample")
	text := strings.Join(parts, ", ")
	if text != "" {
		text = "of " + Plural(a.Read, "record") + " not compared: " + text
	}
	if a.Sample > 0 {
		text = joinedBy(text, "; ", "rows without a record were not looked for")
	}
	return text
}

func joinedBy(a, by, b string) string {
	if a == "" {
		return b
	}
	return a + by + b
}

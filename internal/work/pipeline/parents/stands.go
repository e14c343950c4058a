package parents

import (
	"fmt"

	"godwit/internal/catalog"
)

// Ends are the two sides of a load, by their connections.
type Ends struct {
	From     string `json:"from"`
	To       string `json:"to"`
	Database string `json:"database,omitempty"` // what the target calls itself: what is known of parents is known there
}

// Between is the two sides as they were looked at.
func Between(from, to string, facts catalog.Facts) Ends { return Ends{from, to, Database(facts)} }

// Database is the target's own word for itself, "" when it has none.
func Database(facts catalog.Facts) string {
	if facts.Target == nil {
		return ""
	}
	return facts.Target.ID
}

// Made tells a table of the target from one of the same name before it, and from
// itself before it was emptied: what the target called it when it was planned, and its
// name. What it is when it is written to, Stand notes.
func Made(facts catalog.Facts, name catalog.Name) string {
	if facts.Target == nil {
		return ""
	}
	for _, t := range facts.Target.Tables {
		if t.Name == name {
			return fmt.Sprintf("%d/%d %s", t.OID, t.FileNode, name)
		}
	}
	return fmt.Sprintf("0/0 %s", name) // it was not looked at
}

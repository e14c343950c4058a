package view

import (
	"strings"

	"godwit/internal/ui/layout"
)

// Side is one of the systems. Tables is 0 for a target that is not copied from.
type Side struct {
	Name     string // of the connection: old
	System   string // postgres
	Version  string
	Database string
	Tables   int64
	Schemas  int64
	Bytes    int64
}

func (s Side) String() string {
	text := s.Name + "  " + strings.TrimSpace(s.System+" "+s.Version) + "  " + s.Database
	if s.Tables > 0 {
		text += "  " + Plural(s.Tables, "table") + " in " + Plural(s.Schemas, "schema") + ", " + Size(s.Bytes)
	}
	return text
}

// Heads puts sides beside each other, or below when they are too long.
func Heads(sides []Side, edge int) []string {
	var lines []string
	for _, s := range sides {
		if n := len(lines); n > 0 && layout.Width(lines[n-1])+8+layout.Width(s.String()) <= edge {
			lines[n-1] += "        " + s.String()
			continue
		}
		lines = append(lines, s.String())
	}
	return lines
}

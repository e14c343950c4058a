package examination

import (
	"fmt"
	"slices"
	"strings"

	"godwit/internal/control/run"
)

// Fixes are the statements as a file to be run: those of each connection
// between two lines that name it, so that each part can be cut out for psql.
func Fixes(found *run.Diagnosis) string {
	var b strings.Builder
	last := ""
	end := func() {
		if last != "" {
			fmt.Fprintf(&b, "-- end of the fixes on %s\n", last)
		}
	}
	list := slices.Clone(found.Findings)
	slices.SortStableFunc(list, func(x, y run.Finding) int { return strings.Compare(x.Connection, y.Connection) })
	for _, f := range list {
		if len(f.Fixes) == 0 {
			continue
		}
		if f.Connection != last {
			end()
			last = f.Connection
			fmt.Fprintf(&b, "-- fixes on %s (%s): sed -n '/^-- fixes on %s /,/^-- end of the fixes on %s$/p' fixes.sql | psql URL\n",
				last, database(found.Sides, last), last, last)
		}
		fmt.Fprintf(&b, "-- %s\n%s\n", f.Text, strings.Join(fixed(f.Fixes), "\n"))
	}
	end()
	return b.String()
}

// database says which one a connection is to.
func database(sides []run.Side, name string) string {
	for _, s := range sides {
		if s.Name == name && s.Database != nil {
			return "database " + s.Database.Name
		}
	}
	return "not reached"
}

// fixed are statements as psql wants them.
func fixed(fixes []string) []string {
	list := make([]string, len(fixes))
	for i, f := range fixes {
		list[i] = strings.TrimSuffix(strings.TrimSpace(f), ";") + ";"
	}
	return list
}

// Package relations knows of tables and views what statements about their rows
// rest on and a snapshot does not hold still: definitions, whether a crash
// empties them, by which operators a role finds them. It reads catalogues in
// sessions that are handed in. Start at Unchanged.
package relations

import "godwit/internal/catalog"

// quoted are names as the server resolves them.
func quoted(tables []catalog.Name) []string {
	names := make([]string, len(tables))
	for i, t := range tables {
		names[i] = t.SQL()
	}
	return names
}

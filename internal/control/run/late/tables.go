package late

import (
	"bytes"
	"encoding/json"

	"godwit/internal/catalog"
	"godwit/internal/connector"
	"godwit/internal/control/flow"
	"godwit/internal/unit"
)

// Table is a table of a target.
type Table struct {
	Target string // its settings
	Name   catalog.Name
}

// Tables are those that rows are brought into, and whether a copy brings them,
// or a load that replaces.
type Tables map[Table]bool

// Add adds the tables that a unit of this spec brings rows into.
func (tables Tables) Add(b *flow.Bound, raw json.RawMessage) {
	var spec struct {
		To     string
		Chunks []catalog.Chunk // of a copy
		Into   []catalog.Into  // of a load
		Mode   string
		Keys   []string // that are noted: other rows go
	}
	if json.Unmarshal(raw, &spec) != nil {
		return
	}
	target := string(bytes.TrimSpace(unit.Body(b.Connections[spec.To])))
	for _, c := range spec.Chunks {
		tables[Table{target, c.Into}] = true
	}
	for _, into := range spec.Into {
		at := Table{target, into.Table}
		tables[at] = tables[at] || spec.Mode == connector.ModeReplace || spec.Keys != nil // false when it was not there
	}
}

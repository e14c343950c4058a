package chronicle

import (
	"encoding/json"

	"godwit/internal/catalog"
	"godwit/internal/control/doctor"
	"godwit/internal/ledger"
	"godwit/internal/unit"
)

// Found is what an inspect unit leaves behind for the report.
type Found struct {
	Schemas int    `json:"schemas"`
	Tables  int    `json:"tables"`
	Bytes   int64  `json:"bytes"`
	Units   int    `json:"units"`
	LeftOut int    `json:"leftOut,omitempty"`
	Sides   []Side `json:"sides"`
	// Omitted is what the source has and the selection leaves out.
	Omitted []catalog.Omission `json:"omitted,omitempty"`
	// AloneBlobs are large objects of both sides that a copy leaves alone.
	AloneBlobs []uint32 `json:"aloneBlobs,omitempty"`
	Copies     bool     `json:"copies,omitempty"` // the step is a copy
	Writes     string   `json:"writes,omitempty"` // connection that the step writes to
	// Snapshots are the names of those that the step reads its connections at.
	Snapshots map[string]string `json:"snapshots,omitempty"`
	// Pinned are the IDs of those of them that steps around hold their insides to.
	Pinned map[string]string `json:"points,omitempty"`
	// Alone are objects at the target that a copy leaves as they are; Skipped of
	// them are tables that the source has too.
	Alone   []catalog.Name `json:"alone,omitempty"`
	Skipped int            `json:"skipped,omitempty"`
	// Held are tables that rows are added to, with rows of their own before.
	Held []doctor.Held `json:"held,omitempty"`
}

// Side is a connection as it was found.
type Side struct {
	Name     string `json:"name"`
	System   string `json:"system"`
	Version  string `json:"version"`
	Database string `json:"database"`
}

// Looked is a connection as a look at it found it.
func Looked(name string, db *catalog.Database) Side {
	return Side{name, db.System, db.Version, db.Name}
}

// Ended decodes how a unit ended last; zero when it has not.
func Ended(u ledger.Unit) unit.Ended {
	var e unit.Ended
	if len(u.Result) > 0 {
		_ = json.Unmarshal(u.Result, &e) // written by the journal itself
	}
	return e
}

// Facts reads what a unit left behind, when it has left any.
func Facts[T any](u ledger.Unit) (T, bool) {
	var v T
	raw := Ended(u).Facts
	is := len(raw) > 0 && json.Unmarshal(raw, &v) == nil
	return v, is
}

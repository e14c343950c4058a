package catalog

import "strconv"

// Kind is a family of values that all systems know.
type Kind string

// The kinds. Other is what only one system has (an enum, a range, a point): it
// passes as its text.
const (
	KindBool      Kind = "bool"
	KindInt       Kind = "int"     // Length: bytes, 2, 4 or 8
	KindDecimal   Kind = "decimal" // Precision and Scale; 0 and 0 is any
	KindFloat     Kind = "float"   // Length: 4 or 8
	KindText      Kind = "text"    // Length: characters, 0 is any
	KindBytes     Kind = "bytes"
	KindDate      Kind = "date"
	KindTime      Kind = "time"
	KindTimestamp Kind = "timestamp" // Zone: it is a moment, not a reading of a clock
	KindUUID      Kind = "uuid"
	KindJSON      Kind = "json"
	KindList      Kind = "list" // Of
	KindOther     Kind = "other"
)

// Type is a type in words that all systems share. Native is how its own system
// writes it.
type Type struct {
	Kind      Kind   `json:"kind"`
	Length    int    `json:"length,omitempty"`
	Precision int    `json:"precision,omitempty"`
	Scale     int    `json:"scale,omitempty"`
	Zone      bool   `json:"zone,omitempty"`
	Of        *Type  `json:"of,omitempty"`
	Native    string `json:"native,omitempty"`
}

// String is the type as the flow language writes it: decimal(12,2), text(40),
// timestamptz.
func (t Type) String() string {
	switch t.Kind {
	case KindDecimal:
		if t.Precision > 0 {
			return "decimal(" + strconv.Itoa(t.Precision) + "," + strconv.Itoa(t.Scale) + ")"
		}
	case KindText:
		if t.Length > 0 {
			return "text(" + strconv.Itoa(t.Length) + ")"
		}
	case KindTimestamp:
		if t.Zone {
			return "timestamptz"
		}
	case KindList:
		if t.Of != nil {
			return t.Of.String() + "[]"
		}
	case KindOther:
		if t.Native != "" {
			return t.Native
		}
	}
	return string(t.Kind)
}

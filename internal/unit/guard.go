package unit

import (
	"encoding/json"
	"time"
)

// Guard is the lease on a setting of a system, or on a list of them, that runs
// have changed and that the last of them puts back.
type Guard struct {
	ID       int64
	Key      GuardKey
	Change   json.RawMessage // how it is read and written; for work/settings alone
	Settings []Setting
	Holders  []Holder // the first is the one that opened it
	Since    time.Time
}

// GuardKey tells guards apart. Of one key one guard is open.
type GuardKey struct {
	Place string // identity of the system
	Env   string
	Name  string // of the setting in the flow
	At    string // connection's name, for people
}

// Setting is one that is changed: its element in the list ("" without one), what
// it was, what it is set to, what it was read back as (nil: not yet). The last
// three are JSON of record.
type Setting struct {
	Element  string
	Original json.RawMessage
	Set      json.RawMessage
	Changed  json.RawMessage
}

// Holder is a run that wants a setting changed, by the unit that opened it.
type Holder struct {
	Run   string // its name
	Unit  string
	At    string // what the run calls the connection
	Since time.Time
	// Over says that the run has ended for good and never put the setting back.
	Over bool
	// Idle says that it has not ended, and that no process is at work with it.
	Idle bool
}

// SettingTold is the lasting event of what became of a setting. Its body is Told.
const SettingTold = "setting"

// Told says what became of a setting.
type Told struct {
	Name    string `json:"name"` // with its element in brackets
	At      string `json:"at"`
	What    string `json:"what"`              // changed, joined, left, restored, foreign, forgotten
	Field   string `json:"field,omitempty"`   // of foreign: which of its values
	Value   string `json:"value,omitempty"`   // of foreign: its type, length and a short hash
	Text    string `json:"setting,omitempty"` // in words
	Holders int    `json:"holders,omitempty"` // runs that still want it changed
}

// Told is how much it matters (info, warn), and what it says.
func (t Told) Told() (level, text string) {
	if t.What == "foreign" {
		return "warn", t.Text
	}
	return "info", t.Text
}

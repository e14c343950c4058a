package unit

import (
	"godwit/internal/catalog"
	"godwit/internal/record"
)

// Trial is how a verb's maps are tried without a run. Everything in it is pure.
type Trial struct {
	Map   func() any // a new one, as a map file has it
	Cases func() any // new ones, as a file of cases has them
	// Alone is a spec with a map and nothing else.
	Alone func(m any) any
	// File is the file of the cases of a spec's map, in the project; "" without
	// a map.
	File func(spec any) string
	// Run maps the records of cases. Without facts source and target may have
	// any fields.
	Run func(spec, cases any, facts *catalog.Records) ([]Case, error)
	// Explain maps one record and tells every step, with all values.
	Explain func(spec any, r record.Record, facts *catalog.Records) (Explained, error)
	// Lineage tells what the fields of the mapped records are made of.
	Lineage func(spec any, facts *catalog.Records) (Lineage, error)
}

// Lineage is what mapped records are made of.
type Lineage struct {
	Fields []Made   `json:"fields"`
	Unread []string `json:"unread"` // fields of the source that nothing reads
}

// Made is a field with the paths of the source that it is made of; of what is the
// same in all records there are none. Those of rows stand behind their table's name
// and a colon.
type Made struct {
	Field string   `json:"field"`
	Of    []string `json:"of"`
}

// Case is one that was run; nothing differs when it is well.
type Case struct {
	Name    string   `json:"name"`
	At      string   `json:"at"`
	Differs []string `json:"differs,omitempty"`
}

// Explained is how a record becomes what it becomes.
type Explained struct {
	Key      string         `json:"key"`
	Source   []Shown        `json:"source"` // its fields
	Steps    []Shown        `json:"steps"`  // of the map's fields, in order
	Filtered string         `json:"filtered,omitempty"`
	Reject   bool           `json:"rejected"`
	Issues   []record.Issue `json:"issues,omitempty"`
	Rows     []Shown        `json:"rows,omitempty"` // columns, by table
	// Others are rules that compare it with other records: they were not asked.
	Others []string `json:"not_asked,omitempty"`
}

// Shown is a value for people.
type Shown struct {
	Of    string `json:"of,omitempty"`
	Name  string `json:"name"`
	Value string `json:"value"`
}

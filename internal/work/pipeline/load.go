package pipeline

import (
	"maps"

	"godwit/internal/connector"
	"godwit/internal/unit"
	"godwit/internal/work/pipeline/alias"
	"godwit/internal/work/pipeline/held"
	"godwit/internal/work/pipeline/limit"
	"godwit/internal/work/pipeline/mapping"
	"godwit/internal/work/pipeline/overlay"
	"godwit/internal/work/pipeline/produce"
	"godwit/internal/work/pipeline/snapshot"
	"godwit/internal/work/pipeline/source"
)

// Load is the spec of the load verb.
type Load struct {
	From    Source   `flow:"from,required,place" help:"where the records are read"`
	File    *Process `flow:"process,file" help:"file that says what happens to a record, instead of the keys of a process here"`
	Workers int      `flow:"workers" help:"units at the same time; default from the machine's cores, 2 to 8"`
	// SnapshotLost is a word of the step's, not of its process.
	SnapshotLost string `flow:"snapshot_lost" enum:"stop,continue" help:"what to do when the rest cannot be read at the snapshot of what is loaded already; default is stop with mode: append, else continue"`
	Process
	Scope []byte `flow:",scope"`
	// Referred are the entities that maps of the project refer to.
	Referred []string `flow:",referred"`
	Stubbed  []string `flow:",stubbed"` // of them, those that maps make stubs of
	// Again is set in a redrive: exceptions of another run take the source's
	// place.
	Again *unit.Redrive
}

// Process says what happens to a record: all of a load but where it is read.
// The same process serves load, verify and redrive, so that they cannot drift.
// Its keys stand in a file of their own or in the load, never in both.
type Process struct {
	Entity  string                    `flow:"entity" help:"what a record is one of; default is the name of the map's file, else the target's table"`
	Key     []string                  `flow:"key,oneormore" help:"path of what tells records apart; default is the source table's key"`
	Group   string                    `flow:"group" help:"of calls: path of what records are ordered inside of; others are delivered at the same time"`
	Version string                    `flow:"version" help:"path of a value that grows: older is never written over newer"`
	Map     *mapping.Map              `flow:"map,file,bare" help:"file that says what each field holds; without it columns of the same name"`
	Overlay *overlay.Overlay          `flow:"overlay,file,bare" help:"file that replaces or adds fields, rules, lookups and filters of the map"`
	Lookups map[string]mapping.Lookup `flow:"lookups" help:"tables of values, by name, beside those of the map"`
	To      Target                    `flow:"to,place" help:"where the records go"`
	Alias   *alias.Place              `flow:"alias,place" help:"keys that records of the entity had before, for those that refer to them"`
	Limit   limit.Limit               `flow:"limit" help:"what the process may use, below what connections allow"`
	Dead    Dead                      `flow:"dead" help:"what to do about records that are not loaded"`
	Place   string                    `flow:",position"`
}

// mapped is the map with what the process and its overlay make of it.
func (p *Process) mapped() *mapping.Map {
	m, _ := p.laid()
	if m == nil || len(p.Lookups) == 0 {
		return m
	}
	out := *m
	out.Lookups = maps.Clone(m.Lookups)
	if out.Lookups == nil {
		out.Lookups = map[string]mapping.Lookup{}
	}
	maps.Copy(out.Lookups, p.Lookups)
	return &out
}

// lost is what the load says about a lost snapshot, or what its mode does.
func (l *Load) lost() string {
	if l.SnapshotLost == "" && l.process().To.Mode == connector.ModeAppend {
		return snapshot.Stop
	}
	return l.SnapshotLost
}

// laid is the map with the overlay, and what that changes.
func (p *Process) laid() (*mapping.Map, []overlay.Change) {
	if p.Map == nil {
		return nil, nil
	}
	return p.Overlay.Over(p.Map)
}

// Source is a place that records are read from.
type Source = source.Source

// Target is a place that records are written to.
type Target struct {
	At    string   `flow:"at,required,name" help:"connection"`
	Table string   `flow:"table" help:"table, as schema.table"`
	Mode  string   `flow:"mode" enum:"append,merge,replace" default:"append" help:"append adds rows; merge updates those that differ; replace makes it hold these rows and no others, and shows the old ones until then"`
	Key   []string `flow:"key,oneormore" help:"columns that tell rows apart; default is the table's key"`
	Gone  string   `flow:"gone" enum:"keep,mark,delete" default:"keep" help:"of merge, and of calls: what to do with rows, or records that were delivered, whose key is not among the records read"`
	produce.Place
	Mark string `flow:"mark" help:"of gone: mark: column that is set in them, true or the moment, and cleared when the key comes back"`
}

// held is what of it says whether anything is held back.
func (t Target) held() held.Place {
	return held.Place{Mode: t.Mode, Gone: t.Gone, Mark: t.Mark, Key: t.Key}
}

// Dead is the policy for records that are not loaded.
type Dead struct {
	Group    string  `flow:"group" enum:"block,skip,stop" default:"block" help:"of calls: what becomes of the records of a group behind one that is rejected or not delivered: they wait, they are delivered, the step stops"`
	Attempts int     `flow:"attempts" default:"10" min:"2" help:"of calls: how often a record is tried whose answers do not say what became of it (500, a timeout), while the system takes others"`
	StopAt   float64 `flow:"stop_at,share" help:"share of records, from 1,000 read on, from which the step stops"`
}

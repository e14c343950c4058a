package bulk

import (
	"godwit/internal/catalog"
	"godwit/internal/unit"
)

// Policies for what is at the target already.
const (
	Fail     = "fail"
	Skip     = "skip"
	Append   = "append"
	Truncate = "truncate"
	Replace  = "replace"
)

// Isolate is the policy for bad rows that loads the others.
const Isolate = "isolate"

// Policies for a snapshot that was lost.
const (
	Reconcile = "reconcile"
	Stop      = "stop"
)

// Copy is the spec of the copy verb.
type Copy struct {
	From         string   `flow:"from,required,name" help:"connection to copy from"`
	To           string   `flow:"to,required,name" help:"connection to copy to"`
	Include      []string `flow:"include,patterns" help:"tables to copy, as schema.table with * and ?, partitions with their root; all when not given"`
	Exclude      []string `flow:"exclude,patterns" help:"tables to leave out"`
	Existing     string   `flow:"existing" enum:"fail,skip,append,truncate,replace" default:"fail" help:"what to do with selected tables that are at the target already"`
	Workers      int      `flow:"workers" min:"1" help:"units at the same time; default from the machine's cores, 2 to 8"`
	BadRows      string   `flow:"bad_rows" enum:"stop,isolate" default:"stop" help:"what to do with a row that the target refuses: end the copy, or load the others and put it away as a dead letter"`
	SnapshotLost string   `flow:"snapshot_lost" enum:"reconcile,stop" default:"reconcile" help:"what to do when the source's snapshot cannot be had any more"`
}

// Verb is the copy verb: a whole database, or the selected part of it.
func Verb() unit.Verb {
	return unit.Verb{
		Name:  "copy",
		Help:  "Copy tables with their definitions, keys, sequences and large objects",
		Spec:  func() any { return &Copy{} },
		Check: func(spec any) []unit.Problem { return spec.(*Copy).check() },
		Needs: func(spec any) (unit.Needs, error) { return spec.(*Copy).needs() },
		Limits: func(spec any, cores int) map[string]int {
			return map[string]int{workers: spec.(*Copy).workers(cores)}
		},
		Plan: func(step string, spec any, facts catalog.Facts) ([]unit.Unit, error) {
			return plan(step, spec.(*Copy), facts)
		},
		Kinds: map[string]unit.Kind{
			"define": {Marked: true}, "index": {Marked: true}, "key": {Marked: true}, "foreign": {Marked: true}, "view": {Marked: true},
			"data":      {Marked: true, Reads: true, Rows: true, Measured: true},
			"small":     {Marked: true, Reads: true, Rows: true, Measured: true},
			"reconcile": {Marked: true, Rows: true},
			"sequence":  {Marked: true, Reads: true},
			"blob":      {Marked: true, Reads: true},
			"analyze":   {Marked: true},
			"orphans":   {Resting: true},
			"marks":     {Resting: true},
		},
	}
}

// workers is the limit that all units of a copy share.
const workers = "workers"

func (c *Copy) workers(cores int) int {
	if c.Workers > 0 {
		return c.Workers
	}
	return min(8, max(2, cores))
}

func (c *Copy) check() []unit.Problem {
	var p []unit.Problem
	if c.From == c.To && c.From != "" {
		p = append(p, unit.Problem{Path: "to", Code: "copy.same-connection",
			Text: "from and to are the same connection, " + c.From})
	}
	return p
}

func (c *Copy) needs() (unit.Needs, error) {
	sel, err := catalog.ParseSelection(c.Include, c.Exclude)
	return unit.Needs{
		From: c.From, To: c.To, Select: sel, Existing: c.Existing, Definitions: true, Snapshot: true,
	}, err
}

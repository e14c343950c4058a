package flow

import (
	"reflect"

	"godwit/internal/control/flow/source"
	"godwit/internal/control/flow/tag"
)

// Planned is for the page of the language: what it lists as not built.
var Planned = planned

// Attributes, ProjectKeys and the others are the core's own structs, for the
// tables of that page.
var (
	Attributes      any = attributes{}
	ProjectKeys     any = projectKeys{}
	EnvironmentKeys any = environmentKeys{}
	FlowKeys        any = flowKeys{}
	InputKeys       any = declaration{}
	SecretKeys      any = origin{}
)

// Decode fills a struct from a node, as a key of a flow would.
func Decode(n *Node, into any) Diagnostics {
	p := &source.Problems{}
	d := &decoder{Problems: p}
	v := reflect.ValueOf(into).Elem()
	d.group(n, v, &level{name: "the value", keys: tag.KeysOf(v.Type())}, n.Spot)
	return p.List.Sorted()
}

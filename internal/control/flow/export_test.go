package flow

import (
	"reflect"

	"godwit/internal/control/flow/decode"
	"godwit/internal/control/flow/input"
	"godwit/internal/control/flow/source"
	"godwit/internal/control/flow/tag"
)

// Planned is for the page of the language: what it lists as not built.
var Planned = decode.Planned

// Attributes, ProjectKeys and the others are the core's own structs, for the
// tables of that page.
var (
	Attributes      any = attributes{}
	ProjectKeys     any = projectKeys{}
	EnvironmentKeys any = environmentKeys{}
	OwnerKeys       any = ownerKeys{}
	IssueKeys       any = issueKeys{}
	AlarmKeys       any = alarmKeys{}
	FlowKeys        any = flowKeys{}
	InputKeys       any = input.Declaration{}
	EachKeys        any = eachKeys{}
	SecretKeys      any = decode.Origin{}
)

// Decode fills a struct from a node, as a key of a flow would.
func Decode(n *Node, into any) Diagnostics {
	p := &source.Problems{}
	d := newDecoder(decode.Decoder{Problems: p})
	v := reflect.ValueOf(into).Elem()
	d.Group(n, v, &decode.Level{Name: "the value", Keys: tag.KeysOf(v.Type())}, n.Spot)
	return p.List.Sorted()
}

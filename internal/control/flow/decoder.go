package flow

import (
	"godwit/internal/control/flow/decode"
	"godwit/internal/control/flow/source"
)

// What is wrong with a file, and where: see package source.
type (
	Pos         = source.Pos
	Line        = source.Line
	Diagnostic  = source.Diagnostic
	Diagnostics = source.Diagnostics
	Node        = source.Node
)

// decoder reads what steps, inputs and connections are made of.
type decoder struct {
	*decode.Decoder
	ids     map[*Node]string // of steps
	filling bool             // one step is filled in, in the run
	calls   bool             // some step runs another flow
	unknown []string         // names that are not known before the run: it is only looked at
	rows    Rows             // what is known of what loops ask
}

func newDecoder(d decode.Decoder) *decoder {
	if d.Problems == nil {
		d.Problems = &source.Problems{}
	}
	return &decoder{Decoder: &d}
}

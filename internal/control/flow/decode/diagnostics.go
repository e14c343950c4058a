package decode

import "godwit/internal/control/flow/source"

// What is wrong with a file, and where: see package source.
type (
	Pos         = source.Pos
	Line        = source.Line
	Diagnostic  = source.Diagnostic
	Diagnostics = source.Diagnostics
	Node        = source.Node
)

// Described names a value for an error.
func Described(n *Node) string { return n.Describe(typeWord) }

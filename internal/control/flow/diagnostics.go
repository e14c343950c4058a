package flow

import "godwit/internal/control/flow/source"

// What is wrong with a file, and where: see package source.
type (
	Pos         = source.Pos
	Line        = source.Line
	Diagnostic  = source.Diagnostic
	Diagnostics = source.Diagnostics
	Node        = source.Node
)

// described names a value for an error.
func described(n *Node) string {
	switch n.Shape {
	case source.List:
		return "a list"
	case source.Mapping:
		return "a mapping of keys"
	}
	if n.Style == source.Computed {
		return "the " + typeWord(n.Value)
	}
	switch n.Kind() {
	case "number":
		return "the number " + n.Text
	case "bool", "null":
		return n.Text
	}
	return "the text " + source.Quote(n.Text)
}

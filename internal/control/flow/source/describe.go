package source

// Describe names a value for an error; computed names the type of one that an
// expression gave.
func (n *Node) Describe(computed func(any) string) string {
	switch n.Shape {
	case List:
		return "a list"
	case Mapping:
		return "a mapping of keys"
	}
	if n.Style == Computed {
		return "the " + computed(n.Value)
	}
	switch n.Kind() {
	case "number":
		return "the number " + n.Text
	case "bool", "null":
		return n.Text
	}
	return "the text " + Quote(n.Text)
}

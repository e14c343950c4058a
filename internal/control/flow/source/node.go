package source

import (
	"fmt"
	"hash"
	"regexp"
	"slices"
	"strings"
)

// Shape is what a value is made of.
type Shape int

// The shapes. An invalid value was reported already: nothing more is said
// about it.
const (
	Scalar Shape = iota
	List
	Mapping
	Invalid
)

// Style is how a scalar is written.
type Style int

// The styles. Given and Computed do not come from a file: a text from a flag
// or an input, and the value of an expression.
const (
	Plain Style = iota
	Quoted
	Literal // behind |
	Folded  // behind >
	Given
	Computed
)

// Node is a value as it stands in a file, not yet read as anything. It does
// not change once it is parsed.
type Node struct {
	Shape   Shape
	Style   Style
	Text    string  // of a scalar
	Value   any     // of a computed scalar
	Braced  bool    // stands in {} or []
	Wrapped bool    // plain, over several lines
	Comment bool    // plain, with a comment behind it
	Items   []*Node // of a list
	Fields  []Field // of a mapping, in the file's order
	Spot    Spot
}

// Field is an entry of a mapping; its spot is that of the key.
type Field struct {
	Name  string
	Value *Node
	Spot  Spot
}

// Field returns the entry of a key, nil when it is not there.
func (n *Node) Field(name string) *Field {
	for i := range n.Fields {
		if n.Fields[i].Name == name {
			return &n.Fields[i]
		}
	}
	return nil
}

var (
	decimal = regexp.MustCompile(`^-?(0|[1-9][0-9]*)(\.[0-9]+)?$`)
	natural = regexp.MustCompile(`^(0|[1-9][0-9]*)$`)
	// numeric is what some YAML parser, of any version, takes for a number.
	numeric = regexp.MustCompile(`^[-+]?(0[xX][0-9a-fA-F_]+|0[oO][0-7_]+|0[bB][01_]+|` +
		`[0-9][0-9_]*(\.[0-9_]*)?([eE][-+]?[0-9]+)?|\.[0-9][0-9_]*([eE][-+]?[0-9]+)?|\.(inf|Inf|INF))$|^\.(nan|NaN|NAN)$`)
)

// Decimal reports whether a text is a plain decimal number: the only form of
// numbers.
func Decimal(text string) bool { return decimal.MatchString(text) }

// Whole reports whether a text is a plain decimal number without a fraction.
func Whole(text string) bool { return natural.MatchString(strings.TrimPrefix(text, "-")) }

// Kind says what a scalar is by its form: text, number, bool or null. Numbers
// other than plain decimals are refused when the file is parsed.
func (n *Node) Kind() string {
	switch {
	case n.Style != Plain:
		return "text"
	case Decimal(n.Text):
		return "number"
	case n.Text == "true" || n.Text == "false":
		return "bool"
	case isNull(n.Text):
		return "null"
	}
	return "text"
}

func isNull(text string) bool {
	return text == "null" || text == "~" || text == "Null" || text == "NULL"
}

// At is the spot of the value behind keys, as far as they are there.
func (n *Node) At(keys ...string) Spot {
	for _, key := range keys {
		f := n.Field(key)
		if f == nil {
			break
		}
		n = f.Value
	}
	return n.Spot
}

// Find is the spot of a path: keys joined by dots, list entries as [N].
// Without such a value it is the nearest one above, at the top at. Files holds
// the roots of the files that values name: a path goes on in them.
func (n *Node) Find(path string, at Spot, files map[*Node]*Node) Spot {
	for _, key := range strings.FieldsFunc(path, func(r rune) bool { return r == '.' || r == '[' || r == ']' }) {
		if root := files[n]; root != nil {
			n = root
		}
		if f := n.Field(key); f != nil {
			n, at = f.Value, f.Value.Spot
			continue
		}
		var i int
		if _, err := fmt.Sscanf(key, "%d", &i); err != nil || n.Shape != List || i < 0 || i >= len(n.Items) {
			break
		}
		n, at = n.Items[i], n.Items[i].Spot
	}
	return at
}

// Evaluated reports whether there is ${...} in the value.
func (n *Node) Evaluated() bool {
	return strings.Contains(n.Text, "${") || slices.ContainsFunc(n.Items, (*Node).Evaluated) ||
		slices.ContainsFunc(n.Fields, func(f Field) bool { return f.Value.Evaluated() })
}

// Quote shortens a text for an error, keeps it on one line and masks the
// password of a URL.
func Quote(text string) string {
	text = maskURL(strings.Join(strings.Fields(text), " "))
	if r := []rune(text); len(r) > 60 {
		text = string(r[:57]) + "..."
	}
	return `"` + text + `"`
}

// IsName reports whether a text is a name that expressions can use.
func IsName(text string) bool { return identifier.MatchString(text) }

var identifier = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9_]*$`)

// Print writes the value without its places to a hash, which takes everything.
func (n *Node) Print(h hash.Hash) {
	fmt.Fprintf(h, "%d %t %q\n", n.Shape, n.Style == Plain, n.Text)
	for _, item := range n.Items {
		item.Print(h)
	}
	for _, f := range n.Fields {
		fmt.Fprintf(h, "%q:", f.Name)
		f.Value.Print(h)
	}
	fmt.Fprint(h, ".")
}

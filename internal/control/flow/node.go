package flow

import (
	"regexp"
	"slices"
	"strings"
)

type shape int

const (
	scalar shape = iota
	list
	mapping
	invalid // already reported: nothing more is said about it
)

type style int

const (
	plain style = iota
	quoted
	literal  // behind |
	folded   // behind >
	given    // a text from a flag or an input: its kind decides what it is
	computed // the value of ${}
)

// Node is a value as it stands in a file, not yet read as anything. Verbs and
// connectors never see one: their structs are filled from it. It does not
// change once it is parsed.
type Node struct {
	shape   shape
	style   style
	text    string  // of a scalar
	value   any     // of a computed scalar
	braced  bool    // stands in {} or []
	wrapped bool    // plain, over several lines
	comment bool    // plain, with a comment behind it
	items   []*Node // of a list
	fields  []field // of a mapping, in the file's order
	spot    spot
}

type field struct {
	name  string
	value *Node
	spot  spot // of the key
}

// Pos is where the value begins.
func (n *Node) Pos() Pos { return n.spot.pos }

// field returns the value of a key, nil when it is not there.
func (n *Node) field(name string) *field {
	for i := range n.fields {
		if n.fields[i].name == name {
			return &n.fields[i]
		}
	}
	return nil
}

var (
	decimal = regexp.MustCompile(`^-?(0|[1-9][0-9]*)(\.[0-9]+)?$`)
	natural = regexp.MustCompile(`^(0|[1-9][0-9]*)$`)
	whole   = regexp.MustCompile(`^-?(0|[1-9][0-9]*)$`)
	// numeric is what some YAML parser, of any version, takes for a number.
	numeric = regexp.MustCompile(`^[-+]?(0[xX][0-9a-fA-F_]+|0[oO][0-7_]+|0[bB][01_]+|` +
		`[0-9][0-9_]*(\.[0-9_]*)?([eE][-+]?[0-9]+)?|\.[0-9][0-9_]*([eE][-+]?[0-9]+)?|\.(inf|Inf|INF))$|^\.(nan|NaN|NAN)$`)
)

// literalKind says what a plain scalar is: text, number, bool or null.
// Numbers other than plain decimals are refused when the file is parsed.
func (n *Node) literalKind() string {
	switch {
	case n.style != plain:
		return "text"
	case decimal.MatchString(n.text):
		return "number"
	case n.text == "true" || n.text == "false":
		return "bool"
	case isNull(n.text):
		return "null"
	}
	return "text"
}

func isNull(text string) bool {
	return text == "null" || text == "~" || text == "Null" || text == "NULL"
}

// describe names a value for an error.
func (n *Node) describe() string {
	switch n.shape {
	case list:
		return "a list"
	case mapping:
		return "a mapping of keys"
	}
	if n.style == computed {
		return "the " + typeWord(n.value)
	}
	switch n.literalKind() {
	case "number":
		return "the number " + n.text
	case "bool", "null":
		return n.text
	}
	return "the text " + quote(n.text)
}

// quote shortens a text for an error, keeps it on one line and masks the
// password of a URL.
func quote(text string) string {
	text = maskURL(strings.Join(strings.Fields(text), " "))
	if r := []rune(text); len(r) > 60 {
		text = string(r[:57]) + "..."
	}
	return `"` + text + `"`
}

// evaluated reports whether there is ${...} in the value.
func (n *Node) evaluated() bool {
	return strings.Contains(n.text, "${") || slices.ContainsFunc(n.items, (*Node).evaluated) ||
		slices.ContainsFunc(n.fields, func(f field) bool { return f.value.evaluated() })
}

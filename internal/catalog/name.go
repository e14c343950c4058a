package catalog

import (
	"slices"
	"strings"

	"godwit/internal/fault"
)

// Name is a table or another object in a schema, as the server spells it.
type Name struct {
	Schema string `json:"schema"`
	Object string `json:"object"`
}

// String is the name as patterns and people write it: schema.table, a part
// that holds a dot, a quote or white space in double quotes.
func (n Name) String() string {
	if n.Schema == "" {
		return part(n.Object)
	}
	return part(n.Schema) + "." + part(n.Object)
}

// SQL is the name quoted for a statement.
func (n Name) SQL() string {
	if n.Schema == "" {
		return Quote(n.Object)
	}
	return Quote(n.Schema) + "." + Quote(n.Object)
}

// Quote quotes one SQL identifier.
func Quote(ident string) string { return `"` + strings.ReplaceAll(ident, `"`, `""`) + `"` }

func part(s string) string {
	if s == "" || strings.ContainsAny(s, ".\"*? \t\r\n") {
		return Quote(s)
	}
	return s
}

// Pattern selects names: schema.table with * and ? inside one part.
type Pattern struct {
	schema, object, text string
	lenient              bool
}

// ParsePattern reads schema.table. A part with a dot stands in double quotes,
// where * and ? keep their meaning; a single part is a schema ("sales" is
// "sales.*"). The error is of kind config, code pattern.invalid.
func ParsePattern(text string) (Pattern, error) {
	parts, ok := split(text)
	if !ok || len(parts) == 0 || len(parts) > 2 {
		return Pattern{}, fault.New(fault.Config, "pattern.invalid",
			"pattern %q is not schema.table", text).Hint(`write it as sales.orders, sales.* or "odd.name".table`)
	}
	p := Pattern{schema: parts[0], object: "*", text: text}
	if len(parts) == 2 {
		p.object = parts[1]
	}
	return p, nil
}

// split cuts at dots outside double quotes and takes the quotes away.
func split(text string) (parts []string, ok bool) {
	var b strings.Builder
	quoted := false
	for i := 0; i < len(text); i++ {
		switch c := text[i]; {
		case c == '"' && quoted && i+1 < len(text) && text[i+1] == '"':
			b.WriteByte('"')
			i++
		case c == '"':
			quoted = !quoted
		case c == '.' && !quoted:
			parts = append(parts, b.String())
			b.Reset()
		default:
			b.WriteByte(c)
		}
	}
	parts = append(parts, b.String())
	for _, p := range parts {
		if p == "" {
			return nil, false
		}
	}
	return parts, !quoted
}

// ParseName reads one name, schema.table or table; a part with a dot stands in
// double quotes. The error is of kind config, code pattern.invalid.
func ParseName(text string) (Name, error) {
	parts, ok := split(text)
	switch {
	case ok && len(parts) == 1:
		return Name{Object: parts[0]}, nil
	case ok && len(parts) == 2:
		return Name{Schema: parts[0], Object: parts[1]}, nil
	}
	return Name{}, fault.New(fault.Config, "pattern.invalid", "%q is no name of a table", text).
		Hint(`write it as sales.orders or "odd.name".table`)
}

// Match reports whether the pattern selects n.
func (p Pattern) Match(n Name) bool { return glob(p.schema, n.Schema) && glob(p.object, n.Object) }

// MatchSchema reports whether the pattern selects anything in a schema.
func (p Pattern) MatchSchema(schema string) bool { return glob(p.schema, schema) }

// WholeSchema reports whether the pattern selects all of a schema.
func (p Pattern) WholeSchema(schema string) bool { return p.object == "*" && glob(p.schema, schema) }

// Lenient is the same pattern, allowed to match nothing.
func (p Pattern) Lenient() Pattern {
	p.lenient = true
	return p
}

// String is the pattern as it was written.
func (p Pattern) String() string { return p.text }

// glob matches * (any run of runes) and ? (one rune), iteratively: no pattern
// costs more than len(pattern) x len(name).
func glob(pattern, name string) bool {
	p, s := []rune(pattern), []rune(name)
	i, j, star, mark := 0, 0, -1, 0
	for j < len(s) {
		switch {
		case i < len(p) && p[i] == '*':
			star, mark = i, j
			i++
		case i < len(p) && (p[i] == '?' || p[i] == s[j]):
			i, j = i+1, j+1
		case star >= 0:
			mark++
			i, j = star+1, mark
		default:
			return false
		}
	}
	for i < len(p) && p[i] == '*' {
		i++
	}
	return i == len(p)
}

// Selection is what include and exclude say. The zero value selects all.
type Selection struct {
	Include []Pattern
	Exclude []Pattern
}

// ParseSelection reads both lists; all errors are reported at once.
func ParseSelection(include, exclude []string) (Selection, error) {
	var s Selection
	var errs []string
	for _, t := range include {
		p, err := ParsePattern(t)
		if err != nil {
			errs = append(errs, err.Error())
		}
		s.Include = append(s.Include, p)
	}
	for _, t := range exclude {
		p, err := ParsePattern(t)
		if err != nil {
			errs = append(errs, err.Error())
		}
		s.Exclude = append(s.Exclude, p)
	}
	if errs != nil {
		return s, fault.New(fault.Config, "pattern.invalid", "%s", strings.Join(errs, "; ")).
			Hint(`write it as sales.orders, sales.* or "odd.name".table`)
	}
	return s, nil
}

// Only selects exactly these names, of which some may not be there.
func Only(names ...Name) Selection {
	s := Selection{Include: []Pattern{{lenient: true}}} // matches nothing: no names select nothing
	for _, n := range names {
		s.Include = append(s.Include, Pattern{schema: n.Schema, object: n.Object, text: n.String(), lenient: true})
	}
	return s
}

// Excludes reports whether n is left out by name.
func (s Selection) Excludes(n Name) bool {
	return slices.ContainsFunc(s.Exclude, func(p Pattern) bool { return p.Match(n) })
}

// Match reports whether n is selected.
func (s Selection) Match(n Name) bool {
	if s.Excludes(n) {
		return false
	}
	for _, p := range s.Include {
		if p.Match(n) {
			return true
		}
	}
	return len(s.Include) == 0
}

// Whole reports whether a schema is selected as a whole: nothing in it, known
// or not, is left out.
func (s Selection) Whole(schema string) bool {
	for _, p := range s.Exclude {
		if p.MatchSchema(schema) {
			return false
		}
	}
	for _, p := range s.Include {
		if p.WholeSchema(schema) {
			return true
		}
	}
	return len(s.Include) == 0
}

// Unused returns the include patterns that match none of the names and are not
// lenient.
func (s Selection) Unused(names []Name) []Pattern {
	var unused []Pattern
next:
	for _, p := range s.Include {
		if p.lenient {
			continue
		}
		for _, n := range names {
			if p.Match(n) {
				continue next
			}
		}
		unused = append(unused, p)
	}
	return unused
}

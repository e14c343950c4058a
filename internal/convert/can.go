package convert

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"godwit/internal/catalog"
)

// becomes lists what values of a kind may become, as far as the kinds alone
// say. A JSON value has no kind before it is read.
var becomes = map[catalog.Kind][]catalog.Kind{
	catalog.KindBool:      {catalog.KindBool},
	catalog.KindInt:       {catalog.KindInt, catalog.KindDecimal, catalog.KindFloat},
	catalog.KindDecimal:   {catalog.KindInt, catalog.KindDecimal, catalog.KindFloat},
	catalog.KindFloat:     {catalog.KindInt, catalog.KindDecimal, catalog.KindFloat},
	catalog.KindText:      {catalog.KindBool, catalog.KindInt, catalog.KindDecimal, catalog.KindFloat, catalog.KindBytes, catalog.KindDate, catalog.KindTime, catalog.KindTimestamp, catalog.KindUUID},
	catalog.KindBytes:     {catalog.KindBytes, catalog.KindUUID},
	catalog.KindDate:      {catalog.KindDate, catalog.KindTimestamp},
	catalog.KindTime:      {catalog.KindTime},
	catalog.KindTimestamp: {catalog.KindTimestamp, catalog.KindDate},
	catalog.KindUUID:      {catalog.KindUUID},
	catalog.KindJSON:      {catalog.KindJSON},
	catalog.KindList:      {catalog.KindList, catalog.KindJSON},
}

// Can says why no value of one type ever becomes one of another; "" when some
// do. A single value becomes text and JSON; what only one system has is taken
// as its text.
func Can(from, to catalog.Type) string {
	if from.Kind == catalog.KindOther {
		from.Kind = catalog.KindText
	}
	single := from.Kind != catalog.KindJSON && from.Kind != catalog.KindList && from.Kind != catalog.KindBytes
	switch {
	case from.Kind == "" || to.Kind == "":
		return ""
	case single && slices.Contains([]catalog.Kind{catalog.KindText, catalog.KindJSON, catalog.KindOther}, to.Kind):
		return ""
	case from.Kind == catalog.KindJSON && (to.Kind == catalog.KindList || to.Kind == catalog.KindOther):
		return ""
	case from.Kind == catalog.KindDate && to.Kind == catalog.KindTimestamp && to.Zone,
		from.Kind == catalog.KindTimestamp && to.Kind == catalog.KindTimestamp && from.Zone != to.Zone,
		from.Kind == catalog.KindTimestamp && from.Zone && to.Kind == catalog.KindDate:
		return fmt.Sprintf("%s becomes %s only in a time zone", from, to)
	case from.Kind == catalog.KindList && to.Kind == catalog.KindList && from.Of != nil && to.Of != nil:
		return Can(*from.Of, *to.Of)
	case !slices.Contains(becomes[from.Kind], to.Kind):
		return fmt.Sprintf("%s cannot become %s", from, to)
	}
	return ""
}

// words are the types as the flow language writes them.
var words = map[string]catalog.Type{
	"bool": {Kind: catalog.KindBool}, "int": {Kind: catalog.KindInt, Length: 8}, "int2": {Kind: catalog.KindInt, Length: 2},
	"int4": {Kind: catalog.KindInt, Length: 4}, "int8": {Kind: catalog.KindInt, Length: 8},
	"decimal": {Kind: catalog.KindDecimal}, "float": {Kind: catalog.KindFloat, Length: 8}, "float4": {Kind: catalog.KindFloat, Length: 4},
	"text": {Kind: catalog.KindText}, "bytes": {Kind: catalog.KindBytes}, "date": {Kind: catalog.KindDate},
	"time": {Kind: catalog.KindTime}, "timestamp": {Kind: catalog.KindTimestamp}, "timestamptz": {Kind: catalog.KindTimestamp, Zone: true},
	"uuid": {Kind: catalog.KindUUID}, "json": {Kind: catalog.KindJSON}, "list": {Kind: catalog.KindList},
}

// Words are the names of types, without what may stand in brackets.
func Words() []string {
	var names []string
	for name := range words {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

// elsewhere are what other systems call types that have another word here.
var elsewhere = map[string]string{
	"integer": "int", "bigint": "int8", "smallint": "int2", "string": "text", "varchar": "text", "char": "text", "boolean": "bool",
	"numeric": "decimal", "double": "float", "real": "float4", "datetime": "timestamp", "jsonb": "json", "bytea": "bytes",
}

// ParseType reads a type as the flow language writes it: int, decimal(12,2),
// text(40), text[].
func ParseType(text string) (catalog.Type, error) {
	if of, ok := strings.CutSuffix(text, "[]"); ok {
		t, err := ParseType(of)
		return catalog.Type{Kind: catalog.KindList, Of: &t}, err
	}
	word, inner, sized := strings.Cut(text, "(")
	t, ok := words[word]
	if !ok {
		if here := elsewhere[word]; here != "" {
			return t, fmt.Errorf("there is no type %q: it is called %s here", text, here)
		}
		return t, fmt.Errorf("there is no type %q", text)
	}
	if !sized {
		return t, nil
	}
	inner, ok = strings.CutSuffix(inner, ")")
	first, second, two := strings.Cut(inner, ",")
	n, err := strconv.Atoi(strings.TrimSpace(first))
	if !ok || err != nil || n < 1 {
		return t, fmt.Errorf("%q: whole numbers are wanted in the brackets", text)
	}
	switch {
	case t.Kind == catalog.KindText && !two:
		t.Length = n
	case t.Kind == catalog.KindDecimal:
		t.Precision = n
		if two {
			if t.Scale, err = strconv.Atoi(strings.TrimSpace(second)); err != nil || t.Scale < 0 || t.Scale > n {
				return t, fmt.Errorf("%q: the scale is a whole number up to the precision", text)
			}
		}
	default:
		return t, fmt.Errorf("%s takes nothing in brackets", word)
	}
	return t, nil
}

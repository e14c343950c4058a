package flow

import (
	"reflect"
	"strings"

	"godwit/internal/control/flow/decode"
	"godwit/internal/control/flow/source"
)

// Fill fills a struct of the language from texts under the names of its keys,
// as flags give them: several texts are a list, NAME=TEXT an entry of a map.
// Defaults are set; spec is a pointer. Positions are the flags.
func Fill(spec any, values map[string][]string) Diagnostics {
	d := newDecoder(decode.Decoder{})
	v := reflect.ValueOf(spec).Elem()
	l := &decode.Level{Name: "the command", Keys: Keys(spec), Given: true}
	n := &Node{Shape: source.Mapping}
	for _, name := range decode.SortedKeys(values) {
		at := source.Spot{Pos: Pos{File: "--" + strings.ReplaceAll(name, "_", "-")}}
		k := l.Key(name)
		if k == nil {
			d.Add(at, "flow.unknown-key", "there is no --"+name, decode.Choice(name, l.Names(), "keys"))
			continue
		}
		n.Fields = append(n.Fields, source.Field{Name: name, Value: typed(*k, values[name], at), Spot: at})
	}
	d.Group(n, v, l, source.Spot{})
	return d.List.Sorted()
}

// typed is the node that the texts of a flag stand for; the last one counts
// where there can be only one.
func typed(k Key, texts []string, at source.Spot) *Node {
	one := func(text string) *Node { return &Node{Style: source.Given, Text: text, Spot: at} }
	n := &Node{Spot: at}
	switch {
	case k.Map:
		n.Shape = source.Mapping
		for _, t := range texts {
			name, value, _ := strings.Cut(t, "=")
			n.Fields = append(n.Fields, source.Field{Name: name, Value: one(value), Spot: at})
		}
	case k.List:
		n.Shape = source.List
		for _, t := range texts {
			n.Items = append(n.Items, one(t))
		}
	case len(texts) > 0:
		return one(texts[len(texts)-1])
	default:
		n.Shape = source.Invalid
	}
	return n
}

package flow

import (
	"reflect"
	"strings"
)

// Fill fills a struct of the language from texts under the names of its keys,
// as flags give them: several texts are a list, NAME=TEXT an entry of a map.
// Defaults are set; spec is a pointer. Positions are the flags.
func Fill(spec any, values map[string][]string) Diagnostics {
	d := &decoder{problems: &problems{}}
	v := reflect.ValueOf(spec).Elem()
	l := &level{name: "the command", keys: Keys(spec)}
	n := &Node{shape: mapping}
	for _, name := range sortedKeys(values) {
		at := spot{pos: Pos{File: "--" + name}}
		k := l.key(name)
		if k == nil {
			d.add(at, "flow.unknown-key", "there is no --"+name, choice(name, l.names(), "keys"))
			continue
		}
		n.fields = append(n.fields, field{name, typed(*k, values[name], at), at})
	}
	d.group(n, v, l, spot{})
	return d.list.sorted()
}

// typed is the node that the texts of a flag stand for; the last one counts
// where there can be only one.
func typed(k Key, texts []string, at spot) *Node {
	one := func(text string) *Node { return &Node{style: given, text: text, spot: at} }
	n := &Node{spot: at}
	switch {
	case k.Map:
		n.shape = mapping
		for _, t := range texts {
			name, value, _ := strings.Cut(t, "=")
			n.fields = append(n.fields, field{name, one(value), at})
		}
	case k.List:
		n.shape = list
		for _, t := range texts {
			n.items = append(n.items, one(t))
		}
	case len(texts) > 0:
		return one(texts[len(texts)-1])
	default:
		n.shape = invalid
	}
	return n
}

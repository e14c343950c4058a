package input

import (
	"cmp"
	"fmt"
	"slices"

	"godwit/internal/control/flow/decode"
	"godwit/internal/control/flow/source"
)

// Given types the texts of the inputs, and gives one text back for each value.
func Given(d *decode.Decoder, declared []Input, texts map[string]string) (values map[string]any, canonical map[string]string) {
	values, canonical = map[string]any{}, map[string]string{}
	var names []string
	for _, in := range declared {
		names = append(names, in.Name)
		text, ok := texts[in.Name]
		at := source.Spot{Pos: source.Pos{File: "--set " + in.Name}}
		switch {
		case ok:
			v, err := in.parse(text)
			if err != nil {
				d.Add(at, "input.type", fmt.Sprintf("input %s is of type %s: %v", in.Name, in.Type, err), "--set "+in.Name+"="+in.sample())
				continue
			}
			chosen(d, at, in, v, "input.choice", "input "+in.Name)
			values[in.Name] = v
		case in.Default != nil:
			values[in.Name] = in.Default
		default:
			d.Add(source.Spot{Pos: in.Pos}, "input.missing", fmt.Sprintf("input %s must be given", in.Name), "--set "+in.Name+"="+in.sample()+helped(in.Help))
			continue
		}
		canonical[in.Name] = in.format(values[in.Name])
	}
	for _, name := range decode.SortedKeys(texts) {
		if _, ok := canonical[name]; !ok && !slices.Contains(names, name) {
			d.Add(source.Spot{Pos: source.Pos{File: "--set " + name}}, "input.unknown", "the flow has no input "+source.Quote(name), decode.Choice(name, names, "inputs"))
		}
	}
	return values, canonical
}

func (in Input) sample() string {
	return cmp.Or(map[string]string{"int": "N", "bool": "true", "date": "2026-01-31", "duration": "10m", "list": "A,B"}[in.Type], "TEXT")
}

func helped(help string) string {
	if help == "" {
		return ""
	}
	return "   (" + help + ")"
}

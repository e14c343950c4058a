package flow

import (
	"slices"

	"godwit/internal/control/flow/source"
)

// A verb may work around other steps: before them and behind. They stand below
// its key steps, beside its own keys.

// around reads the steps of such a verb.
func (d *decoder) around(f source.Field, w within) []Step {
	inner := f.Value.Field(InOrder)
	if f.Value.Shape != source.Mapping {
		return nil // told
	}
	if inner == nil {
		d.Add(f.Spot, "flow.required", f.Name+" needs steps", "steps: what is done meanwhile")
		return nil
	}
	return d.list(inner.Value, InOrder, w)
}

// apart says what to do about a step with several verbs.
func apart(verbs []source.Field, lang Language) string {
	for _, f := range verbs {
		if verb, _ := lang.Verb(f.Name); verb.Holds && slices.ContainsFunc(verbs, func(o source.Field) bool { return o.Name == InOrder }) {
			return "the steps of " + f.Name + " stand below it, beside its other keys: indent them as far as these; else make two steps of it"
		}
	}
	return "make two steps of it"
}

// withoutSteps is a verb's field with its own keys alone.
func withoutSteps(f source.Field) source.Field {
	if f.Value.Shape != source.Mapping {
		return f
	}
	own := *f.Value
	own.Fields = slices.DeleteFunc(slices.Clone(own.Fields), func(k source.Field) bool { return k.Name == InOrder })
	f.Value = &own
	return f
}

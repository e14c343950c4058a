// Package schema makes the JSON schema of flow files, for editors, from the same
// tags that the decoder reads. Start at Of.
package schema

import (
	"bytes"
	"encoding/json"
	"reflect"
	"strconv"
	"strings"

	"godwit/internal/control/flow/tag"
)

type object = map[string]any

// Parts are the structs that the language is made of.
type Parts struct {
	Flow, Project, Environment, Owner, Issues, Input, Step, Secret any
	Alarm, Send, Mail                                              any
	Verbs, Systems                                                 []Part
	Holders                                                        []tag.Key // verbs that hold steps
}

// Part is a verb or a system, by its key.
type Part struct {
	Name, Help string
	Keys       any
	Holds      bool // other steps, under its key steps
}

// Of is the JSON schema (draft 2020-12) of a flow file; that of godwit.yaml is in
// it as #/$defs/project.
func Of(p Parts) []byte {
	d := defs{all: object{}, secret: p.Secret}
	list := func() object { return object{"type": "array", "minItems": 1, "items": ref("step")} }
	verbs, needed, forms := object{}, []any{}, map[string][]any{} // a verb may have several
	for _, v := range p.Verbs {
		keys := d.verb(tag.Struct(v.Keys))
		if v.Holds {
			keys["properties"].(object)["steps"] = list()
			keys["required"] = append(keys["required"].([]string), "steps")
		}
		form := describe(keys, v.Help, "")
		if forms[v.Name] = append(forms[v.Name], form); len(forms[v.Name]) > 1 {
			verbs[v.Name] = object{"anyOf": forms[v.Name]}
			continue
		}
		verbs[v.Name] = form
		needed = append(needed, object{"required": []string{v.Name}})
	}
	for _, k := range p.Holders {
		verbs[k.Name] = describe(list(), k.Help, "")
		needed = append(needed, object{"required": []string{k.Name}})
	}
	step := d.group(tag.Keys(p.Step))
	for name, s := range verbs {
		step["properties"].(object)[name] = s
	}
	finally := step["properties"].(object)["finally"].(object)
	step["properties"].(object)["finally"] = describe(list(), finally["description"].(string), "")
	step["oneOf"] = needed
	systems, one := object{}, []any{}
	for _, s := range p.Systems {
		systems[s.Name] = d.group(tag.Keys(s.Keys))
		one = append(one, object{"required": []string{s.Name}})
	}
	connection := object{"type": "object", "properties": systems, "additionalProperties": false, "oneOf": one}
	project := d.group(tag.Keys(p.Project))
	project["properties"].(object)["environments"] = names(d.group(tag.Keys(p.Environment)))
	project["properties"].(object)["connections"] = names(ref("connection"))
	project["properties"].(object)["owners"] = names(d.group(tag.Keys(p.Owner)))
	project["properties"].(object)["issues"] = d.group(tag.Keys(p.Issues))
	project["properties"].(object)["known"] = object{"type": "string"}
	alarm := d.group(tag.Keys(p.Alarm))
	alarm["properties"].(object)["send"] = object{"anyOf": []any{object{"const": "owners"}, d.group(tag.Keys(p.Send))}}
	project["properties"].(object)["alarms"] = object{"type": "array", "items": alarm}
	project["properties"].(object)["mail"] = d.group(tag.Keys(p.Mail))
	flow := d.group(tag.Keys(p.Flow))
	flow["properties"].(object)["inputs"] = names(d.group(tag.Keys(p.Input)))
	flow["properties"].(object)["connections"] = names(ref("connection"))
	flow["properties"].(object)["steps"] = list()
	flow["properties"].(object)["finally"] = list()
	flow["$schema"] = "https://json-schema.org/draft/2020-12/schema"
	flow["title"] = "godwit flow"
	d.named("step", step)
	d.named("connection", connection)
	d.named("project", project)
	flow["$defs"] = d.all
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	if err := e.Encode(flow); err != nil {
		panic("encode schema: " + err.Error())
	}
	return b.Bytes()
}

// verb is that of a verb's keys; a text may stand for one of them.
func (d defs) verb(t reflect.Type) object {
	keys := d.group(tag.KeysOf(t))
	if (tag.Key{Of: t}).Short() != "" {
		return object{"anyOf": []any{object{"type": "string"}, keys}}
	}
	return keys
}

func ref(name string) object { return object{"$ref": "#/$defs/" + name} }

func names(of object) object { return object{"type": "object", "additionalProperties": of} }

// defs are the schema's parts that are used by name: files of their own, and
// structs that hold themselves.
type defs struct {
	all    object
	secret any
}

func (d defs) named(name string, of any) { d.all[name] = of }

func (d defs) group(keys []tag.Key) object {
	properties, required := object{}, []string{}
	for _, k := range keys {
		properties[k.Name] = describe(d.key(k), k.Help, k.Default)
		if k.Required {
			required = append(required, k.Name)
		}
	}
	s := object{"type": "object", "properties": properties, "additionalProperties": false}
	if len(required) > 0 {
		s["required"] = required
	}
	return s
}

func describe(s object, help, def string) object {
	if help != "" {
		s["description"] = help
	}
	if def != "" {
		s["default"] = def
		if n, err := strconv.Atoi(def); err == nil && s["type"] != "string" {
			s["default"] = n
		} else if def == "true" || def == "false" {
			s["default"] = def == "true"
		} else if _, list := s["anyOf"].([]any); list && strings.Contains(def, ",") {
			s["default"] = strings.Split(def, ",")
		}
	}
	return s
}

// of is the schema of a key's struct, by name when it holds itself.
func (d defs) of(k tag.Key) object {
	if !holds(k.Of, k.Of, map[reflect.Type]bool{}) {
		return d.group(k.Keys())
	}
	name := strings.ToLower(k.Of.Name())
	d.define(name, k)
	return ref(name)
}

func (d defs) define(name string, k tag.Key) {
	if _, there := d.all[name]; !there {
		d.all[name] = nil // it is being made
		d.all[name] = d.group(k.Keys())
	}
}

// holds reports whether a struct of type t is somewhere in one of type in.
func holds(in, t reflect.Type, seen map[reflect.Type]bool) bool {
	for _, k := range tag.KeysOf(in) {
		if k.Of == t {
			return true
		}
		if k.Of != nil && !seen[k.Of] {
			seen[k.Of] = true
			if holds(k.Of, t, seen) {
				return true
			}
		}
	}
	return false
}

// expression is what may stand for any value.
var expression = object{"type": "string", "pattern": `\$\{`}

func (d defs) key(k tag.Key) object {
	switch {
	case k.Map || k.Named:
		k.Map, k.Named, k.List = false, false, k.List && !k.Named
		return names(d.key(k))
	case k.List:
		one := k.One
		k.List, k.One = false, false
		if one {
			return object{"anyOf": []any{d.key(k), object{"type": "array", "minItems": 1, "items": d.key(k)}}}
		}
		return object{"anyOf": []any{object{"type": "array", "items": d.key(k)}, expression}}
	}
	switch k.Kind {
	case tag.Raw, tag.Value:
		return object{}
	case tag.Group:
		if k.Short() != "" {
			return object{"anyOf": []any{object{"type": "string"}, d.of(k)}}
		}
		return d.of(k)
	case tag.File:
		d.define(strings.ToLower(k.Of.Name()), k)
		return object{"type": "string"}
	case tag.Secret:
		s := d.group(tag.Keys(d.secret))
		s["minProperties"], s["maxProperties"] = 1, 1
		return s
	case tag.Name, tag.Place:
		at := d.group([]tag.Key{{Name: "at", Kind: tag.Text, Required: true}})
		if k.Of != nil {
			at = d.of(k)
		}
		return object{"anyOf": []any{object{"type": "string"}, at}}
	case tag.Enum:
		return object{"anyOf": []any{object{"enum": k.Enum}, expression}}
	case tag.Bool:
		return object{"anyOf": []any{object{"type": "boolean"}, expression}}
	case tag.Int:
		return object{"anyOf": []any{object{"type": "integer"}, expression}}
	case tag.Number:
		return object{"anyOf": []any{object{"type": "number"}, expression}}
	case tag.Duration:
		return object{"type": "string", "pattern": `^([0-9.]+(ns|us|ms|s|m|h))+$|\$\{`}
	case tag.Size:
		return object{"type": "string", "pattern": `^[0-9.]+(B|KiB|MiB|GiB|TiB)$|\$\{`}
	case tag.Rate:
		return object{"type": "string", "pattern": `^[0-9.]+/[smh]$|\$\{`}
	case tag.Share:
		return object{"type": "string", "pattern": `^[0-9.]+%$|\$\{`}
	}
	return object{"type": "string"}
}

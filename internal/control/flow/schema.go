package flow

import (
	"bytes"
	"encoding/json"
	"reflect"
	"strconv"
	"strings"

	"godwit/internal/control/flow/tag"
	"godwit/internal/unit"
)

type object = map[string]any

// Schema is the JSON schema (draft 2020-12) of a flow file, for editors; that
// of godwit.yaml is in it as #/$defs/project. Both are made from the same tags
// that the decoder reads.
func Schema(lang Language) []byte {
	d := defs{}
	verbs, needed := object{}, []any{}
	for _, word := range verbNames(lang) {
		forms := []any{}
		for _, v := range unit.Forms(lang.Verbs, word) {
			forms = append(forms, describe(d.group(Keys(v.Spec())), v.Help, ""))
		}
		if verbs[word] = forms[0]; len(forms) > 1 {
			verbs[word] = object{"anyOf": forms}
		}
		needed = append(needed, object{"required": []string{word}})
	}
	step := d.group(Keys(attributes{}))
	for name, s := range verbs {
		step["properties"].(object)[name] = s
	}
	step["oneOf"] = needed
	systems, one := object{}, []any{}
	for _, s := range lang.Systems {
		systems[s.System] = d.group(Keys(s.Settings()))
		one = append(one, object{"required": []string{s.System}})
	}
	connection := object{"type": "object", "properties": systems, "additionalProperties": false, "oneOf": one}
	project := d.group(Keys(projectKeys{}))
	project["properties"].(object)["environments"] = names(d.group(Keys(environmentKeys{})))
	project["properties"].(object)["connections"] = names(ref("connection"))
	flow := d.group(Keys(flowKeys{}))
	flow["properties"].(object)["inputs"] = names(d.group(Keys(declaration{})))
	flow["properties"].(object)["connections"] = names(ref("connection"))
	flow["properties"].(object)["steps"] = object{"type": "array", "minItems": 1, "items": ref("step")}
	flow["$schema"] = "https://json-schema.org/draft/2020-12/schema"
	flow["title"] = "godwit flow"
	d["step"], d["connection"], d["project"] = step, connection, project
	flow["$defs"] = d
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	if err := e.Encode(flow); err != nil {
		panic("encode schema: " + err.Error())
	}
	return b.Bytes()
}

func ref(name string) object { return object{"$ref": "#/$defs/" + name} }

func names(of object) object { return object{"type": "object", "additionalProperties": of} }

// defs are the schema's parts that are used by name: files of their own, and
// structs that hold themselves.
type defs map[string]any

func (d defs) group(keys []Key) object {
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
func (d defs) of(k Key) object {
	if !holds(k.Of, k.Of, map[reflect.Type]bool{}) {
		return d.group(k.Keys())
	}
	name := strings.ToLower(k.Of.Name())
	d.define(name, k)
	return ref(name)
}

func (d defs) define(name string, k Key) {
	if _, there := d[name]; !there {
		d[name] = nil // it is being made
		d[name] = d.group(k.Keys())
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

func (d defs) key(k Key) object {
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
	case raw, Value:
		return object{}
	case Group:
		if k.Short() != "" {
			return object{"anyOf": []any{object{"type": "string"}, d.of(k)}}
		}
		return d.of(k)
	case File:
		d.define(strings.ToLower(k.Of.Name()), k)
		return object{"type": "string"}
	case Secret:
		s := d.group(Keys(origin{}))
		s["minProperties"], s["maxProperties"] = 1, 1
		return s
	case Name, Place:
		at := d.group([]Key{{Name: "at", Kind: Text, Required: true}})
		if k.Of != nil {
			at = d.of(k)
		}
		return object{"anyOf": []any{object{"type": "string"}, at}}
	case Enum:
		return object{"anyOf": []any{object{"enum": k.Enum}, expression}}
	case Bool:
		return object{"anyOf": []any{object{"type": "boolean"}, expression}}
	case Int:
		return object{"anyOf": []any{object{"type": "integer"}, expression}}
	case Number:
		return object{"anyOf": []any{object{"type": "number"}, expression}}
	case Duration:
		return object{"type": "string", "pattern": `^([0-9.]+(ns|us|ms|s|m|h))+$|\$\{`}
	case Size:
		return object{"type": "string", "pattern": `^[0-9.]+(B|KiB|MiB|GiB|TiB)$|\$\{`}
	case Rate:
		return object{"type": "string", "pattern": `^[0-9.]+/[smh]$|\$\{`}
	case Share:
		return object{"type": "string", "pattern": `^[0-9.]+%$|\$\{`}
	}
	return object{"type": "string"}
}

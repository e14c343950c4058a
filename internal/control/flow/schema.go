package flow

import (
	"bytes"
	"encoding/json"
	"strconv"
	"strings"
)

type object = map[string]any

// Schema is the JSON schema (draft 2020-12) of a flow file, for editors; that
// of godwit.yaml is in it as #/$defs/project. Both are made from the same tags
// that the decoder reads.
func Schema(lang Language) []byte {
	verbs, needed := object{}, []any{}
	for _, v := range lang.Verbs {
		verbs[v.Name] = describe(keySchema(Key{Kind: Group, Keys: Keys(v.Spec())}), v.Help, "")
		needed = append(needed, object{"required": []string{v.Name}})
	}
	step := group(Keys(attributes{}))
	for name, s := range verbs {
		step["properties"].(object)[name] = s
	}
	step["oneOf"] = needed
	systems, one := object{}, []any{}
	for _, s := range lang.Systems {
		systems[s.System] = keySchema(Key{Kind: Group, Keys: Keys(s.Settings())})
		one = append(one, object{"required": []string{s.System}})
	}
	connection := object{"type": "object", "properties": systems, "additionalProperties": false, "oneOf": one}
	project := group(Keys(projectKeys{}))
	project["properties"].(object)["environments"] = names(group(Keys(environmentKeys{})))
	project["properties"].(object)["connections"] = names(ref("connection"))
	flow := group(Keys(flowKeys{}))
	flow["properties"].(object)["inputs"] = names(group(Keys(declaration{})))
	flow["properties"].(object)["connections"] = names(ref("connection"))
	flow["properties"].(object)["steps"] = object{"type": "array", "minItems": 1, "items": ref("step")}
	flow["$schema"] = "https://json-schema.org/draft/2020-12/schema"
	flow["title"] = "godwit flow"
	flow["$defs"] = object{"step": step, "connection": connection, "project": project}
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

func group(keys []Key) object {
	properties, required := object{}, []string{}
	for _, k := range keys {
		properties[k.Name] = describe(keySchema(k), k.Help, k.Default)
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

// expression is what may stand for any value.
var expression = object{"type": "string", "pattern": `\$\{`}

func keySchema(k Key) object {
	switch {
	case k.Map:
		k.Map = false
		return names(keySchema(k))
	case k.List:
		k.List = false
		return object{"anyOf": []any{object{"type": "array", "items": keySchema(k)}, expression}}
	}
	switch k.Kind {
	case raw:
		return object{}
	case Group:
		return group(k.Keys)
	case Secret:
		s := group(Keys(origin{}))
		s["minProperties"], s["maxProperties"] = 1, 1
		return s
	case Name, Place:
		at := group([]Key{{Name: "at", Kind: Text, Required: true}})
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

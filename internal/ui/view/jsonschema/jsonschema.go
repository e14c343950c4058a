// Package jsonschema describes Go structs by JSON Schema (2020-12), as
// encoding/json writes them.
package jsonschema

import (
	"reflect"
	"strings"
	"time"
)

// Object is the schema of a struct; its field "type" is a constant. Fields that
// are never left out are required.
func Object(v any, kind string) map[string]any {
	object := structOf(reflect.TypeOf(v))
	object["properties"].(map[string]any)["type"] = map[string]any{"const": kind}
	required := []string{"type"}
	for _, name := range object["required"].([]string) {
		if name != "type" {
			required = append(required, name)
		}
	}
	object["required"] = required
	return object
}

func structOf(t reflect.Type) map[string]any {
	properties, required := map[string]any{}, []string{}
	for i := range t.NumField() {
		name, options, _ := strings.Cut(t.Field(i).Tag.Get("json"), ",")
		if name == "-" {
			continue
		}
		properties[name] = schemaOf(t.Field(i).Type)
		if !strings.Contains(options, "omit") {
			required = append(required, name)
		}
	}
	return map[string]any{"type": "object", "properties": properties, "required": required}
}

func schemaOf(t reflect.Type) map[string]any {
	switch {
	case t.Kind() == reflect.Pointer:
		return schemaOf(t.Elem())
	case t == reflect.TypeFor[time.Time]():
		return map[string]any{"type": "string", "format": "date-time"}
	case t.Kind() == reflect.Struct:
		return structOf(t)
	case t.Kind() == reflect.Slice:
		return map[string]any{"type": "array", "items": schemaOf(t.Elem())}
	case t.Kind() == reflect.Map:
		return map[string]any{"type": "object", "additionalProperties": schemaOf(t.Elem())}
	case t.Kind() == reflect.Bool:
		return map[string]any{"type": "boolean"}
	case t.Kind() == reflect.Float64:
		return map[string]any{"type": "number"}
	case t.Kind() == reflect.Int, t.Kind() == reflect.Int64:
		return map[string]any{"type": "integer"}
	}
	return map[string]any{"type": "string"}
}

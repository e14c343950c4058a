// Package jsonschema describes Go structs by JSON Schema (2020-12), as
// encoding/json writes them.
package jsonschema

import (
	"encoding/json"
	"reflect"
	"strings"
	"time"
)

// Kind is a type of line in a stream, with the struct that it has beside what all
// have.
type Kind struct {
	Name string
	Body any
}

// Lines is the schema of a stream of lines, indented: the first one, and those of
// each kind. Lines of other kinds are there to be ignored.
func Lines(title string, first Kind, all any, kinds []Kind) []byte {
	names := []string{first.Name}
	for _, k := range kinds {
		names = append(names, k.Name)
	}
	oneOf := []any{Object(first.Body, first.Name), map[string]any{
		"description": "any other type: to be ignored by readers that do not know it",
		"type":        "object", "required": []string{"type"},
		"properties": map[string]any{"type": map[string]any{"not": map[string]any{"enum": names}}},
	}}
	for _, k := range kinds {
		object, own := Object(all, k.Name), Object(k.Body, k.Name)
		for name, schema := range own["properties"].(map[string]any) {
			object["properties"].(map[string]any)[name] = schema
		}
		object["required"] = append(object["required"].([]string), own["required"].([]string)[1:]...)
		oneOf = append(oneOf, object)
	}
	b, err := json.MarshalIndent(map[string]any{
		"$schema": "https://json-schema.org/draft/2020-12/schema", "title": title, "oneOf": oneOf,
	}, "", "  ")
	if err != nil {
		panic("encode schema: " + err.Error()) // maps and strings only
	}
	return append(b, '\n')
}

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

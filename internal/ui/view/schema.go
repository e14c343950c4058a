package view

import (
	"encoding/json"
	"reflect"
	"strings"
	"time"

	"godwit/internal/unit"
)

// bodies names the struct of every type that the stream promises.
var bodies = []struct {
	kind string
	body any
}{
	{"doctor.finding", Finding{}},
	{unit.RunStarted, RunStarted{}},
	{unit.RunPaused, RunState{}},
	{unit.RunResumed, RunState{}},
	{unit.RunCancelled, RunState{}},
	{unit.RunApproved, RunState{}},
	{unit.RunFinished, RunFinished{}},
	{unit.UnitStarted, UnitEnded{}},
	{unit.UnitDone, UnitEnded{}},
	{unit.UnitRetry, UnitEnded{}},
	{unit.UnitFailed, UnitEnded{}},
	{unit.UnitYielded, UnitEnded{}},
	{unit.UnitUndone, UnitEnded{}},
	{unit.WaitBegan, WaitEvent{}},
	{unit.WaitOver, WaitEvent{}},
	{unit.SnapshotOpened, SnapshotEvent{}},
	{unit.SnapshotLost, SnapshotEvent{}},
	{unit.VerifyTable, VerifyTable{}},
	{unit.VerifyDiffers, VerifyDifference{}},
	{"progress", Progress{}},
	{unit.ErrorSeen, ErrorEvent{}},
}

// EventsSchema is the JSON Schema (2020-12) of one line of the stream, made
// from the structs that write it.
func EventsSchema() []byte {
	oneOf := []any{objectOf(Opening{}, "godwit"), map[string]any{
		"description": "any other type: to be ignored by readers that do not know it",
		"type":        "object", "required": []string{"type"},
		"properties": map[string]any{"type": map[string]any{"not": map[string]any{"enum": known()}}},
	}}
	for _, b := range bodies {
		object := objectOf(Event{}, b.kind)
		own := objectOf(b.body, b.kind)
		for name, schema := range own["properties"].(map[string]any) {
			object["properties"].(map[string]any)[name] = schema
		}
		object["required"] = append(object["required"].([]string), own["required"].([]string)[1:]...)
		oneOf = append(oneOf, object)
	}
	b, err := json.MarshalIndent(map[string]any{
		"$schema": "https://json-schema.org/draft/2020-12/schema",
		"title":   "godwit events, v 1: one object per line",
		"oneOf":   oneOf,
	}, "", "  ")
	if err != nil {
		panic("encode events schema: " + err.Error()) // maps and strings only
	}
	return append(b, '\n')
}

func known() []string {
	names := []string{"godwit"}
	for _, b := range bodies {
		names = append(names, b.kind)
	}
	return names
}

// objectOf is the schema of a struct; its field "type" is a constant.
func objectOf(v any, kind string) map[string]any {
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

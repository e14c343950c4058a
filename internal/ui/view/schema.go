package view

import (
	"encoding/json"

	"godwit/internal/ui/view/jsonschema"
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
	oneOf := []any{jsonschema.Object(Opening{}, "godwit"), map[string]any{
		"description": "any other type: to be ignored by readers that do not know it",
		"type":        "object", "required": []string{"type"},
		"properties": map[string]any{"type": map[string]any{"not": map[string]any{"enum": known()}}},
	}}
	for _, b := range bodies {
		object := jsonschema.Object(Event{}, b.kind)
		own := jsonschema.Object(b.body, b.kind)
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

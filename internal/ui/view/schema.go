package view

import (
	"godwit/internal/ui/view/jsonschema"
	"godwit/internal/unit"
)

// bodies names the struct of every type that the stream promises.
var bodies = []jsonschema.Kind{
	{Name: "doctor.finding", Body: Finding{}},
	{Name: unit.RunStarted, Body: RunStarted{}},
	{Name: unit.RunPaused, Body: RunState{}},
	{Name: unit.RunResumed, Body: RunState{}},
	{Name: unit.RunCancelled, Body: RunState{}},
	{Name: unit.RunApproved, Body: RunState{}},
	{Name: unit.RunFinished, Body: RunFinished{}},
	{Name: unit.UnitStarted, Body: UnitEnded{}},
	{Name: unit.UnitDone, Body: UnitEnded{}},
	{Name: unit.UnitRetry, Body: UnitEnded{}},
	{Name: unit.UnitFailed, Body: UnitEnded{}},
	{Name: unit.UnitYielded, Body: UnitEnded{}},
	{Name: unit.UnitUndone, Body: UnitEnded{}},
	{Name: unit.WaitBegan, Body: WaitEvent{}},
	{Name: unit.WaitOver, Body: WaitEvent{}},
	{Name: unit.SnapshotOpened, Body: SnapshotEvent{}},
	{Name: unit.SnapshotLost, Body: SnapshotEvent{}},
	{Name: unit.VerifyTable, Body: VerifyTable{}},
	{Name: unit.VerifyDiffers, Body: VerifyDifference{}},
	{Name: "progress", Body: Progress{}},
	{Name: unit.AlarmTold, Body: unit.Alarm{}},
	{Name: unit.ErrorSeen, Body: ErrorEvent{}},
}

// EventsSchema is the JSON Schema (2020-12) of one line of the stream, made
// from the structs that write it.
func EventsSchema() []byte {
	return jsonschema.Lines("godwit events, v 1: one object per line", jsonschema.Kind{Name: "godwit", Body: Opening{}}, Event{}, bodies)
}

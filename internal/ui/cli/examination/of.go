package examination

import (
	"godwit/internal/control/run"
	"godwit/internal/ui/view"
)

// Of is the examination that found this, without what is only known to the command.
func Of(found *run.Diagnosis) Examination {
	e := Examination{Took: found.Took}
	for _, side := range found.Sides {
		if db := side.Database; db != nil {
			one := view.Side{Name: side.Name, System: db.System, Version: db.Version, Database: db.Name}
			if side.Role == "source" {
				one.Tables, one.Schemas, one.Bytes = int64(len(db.Tables)), int64(len(db.Schemas)), db.Bytes
			}
			e.Sides = append(e.Sides, one)
		}
	}
	passed := map[string]int64{}
	for _, f := range found.Findings {
		e.Findings = append(e.Findings, view.Finding{Severity: f.Severity, Connection: f.Connection, Code: f.Code, Object: f.Object, Text: f.Text, Fixes: fixed(f.Fixes), Or: f.Or})
		if f.Severity == "ok" {
			passed[f.Connection]++
		}
	}
	for _, side := range found.Sides {
		e.Passed = append(e.Passed, Passed{On: side.Name, Count: passed[side.Name]})
	}
	return e
}

package story

import (
	"strings"

	"godwit/internal/control/run"
	"godwit/internal/ui/view"
)

// Doctor is what an examination found, as it is shown.
func Doctor(found *run.Diagnosis) view.Doctor {
	v := view.Doctor{Took: found.Took}
	for _, side := range found.Sides {
		if db := side.Database; db != nil {
			one := view.Side{Name: side.Name, System: db.System, Version: db.Version, Database: db.Name}
			if side.Role == "source" {
				one.Tables, one.Schemas, one.Bytes = int64(len(db.Tables)), int64(len(db.Schemas)), db.Bytes
			}
			v.Sides = append(v.Sides, one)
		}
	}
	passed := map[string]int64{}
	for _, f := range found.Findings {
		v.Findings = append(v.Findings, view.Finding{Severity: f.Severity, Connection: f.Connection, Code: f.Code, Object: f.Object, Text: f.Text, Fixes: Fixes(f.Fixes), Or: f.Or})
		if f.Severity == "ok" {
			passed[f.Connection]++
		}
	}
	for _, side := range found.Sides {
		v.Passed = append(v.Passed, view.Passed{On: side.Name, Count: passed[side.Name]})
	}
	return v
}

// Fixes are statements as psql wants them.
func Fixes(fixes []string) []string {
	list := make([]string, len(fixes))
	for i, f := range fixes {
		list[i] = strings.TrimSuffix(strings.TrimSpace(f), ";") + ";"
	}
	return list
}

// Examined is what an examination looked at and how much it found, for programs.
type Examined struct {
	Blocking    int        `json:"blocking"`
	Warnings    int        `json:"warnings"`
	OK          int        `json:"ok"`
	Connections []LookedAt `json:"connections"` // that were reached
	Duration    float64    `json:"duration_s"`
}

// LookedAt is a connection with how many checks were in order there.
type LookedAt struct {
	Name     string `json:"name"`
	System   string `json:"system"`
	Version  string `json:"version,omitempty"`
	Database string `json:"database,omitempty"`
	OK       int64  `json:"ok"`
}

// Examination counts what was found.
func Examination(v view.Doctor) Examined {
	e := Examined{Connections: []LookedAt{}, Duration: v.Took.Seconds()}
	for _, f := range v.Findings {
		switch f.Severity {
		case "blocks":
			e.Blocking++
		case "warns":
			e.Warnings++
		default:
			e.OK++
		}
	}
	for _, s := range v.Sides {
		one := LookedAt{Name: s.Name, System: s.System, Version: s.Version, Database: s.Database}
		for _, p := range v.Passed {
			if p.On == s.Name {
				one.OK = p.Count
			}
		}
		e.Connections = append(e.Connections, one)
	}
	return e
}

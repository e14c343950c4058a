package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"time"
)

// result is all that was measured, as it is written to bench/out.
type result struct {
	Began   time.Time `json:"began"`
	Machine string    `json:"machine"`
	Scale   float64   `json:"scale"`
	Parts   []*part   `json:"parts"`
	Goals   []goal    `json:"goals"`
}

// part is one data set with all that moved it.
type part struct {
	Name       string     `json:"name"`
	Set        string     `json:"set"`
	Tables     int        `json:"tables,omitempty"`
	Hashing    float64    `json:"hashing,omitempty"` // CPU seconds that the sums of all rows take
	Contenders []measured `json:"contenders"`
}

// measured is one contender's readings, one for each round.
type measured struct {
	Name     string    `json:"name"`
	Missing  string    `json:"missing,omitempty"`
	Records  int       `json:"records,omitempty"` // that each reading loads
	Readings []reading `json:"readings,omitempty"`
}

// bad says why a contender's figures are worth nothing.
func (m *measured) bad() string {
	if m.Missing != "" {
		return "missing: " + m.Missing
	}
	for _, r := range m.Readings {
		if r.Failed != "" {
			return "failed: " + r.Failed
		}
		if r.Same != "" && r.Same != "same" && r.Same != "same counts" {
			return r.Same
		}
	}
	if len(m.Readings) == 0 {
		return "not measured"
	}
	return ""
}

// least and median of a figure over the rounds.
func (m *measured) least(figure func(reading) float64) float64 { return m.sorted(figure)[0] }

func (m *measured) median(figure func(reading) float64) float64 {
	all := m.sorted(figure)
	return all[len(all)/2]
}

func (m *measured) most(figure func(reading) float64) float64 {
	all := m.sorted(figure)
	return all[len(all)-1]
}

func (m *measured) sorted(figure func(reading) float64) []float64 {
	var all []float64
	for _, r := range m.Readings {
		all = append(all, figure(r))
	}
	slices.Sort(all)
	return all
}

// disturbed says that others had more than a fifth of the wall in every round.
func (m *measured) disturbed() bool {
	return m.least(func(r reading) float64 { return r.Others / r.Wall }) > 0.2
}

// find is nil when there are no figures to go by.
func (r *result) find(part, name string) *measured {
	for _, p := range r.Parts {
		if p.Name != part {
			continue
		}
		for i := range p.Contenders {
			if m := &p.Contenders[i]; m.Name == name && m.bad() == "" {
				return m
			}
		}
	}
	return nil
}

// save writes the results under the time at which the bench began.
func (r *result) save(folder string) error {
	text, err := json.MarshalIndent(r, "", "  ")
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(folder, r.Began.Format("20060102-150405")+".json"), append(text, '\n'), 0o644)
}

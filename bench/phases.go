package main

import (
	"cmp"
	"context"
	"database/sql"
	"fmt"
	"slices"

	_ "modernc.org/sqlite" // the ledger's
)

// phase is what the units of one kind took.
type phase struct {
	Units int     `json:"units"`
	Work  float64 `json:"work"` // seconds of all units together
	Span  float64 `json:"span"` // seconds in which at least one of them ran
}

// phases are by kind of unit; with the sums data, definitions, copy, verify.
type phases map[string]phase

// The sums, by kind.
var sums = map[string][]string{
	"rows":        {"data", "small"},
	"definitions": {"define", "index", "key", "foreign", "view"},
	"verify":      {"table", "around"},
	"copy":        {"define", "data", "small", "reconcile", "index", "key", "foreign", "sequence", "blob", "view", "analyze", "marks"},
}

type interval struct {
	kind       string
	start, end int64 // ms
}

// readPhases reads them from a ledger that nobody writes any more.
func readPhases(ctx context.Context, file string) (phases, error) {
	db, err := sql.Open("sqlite", "file:"+file+"?mode=ro")
	if err != nil {
		return nil, err
	}
	defer db.Close()
	rows, err := db.QueryContext(ctx, "SELECT kind, started, ended FROM unit WHERE started > 0 AND ended > 0")
	if err != nil {
		return nil, fmt.Errorf("read the ledger's units: %w", err)
	}
	defer rows.Close()
	var all []interval
	for rows.Next() {
		var i interval
		if err := rows.Scan(&i.kind, &i.start, &i.end); err != nil {
			return nil, fmt.Errorf("read the ledger's units: %w", err)
		}
		all = append(all, i)
	}
	if err := rows.Err(); err != nil {
		return nil, fmt.Errorf("read the ledger's units: %w", err)
	}
	return sumPhases(all), nil
}

func sumPhases(all []interval) phases {
	by := map[string][]interval{}
	for _, i := range all {
		by[i.kind] = append(by[i.kind], i)
		for name, kinds := range sums {
			if slices.Contains(kinds, i.kind) {
				by["= "+name] = append(by["= "+name], i)
			}
		}
	}
	p := phases{}
	for kind, list := range by {
		p[kind] = sumUp(list)
	}
	return p
}

func sumUp(list []interval) phase {
	slices.SortFunc(list, func(a, b interval) int { return cmp.Compare(a.start, b.start) })
	p := phase{Units: len(list)}
	var until int64
	for _, i := range list {
		p.Work += float64(i.end-i.start) / 1000
		if i.end > until {
			p.Span += float64(i.end-max(until, i.start)) / 1000
			until = i.end
		}
	}
	return p
}

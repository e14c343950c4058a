// Package tables refuses tables that records cannot be written to, before any is.
package tables

import (
	"slices"
	"strings"

	"godwit/internal/catalog"
	"godwit/internal/fault"
)

// OneLogging refuses tables of which a crash of the target would empty some only: a
// chunk's mark lives and dies with all of its rows.
func OneLogging(tables []catalog.TargetTable) error {
	for _, t := range tables {
		if t.Mixed || t.Unlogged != tables[0].Unlogged {
			is := "logged"
			if tables[0].Unlogged {
				is = "unlogged"
			}
			e := fault.New(fault.Config, "target.logging", "of what records go into, some tables are logged and some are not: a crash of the target would empty these only")
			if t.Mixed {
				e.With("table", "%s has partitions of both kinds", t.Name)
			} else {
				e.With("table", "%s is %s, %s is not", tables[0].Name, is, t.Name)
			}
			return e.Hint("ALTER TABLE ... SET LOGGED, of all of them")
		}
	}
	return nil
}

// Mergeable refuses tables whose rows no unique index tells apart by their key:
// the target would say so when the first records come.
func Mergeable(list []catalog.Into, tables []catalog.TargetTable) error {
	for i, to := range list {
		alike := func(columns []string) bool {
			return len(columns) == len(to.Key) && !slices.ContainsFunc(to.Key, func(c string) bool { return !slices.Contains(columns, c) })
		}
		if !slices.ContainsFunc(tables[i].Unique, alike) {
			return fault.New(fault.Config, "target.no-unique", "no unique index of %s is over its key alone: %s", to.Table, strings.Join(to.Key, ", ")).
				Hint("CREATE UNIQUE INDEX ON %s (%s);", to.Table.SQL(), strings.Join(to.Key, ", "))
		}
	}
	return nil
}

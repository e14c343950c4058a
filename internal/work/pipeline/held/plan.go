package held

import (
	"slices"
	"strings"

	"godwit/internal/catalog"
	"godwit/internal/connector"
	"godwit/internal/fault"
	"godwit/internal/unit"
)

// Tags of units that others of the step wait for.
const (
	Staged    = "staged"
	Loaded    = "loaded"
	Published = "published" // or what is gone is away
)

// Place is what a flow says of a target.
type Place struct {
	Mode, Gone, Mark string
	Key              []string
}

// Holds reports whether anything is held back.
func (p Place) Holds() bool { return p.Mode == connector.ModeReplace || p.gone() }

func (p Place) gone() bool { return p.Gone != "" && p.Gone != connector.GoneKeep }

// Problem is what the keys of a place have against each other, and at which.
func (p Place) Problem() (path, text string) {
	switch {
	case p.gone() && p.Mode == connector.ModeReplace:
		return "to.gone", "mode: replace keeps no row that was not read: gone belongs to mode: merge"
	case p.gone() && p.Mode != connector.ModeMerge:
		return "to.gone", "gone belongs to mode: merge, which knows rows by their key"
	case p.Gone == connector.GoneMark && p.Mark == "":
		return "to.gone", "gone: mark needs mark, the column that is set"
	case p.Mark != "" && p.Gone != connector.GoneMark:
		return "to.mark", "mark belongs to gone: mark"
	}
	return "", ""
}

// Units adds those around loads that hold something back in tables.
func (p Place) Units(step string, s Spec, tables []catalog.TargetTable, loads []unit.Unit) ([]unit.Unit, error) {
	if p.Key != nil && !unique(tables[0], p.Key) {
		return nil, fault.New(fault.Config, "target.no-unique", "no unique index of %s is over its key alone", tables[0].Name).
			Hint("CREATE UNIQUE INDEX ON %s (%s);", tables[0].Name.SQL(), quoted(p.Key))
	}
	if p.gone() {
		s.Gone, s.Mark = p.Gone, p.Mark
		if err := p.markable(s, tables[0]); err != nil {
			return nil, err
		}
	}
	u := unit.Unit{ID: unit.ID(step, kindStage, loads[0].Entity, 1), Step: step, Kind: kindStage, Entity: loads[0].Entity,
		Class: "other", Weight: 1, Tags: []string{Staged}, Spec: unit.Body(s)}
	all := []unit.Unit{u}
	for _, load := range loads {
		load.After = []string{Staged}
		all = append(all, load)
		if s.Gone == "" || s.Remembered != nil {
			s.Loads = append(s.Loads, load.ID)
		}
	}
	if u.Kind = kindPublish; s.Gone != "" {
		u.Kind = kindGone
	}
	u.ID, u.Tags, u.After, u.Spec = unit.ID(step, u.Kind, u.Entity, 1), []string{Published}, []string{Loaded}, unit.Body(s)
	return append(all, u), nil
}

// markable refuses a column that cannot say that a row is gone.
func (p Place) markable(s Spec, t catalog.TargetTable) error {
	if p.Gone != connector.GoneMark {
		return nil
	}
	i := slices.IndexFunc(t.Columns, func(c catalog.TargetColumn) bool { return c.Name == p.Mark })
	bad := func(format string, args ...any) error {
		return fault.New(fault.Config, "load.gone", format, args...).
			Hint("mark needs a column of type boolean, date or timestamp that no field fills")
	}
	switch {
	case i < 0:
		return bad("mark: table %s has no column %q", t.Name, p.Mark)
	case t.Columns[i].Generated || slices.Contains(s.Into[0].Columns, p.Mark):
		return bad("mark: column %q of %s is filled otherwise", p.Mark, t.Name)
	case !slices.Contains([]catalog.Kind{catalog.KindBool, catalog.KindDate, catalog.KindTimestamp}, t.Columns[i].Type.Kind):
		return bad("mark: column %q of %s is of type %s", p.Mark, t.Name, t.Columns[i].Type)
	case t.Columns[i].NotNull && t.Columns[i].Type.Kind != catalog.KindBool:
		return bad("mark: column %q of %s is NOT NULL: of a row that is there it has to be null", p.Mark, t.Name)
	}
	return nil
}

// Again is how a redrive of a replacement writes: the rest of its records goes
// to those that were published, in the place of a row of the same key where the
// keys are the tables' own.
func Again(into []catalog.Into, tables []catalog.TargetTable) string {
	for i, to := range into {
		if len(to.Key) == 0 || !within(to.Key, to.Columns) || !unique(tables[i], to.Key) {
			return connector.ModeAppend
		}
	}
	return connector.ModeMerge
}

// unique reports whether a table has an index that tells rows apart by just
// these columns.
func unique(t catalog.TargetTable, key []string) bool {
	return slices.ContainsFunc(t.Unique, func(u []string) bool { return len(u) == len(key) && within(u, key) })
}

func within(some, list []string) bool {
	return !slices.ContainsFunc(some, func(c string) bool { return !slices.Contains(list, c) })
}

func quoted(names []string) string {
	list := make([]string, len(names))
	for i, n := range names {
		list[i] = catalog.Quote(n)
	}
	return strings.Join(list, ", ")
}

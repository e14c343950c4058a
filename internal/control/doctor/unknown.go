package doctor

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"godwit/internal/catalog"
	"godwit/internal/connector"
	"godwit/internal/fault"
	"godwit/internal/unit"
)

// Unknown refuses to add rows to tables that hold those of a run which the
// ledger does not know: when its ledger was lost, they would be there twice.
// The marks that it left tell. held are the tables with rows, nil = to be
// counted; runs gives the UIDs that the ledger knows.
func Unknown(ctx context.Context, open connector.Opener, n unit.Needs, facts catalog.Facts, held []Held,
	runs func(context.Context) (map[string]bool, error),
) error {
	if n.Existing != appends {
		return nil
	}
	w, err := connector.Capable[connector.Writer](ctx, open, n.To, "be written in marked transactions")
	if err != nil {
		return err
	}
	k, ok := w.(connector.Keeper)
	if !ok {
		return nil
	}
	kept, err := k.Kept(ctx)
	if err != nil || len(kept) == 0 {
		return err
	}
	known, err := runs(ctx)
	if err != nil {
		return err
	}
	kept = slices.DeleteFunc(kept, func(k connector.Kept) bool { return known[k.Run] })
	if len(kept) > 0 && held == nil {
		if held, err = Counted(ctx, open, n, facts); err != nil {
			return err
		}
	}
	for _, of := range kept {
		theirs := slices.DeleteFunc(slices.Clone(kept), func(k connector.Kept) bool { return k.Run != of.Run })
		if tables, rows, last := added(theirs, held); len(tables) > 0 {
			return strange(of.Run, n.To, tables, rows, last)
		}
	}
	return nil
}

// added lists the tables that a run's marks may stand for rows of. Those of
// small tables, which share their marks, do not say which.
func added(kept []connector.Kept, held []Held) (tables []catalog.Name, rows int64, last time.Time) {
	for _, h := range held {
		found := false
		for _, k := range kept {
			if strings.Contains(k.Unit, "/small/") || strings.Contains(k.Unit, within("data", h.Table)) || strings.Contains(k.Unit, within("load", h.Table)) {
				found = true
			}
		}
		if found {
			tables = append(tables, h.Table)
		}
	}
	for _, k := range kept {
		rows += k.Rows
		if k.Last.After(last) {
			last = k.Last
		}
	}
	return tables, rows, last
}

// within is the part of a unit's name that says what it is of.
func within(kind string, table catalog.Name) string {
	return strings.TrimSuffix(unit.ID("", kind, table.String(), 1), "1")
}

func strange(run, to string, tables []catalog.Name, rows int64, last time.Time) error {
	e := fault.New(fault.Config, "target.marks-unknown",
		"%s holds marks of run %s, which this ledger does not know and which has not ended: what it copied would be there twice", to, run)
	for i, t := range tables {
		if i == 5 {
			e = e.With("", "and %d more", len(tables)-i)
			break
		}
		e = e.With("table", "%s", t)
	}
	e = e.With("marked", "%d rows, the last at %s", rows, last.UTC().Format(time.DateTime+" MST"))
	return e.Hint("with the ledger of that run (--ledger): resume it, or cancel it and take away what it copied").
		Hint("without: see what of it these tables hold and take that away, then at %s: %s", to, forget(run))
}

// forget is what takes a run's marks away by hand.
func forget(run string) string {
	var all []string
	for _, table := range []string{"godwit.mark", "godwit.mark_unlogged"} {
		all = append(all, fmt.Sprintf("DELETE FROM %s WHERE run = '%s';", table, run))
	}
	return strings.Join(all, " ")
}

package held

import (
	"context"
	"slices"

	"godwit/internal/connector"
	"godwit/internal/fault"
	"godwit/internal/record"
)

// Aim is where the rows of a chunk go, and the keys of its records.
type Aim struct {
	Mode string
	Into []connector.Into
	keys *connector.Into // nil: they are not noted
	real []connector.Into
	to   string
}

// At aims a chunk's transaction at tables, or at those beside them; with keys it
// notes these.
func At(to string, target any, tx connector.Transaction, h connector.Holder, mode string, into []connector.Into, keys bool) (Aim, error) {
	a := Aim{Mode: mode, Into: into, real: into, to: to}
	if mode != connector.ModeReplace && !keys {
		return a, nil
	}
	stager, ok := target.(connector.Stager)
	if !ok {
		return a, fault.New(fault.Config, "connection.unable", "%s cannot hold records back", to)
	}
	stage := stager.Stage(tx, h)
	if mode == connector.ModeReplace {
		a.Mode, a.Into = connector.ModeAppend, stage.Tables(into)
		return a, nil
	}
	k := stage.Keys(into[0])
	a.keys = &k
	return a, nil
}

// Write writes records, and says in words about the targets what became of them.
func (a Aim) Write(ctx context.Context, load connector.RecordLoad, page []record.Mapped) ([]connector.Became, error) {
	became, err := load.WriteRecords(ctx, a.Mode, a.Into, page)
	for _, b := range became {
		if b.Refusal == nil {
			continue
		}
		if i := slices.IndexFunc(a.Into, func(t connector.Into) bool { return b.Refusal.Where == t.Table.String() }); i >= 0 {
			b.Refusal.Where = a.real[i].Table.String()
		}
	}
	return became, a.lost(err)
}

// lost says that the tables of what is held back are not there.
func (a Aim) lost(err error) error {
	if fault.CodeOf(err) != "table.unknown" {
		return err
	}
	return fault.New(fault.Config, "stage.gone", "the records that were to go into %s are not held back any more", a.real[0].Table).
		Hint("a later run into the same table has taken them away, or somebody dropped them").
		Hint("nothing was changed; the same command with --new begins anew")
}

// Note writes the keys of all records of a page, nil where one cannot be told:
// whatever became of them, they are in the source.
func (a Aim) Note(ctx context.Context, load connector.RecordLoad, all [][]any) error {
	if a.keys == nil {
		return nil
	}
	page := make([]record.Mapped, 0, len(all))
	untold := false
	for _, key := range all {
		if key == nil || slices.ContainsFunc(key, func(v any) bool { return v == nil || v == record.Missing }) {
			untold = true
			continue
		}
		page = append(page, record.Mapped{Rows: []record.Row{{Slots: key}}})
	}
	write := func(page []record.Mapped) error {
		became, err := load.WriteRecords(ctx, connector.ModeAppend, []connector.Into{*a.keys}, page)
		for _, b := range became {
			untold = untold || b.Outcome != record.Applied // no value of the column
		}
		return fault.Wrap(a.lost(err), "note keys at %s", a.to)
	}
	if len(page) > 0 {
		if err := write(page); err != nil {
			return err
		}
	}
	if !untold {
		return nil
	}
	return write([]record.Mapped{{Rows: []record.Row{{Slots: make([]any, len(a.keys.Columns))}}}})
}

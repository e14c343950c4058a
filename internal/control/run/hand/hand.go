// Package hand is what people do to records that were not loaded: put them
// right by hand, dismiss those that will not come, take that back, have them sent
// once more as they were. Nothing here touches a system. Start at Patch.
package hand

import (
	"context"
	"slices"

	"godwit/internal/catalog"
	"godwit/internal/fault"
	"godwit/internal/ledger"
	"godwit/internal/ledger/exception"
	"godwit/internal/ledger/kin"
	"godwit/internal/work/pipeline/patch"
)

// Of are the records that a run did not load, nor those that it has called.
type Of struct {
	Ledger *ledger.Ledger
	Run    ledger.Run
	// Schema is that of the records of a step of one of them, as they were read.
	Schema func(run, step string) (*catalog.Schema, error)
}

// Edit is one field of one record, or of all that are selected.
type Edit struct {
	Line  int    // in a CSV file, from 1; 0 = of all that are selected
	Key   string // of the record, in a CSV file
	Field string
	Value string
	Null  bool // instead of the value
}

// Edits are what is done to records: single fields, or a patch as RFC 6902 has it.
type Edits struct {
	Fields []Edit
	JSON   []byte
}

// Patched is a record with what was changed in it.
type Patched struct {
	Run     string             `json:"run"`
	ID      int64              `json:"id"`
	Step    string             `json:"step"`
	Entity  string             `json:"entity"`
	Key     string             `json:"key"`
	Changes []exception.Change `json:"changes"`
}

// Patch puts open records right: all that a filter selects, or those that the
// edits name by key. All of them are changed or none, and none when it is dry.
// Faults: exception.unknown, exception.several, exception.taken, patch.*.
func (o Of) Patch(ctx context.Context, f exception.Filter, e Edits, d exception.Deed, dry bool) ([]Patched, error) {
	var done []Patched
	edits := map[string][]exception.Edit{} // by run
	look := o.Ledger.View().Exceptions()
	targets, err := o.targets(ctx, look, f, e)
	if err != nil {
		return nil, err
	}
	for _, t := range targets {
		whole, err := look.One(ctx, o.Run.ID, t.id)
		if err != nil {
			return nil, err
		}
		edit, err := o.edited(whole, t)
		if err != nil {
			return nil, fault.Wrap(err, "%s id %d", whole.Run, t.id)
		}
		if len(edit.Changes) == 0 {
			continue
		}
		edits[whole.Run] = append(edits[whole.Run], edit)
		done = append(done, Patched{whole.Run, whole.ID, whole.Step, whole.Entity, whole.Key, edit.Changes})
	}
	if dry || len(edits) == 0 {
		return done, nil
	}
	return done, o.each(ctx, func(run string, h exception.Hand) error {
		if edits[run] == nil {
			return nil
		}
		return h.Patch(edits[run], d)
	})
}

// each does something to exceptions of the run and of those that it has called, in
// one transaction.
func (o Of) each(ctx context.Context, do func(run string, h exception.Hand) error) error {
	runs, err := kin.All(ctx, o.Ledger.View().Reader(), o.Run.ID)
	if err != nil {
		return err
	}
	ids := make([]int64, len(runs))
	for i, r := range runs {
		ids[i] = r.ID
	}
	return o.Ledger.Handle(ctx, ids, func(hands []exception.Hand) error {
		for i, h := range hands {
			if err := do(runs[i].Name, h); err != nil {
				return err
			}
		}
		return nil
	})
}

// target is a record with what is to be done to it.
type target struct {
	id int64
	Edits
}

// targets finds the records, in the order of their numbers.
func (o Of) targets(ctx context.Context, look exception.Look, f exception.Filter, e Edits) ([]target, error) {
	f.Called = true
	all, err := look.List(ctx, o.Run.ID, f, 0, 0)
	if err != nil {
		return nil, err
	}
	keyed := slices.ContainsFunc(e.Fields, func(f Edit) bool { return f.Line > 0 })
	if !keyed {
		list := make([]target, len(all))
		for i, one := range all {
			list[i] = target{one.ID, e}
		}
		if len(list) == 0 {
			return nil, o.nothing()
		}
		return list, nil
	}
	at := map[string]int{}
	several := map[string]bool{}
	list := make([]target, 0, len(all))
	for _, one := range all {
		_, twice := at[one.Key]
		several[one.Key] = several[one.Key] || twice
		at[one.Key] = len(list)
		list = append(list, target{id: one.ID})
	}
	for _, f := range e.Fields {
		i, known := at[f.Key]
		switch {
		case f.Key == "" || !known:
			return nil, fault.New(fault.Config, "exception.unknown", "line %d: %s has no open record with the key %q", f.Line, o.Run.Name(), f.Key).
				Hint("godwit dead list %s shows the keys", o.Run.Name())
		case several[f.Key]:
			return nil, fault.New(fault.Config, "exception.several", "line %d: %s has several open records with the key %q", f.Line, o.Run.Name(), f.Key).
				Hint("--entity or --step says which are meant, or the run that has one of them; or godwit dead patch %s ID --set FIELD=VALUE", o.Run.Name())
		}
		list[i].Fields = append(list[i].Fields, f)
	}
	return slices.DeleteFunc(list, func(t target) bool { return len(t.Fields) == 0 }), nil
}

func (o Of) nothing() error {
	return fault.New(fault.Config, "exception.unknown", "%s has no open record that this selects", o.Run.Name()).
		Hint("godwit dead list %s --all shows those that are closed, too", o.Run.Name())
}

// edited makes the edit of a record.
func (o Of) edited(w exception.Whole, t target) (exception.Edit, error) {
	edit := exception.Edit{Exception: w.ID}
	if w.Closed != "" {
		return edit, fault.New(fault.Config, "exception.closed", "it is closed: %s", w.Closed).Hint("godwit dead reopen %s %d takes a dismissal back", o.Run.Name(), w.ID)
	}
	schema, err := o.Schema(w.Run, w.Step)
	if err != nil {
		return edit, err
	}
	source := w.Exception.Source
	if n := len(w.Patches); n > 0 {
		edit.Upon, source = w.Patches[n-1].ID, w.Patches[n-1].Source
	}
	r, err := patch.Read(source, schema)
	if err != nil {
		return edit, err
	}
	if t.JSON != nil {
		if err := r.JSON(t.JSON); err != nil {
			return edit, err
		}
	}
	for _, f := range t.Fields {
		if f.Null {
			err = r.Null(f.Field)
		} else {
			err = r.Set(f.Field, f.Value)
		}
		if err != nil && f.Line > 0 {
			return edit, fault.Wrap(err, "line %d", f.Line)
		}
		if err != nil {
			return edit, err
		}
	}
	for _, c := range r.Changes() {
		edit.Changes = append(edit.Changes, exception.Change(c))
	}
	edit.Source, err = r.Source()
	return edit, err
}

// Dismiss closes open records that will not come, with the reason, and returns
// how many there were, and how many are left because a redrive has them in hand.
func (o Of) Dismiss(ctx context.Context, f exception.Filter, d exception.Deed) (n, left int64, err error) {
	look := o.Ledger.View().Exceptions()
	f.State, f.Called = exception.Open, false // each has its own
	err = o.each(ctx, func(_ string, h exception.Hand) error {
		more, err := h.Dismiss(f, d)
		n += more
		return err
	})
	if err != nil {
		return n, 0, err
	}
	f.Called = true
	rest, err := look.Count(ctx, o.Run.ID, f)
	if err == nil && n+rest.Records == 0 {
		err = o.nothing()
	}
	return n, rest.Records, err
}

// Dismissed counts those that a filter selects.
func (o Of) Dismissed(ctx context.Context, f exception.Filter) (n int64, err error) {
	f.State, f.Called = exception.Closed, true
	all, err := o.Ledger.View().Exceptions().List(ctx, o.Run.ID, f, 0, 0)
	for _, e := range all {
		if exception.ByHand(e.Closed) {
			n++
		}
	}
	return n, err
}

// Reopen takes dismissals back, and returns of how many records.
func (o Of) Reopen(ctx context.Context, f exception.Filter, d exception.Deed) (n int64, err error) {
	f.Called = false
	err = o.each(ctx, func(_ string, h exception.Hand) error {
		more, err := h.Reopen(f, d)
		n += more
		return err
	})
	if err == nil && n == 0 {
		err = fault.New(fault.Config, "exception.unknown", "%s has no dismissed record that this selects", o.Run.Name()).
			Hint("godwit dead list %s --closed shows how those that are closed ended", o.Run.Name())
	}
	return n, err
}

package parents

import (
	"context"
	"slices"
	"strings"

	"godwit/internal/catalog"
	"godwit/internal/connector"
	"godwit/internal/fault"
	"godwit/internal/record"
)

// What the ledger says of records rests on tables that others may empty or make anew,
// and on rows that others may delete: whoever refers to them then would refer to
// nothing, or to rows of others with their keys. So what it says is held against the
// target before anything is written that rests on it.

// Witness is the part of a load that tells of the target's rows, nil when it has none.
func Witness(load any) connector.RowWitness {
	w, _ := load.(connector.RowWitness)
	return w
}

// told is what the ledger said of a record, until it is proved.
type told struct {
	record.Remembered
	column string
	value  any
}

// lost is what was said of a record and does not hold at the target.
type lost struct{ said, why string }

func said(r record.Remembered) string { return r.Made + " " + string(r.Kept) }

// Waiting tells what a record waits for, and what has become of that if it was there,
// before all else that is wrong with it.
func (k *Known) Waiting(m record.Mapped) record.Mapped {
	k.mu.RLock()
	defer k.mu.RUnlock()
	issues := make([]record.Issue, 0, len(m.Waits)+len(m.Issues))
	for _, ref := range m.Waits {
		text := " that is not at the target"
		if why := k.lost[record.Reference{Entity: ref.Entity, Key: k.now(ref.Entity, ref.Key)}].why; why != "" {
			text = ": " + why
		}
		issues = append(issues, record.Issue{Rule: "ref", Field: ref.Field, Severity: record.SeverityWaits, Value: ref.Value, Owner: ref.Owner,
			Text: "waits for a record of " + ref.Entity + text})
	}
	m.Issues = append(issues, m.Issues...)
	return m
}

// Begin looks once more at the tables that what is known rests on, in a transaction
// that has just begun. When one of them is another than before nothing is known any
// more.
func (k *Known) Begin(ctx context.Context, w connector.RowWitness) error {
	k.mu.Lock()
	before := k.tables
	k.tables = map[connector.KnownBy]connector.Standing{}
	k.mu.Unlock()
	if w == nil {
		return nil
	}
	list := make([]connector.KnownBy, 0, len(before))
	for t := range before {
		list = append(list, t)
	}
	if err := k.look(ctx, w, list); err != nil {
		return err
	}
	for t, was := range before {
		if k.tables[t] != was {
			k.Forget()
			break
		}
	}
	return nil
}

// look notes what tables are, in an order that two loads share: they may have to wait
// for each other's locks.
func (k *Known) look(ctx context.Context, w connector.RowWitness, list []connector.KnownBy) error {
	if len(list) == 0 {
		return nil
	}
	slices.SortFunc(list, func(a, b connector.KnownBy) int {
		return slices.Compare([]string{a.Table.SQL(), a.Column}, []string{b.Table.SQL(), b.Column})
	})
	all, err := w.Stands(ctx, list)
	if err != nil {
		return err
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	for i, t := range list {
		k.tables[t] = all[i]
	}
	return nil
}

// Stand notes in states what the tables are that their records went to, in the
// transaction that has written to them; k, that what it has written rests on them,
// nil when nobody refers to anything. By which column rows of own are known it says.
func Stand(ctx context.Context, w connector.RowWitness, own *Remember, all []*record.States, k *Known) error {
	var of []*record.States
	var list []connector.KnownBy
	for _, s := range all {
		if s == nil || w == nil {
			continue
		}
		if table, _ := record.Table(s.Place.Made); table != "" {
			at := connector.KnownBy{Table: tableOf(s.Place.Made)}
			if own != nil && own.Place.Entity == s.Place.Entity {
				at.Column = own.Keys[0]
			}
			of, list = append(of, s), append(list, at)
		}
	}
	if len(list) == 0 {
		return nil
	}
	now, err := w.Stands(ctx, list)
	if err != nil {
		return err
	}
	for i, s := range of {
		if now[i].Made != "" {
			table, _ := record.Table(s.Place.Made)
			s.Place.Database, s.Place.Made = now[i].Database, now[i].Made+" "+table
		}
	}
	if k != nil {
		k.mu.Lock()
		defer k.mu.Unlock()
		for i, t := range list {
			k.tables[t] = now[i]
		}
	}
	return nil
}

// Prove holds what the ledger has said since the last time against the target: the
// tables are to be the ones that records went to, and the rows to be there. What does
// not hold is not known, and seen is another then. Without a witness nothing is proved.
func (k *Known) Prove(ctx context.Context, w connector.RowWitness) error {
	k.mu.Lock()
	list := k.unproved
	k.unproved = map[record.Reference]told{}
	k.mu.Unlock()
	if w == nil || len(list) == 0 {
		return nil
	}
	by := map[connector.KnownBy][]record.Reference{}
	for ref, t := range list {
		at := t.at()
		by[at] = append(by[at], ref)
	}
	var fresh []connector.KnownBy
	for at := range by {
		if _, is := k.tables[at]; !is {
			fresh = append(fresh, at)
		}
	}
	if err := k.look(ctx, w, fresh); err != nil {
		return err
	}
	for at, refs := range by {
		stands := k.tables[at]
		var rest []record.Reference
		for _, ref := range refs {
			if why := k.another(list[ref].Remembered, stands); why != "" {
				k.lose(ref, list[ref], why)
				continue
			}
			rest = append(rest, ref)
		}
		if !stands.Readable {
			continue
		}
		for some := range slices.Chunk(rest, 1000) {
			page := make([]record.Mapped, len(some))
			for i, ref := range some {
				page[i].Rows = []record.Row{{Slots: []any{list[ref].value}}}
			}
			rows, err := w.ReadRows(ctx, catalog.Into{Table: at.Table, Columns: []string{at.Column}, Key: []string{at.Column}}, []string{at.Column}, page)
			if err != nil {
				return fault.Wrap(err, "look for rows that are referred to")
			}
			for i, ref := range some {
				if rows[i] == nil {
					k.lose(ref, list[ref], "its row of "+at.Table.String()+" is gone")
				}
			}
		}
	}
	return nil
}

func (t told) at() connector.KnownBy {
	return connector.KnownBy{Table: tableOf(t.Made), Column: t.column}
}

// tableOf is the table of a Place.Made, which Name.String wrote.
func tableOf(made string) catalog.Name {
	table, _ := record.Table(made)
	name, err := catalog.ParseName(table)
	if err != nil {
		return catalog.Name{Object: table}
	}
	return name
}

// another says why a table is not the one that a record went to, "" when it is.
func (k *Known) another(r record.Remembered, s connector.Standing) string {
	table, was := record.Table(r.Made)
	switch {
	case k.at.Database != "" && s.Database != k.at.Database:
		return k.at.At + " is another database than the run began with"
	case !record.SameTable(was, s.Made):
		return table + " was emptied or made anew since that was loaded"
	}
	return ""
}

// lose takes a record for unknown as long as the ledger says nothing else of it.
func (k *Known) lose(ref record.Reference, t told, why string) {
	k.mu.Lock()
	defer k.mu.Unlock()
	delete(k.held[ref.Entity], ref.Key)
	if _, stub := k.stubs[ref]; stub {
		delete(k.stubs, ref)
		delete(k.wait, ref)
	}
	if len(k.lost) >= most {
		clear(k.lost)
	}
	k.lost[ref] = lost{said(t.Remembered), why}
	k.seen++
}

// holds reports whether what the ledger says of a record may be believed as far as
// it is known, and has it proved.
func (k *Known) holds(ref record.Reference, t told) bool {
	if g, is := k.lost[ref]; is && g.said == said(t.Remembered) {
		return false
	}
	delete(k.lost, ref)
	own := k.own.Entity == ref.Entity
	switch {
	case own && !strings.HasPrefix(t.By, k.own.By):
		return false
	case t.Made == "" || own && k.own.Beside:
		return true
	}
	if s, is := k.tables[t.at()]; is {
		if why := k.another(t.Remembered, s); why != "" {
			k.lost[ref] = lost{said(t.Remembered), why}
			return false
		}
	}
	k.unproved[ref] = t
	return true
}

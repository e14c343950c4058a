package mapping

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"godwit/internal/catalog"
	"godwit/internal/convert"
	"godwit/internal/record"
)

// address is where a field goes.
type address struct {
	name   string
	parts  []string // of the name
	number int      // among the fields of its list
	slot   int      // of the row; -1 in the documents of a list
	rest   []string // names below the slot
}

// field is a compiled field: what is done to its value, in that order.
type field struct {
	address
	from     []source
	origin   *program // expr without from: where the value comes from
	constant any      // record.Missing = none
	list     *listing
	fallback any // default; record.Missing = none
	missing  string
	steps    []step
	lookup   *table
	ref      *reference
	expr     *program
	kind     convert.Step // to its type, nil = none
	checks   checks
	final    convert.Step // to the column, nil = that of kind
	column   *columnChecks
	omitNull bool
	result   catalog.Type // of its value, as far as known
}

// table is a field's lookup.
type table struct {
	name   string
	values map[string]string
	other  any          // else; record.Missing = reject
	of     catalog.Type // of what is looked up, as far as known
}

// step is one convert step with its name, for explain.
type step struct {
	name string
	do   convert.Step
}

// listing makes documents of the elements of a list.
type listing struct {
	each   source
	text   string
	fields []*field
	sort   *source
}

// fields compiles a list of fields.
func (c *compiler) fields(list []Field, in scoped) []*field {
	var out []*field
	seen := map[string]bool{}
	for i := range list {
		m := &list[i]
		c.at = m.At
		if seen[m.Name] {
			c.add("", "map.field", "the field "+quote(m.Name)+" stands there twice", "")
			continue
		}
		seen[m.Name] = true
		f := &field{address: address{name: m.Name, parts: strings.Split(m.Name, "."), number: len(out), slot: -1}}
		if slices.Contains(f.parts, "") {
			c.add("", "map.field", quote(m.Name)+" is no name: a part of it is empty", "")
			continue
		}
		if clash := clashing(out, f); clash != "" {
			c.add("", "map.field", fmt.Sprintf("%s is a single value and a document: %s", quote(clash), quote(m.Name)), "")
			continue
		}
		if !c.field(f, m, in) {
			continue
		}
		out = append(out, f)
		if in.target == c.p.targets[0] && in.each == "" {
			c.p.fields = out // in scope of the fields behind it
		}
	}
	return out
}

// clashing finds a field whose name lies below another one's.
func clashing(fields []*field, f *field) string {
	for _, o := range fields {
		n := min(len(o.parts), len(f.parts))
		if slices.Equal(o.parts[:n], f.parts[:n]) && len(o.parts) != len(f.parts) {
			return strings.Join(f.parts[:n], ".")
		}
	}
	return ""
}

// field compiles one. False: it cannot be used at all; other problems leave it
// standing, so that later fields find its name.
func (c *compiler) field(f *field, m *Field, in scoped) bool {
	if !c.slot(f, in) {
		return false
	}
	origin := in.prefix + m.Name
	c.sources(f, m, in, origin)
	static := c.static(f)
	f.fallback, f.missing = written(m.Default), m.Missing
	if f.missing == "" {
		f.missing = "as_null"
	}
	f.omitNull = c.m.Nulls == "omit"
	static = c.converts(f, m, static)
	if m.Lookup != "" {
		static = c.lookup(f, m, static)
	} else if m.Else != nil {
		c.add("else", "map.field", "else says what a lookup without entry gives: there is no lookup", "")
	}
	static = c.reference(f, m, static)
	if m.Expr != "" && len(m.From) > 0 {
		f.expr = c.expression("expr", m.Expr, in, origin, "", static)
		static = catalog.Type{}
	}
	c.types(f, m, static, in)
	return true
}

func (c *compiler) lookup(f *field, m *Field, of catalog.Type) catalog.Type {
	values, ok := c.lookups[m.Lookup]
	if !ok {
		c.add("lookup", "map.lookup", "there is no lookup "+quote(m.Lookup), suggest(m.Lookup, slices.Sorted(maps.Keys(c.lookups))))
	}
	f.lookup = &table{m.Lookup, values, written(m.Else), of}
	if f.lookup.other == "reject" {
		f.lookup.other = record.Missing
	}
	if _, isText := f.lookup.other.(string); isText || f.lookup.other == record.Missing {
		return catalog.Type{Kind: catalog.KindText}
	}
	return catalog.Type{}
}

// sources compiles from, expr, const and each, of which one is wanted; from
// and expr go together.
func (c *compiler) sources(f *field, m *Field, in scoped, origin string) {
	f.constant = record.Missing
	var given []string
	for _, k := range []struct {
		name string
		is   bool
	}{{"from", len(m.From) > 0}, {"expr", m.Expr != ""}, {"const", m.Const != nil}, {"each", m.Each != ""}} {
		if k.is {
			given = append(given, k.name)
		}
	}
	both := slices.Equal(given, []string{"from", "expr"})
	switch {
	case len(given) == 0:
		c.add("", "map.field", quote(m.Name)+" says nowhere what it holds", "one of from, expr, const, each")
	case len(given) > 1 && !both:
		c.add("", "map.field", fmt.Sprintf("%s has %s: one of them", quote(m.Name), strings.Join(given, " and ")), "from and expr go together: value is what from gave")
	}
	for _, text := range m.From {
		if s, ok := c.source("from", text, in); ok {
			f.from = append(f.from, s)
			c.origin(origin, in, text, false)
		}
	}
	if m.Expr != "" && len(m.From) == 0 {
		f.origin = c.expression("expr", m.Expr, in, origin, "", catalog.Type{})
	}
	if m.Const != nil {
		f.constant = m.Const.Value
	}
	if m.Each == "" {
		if len(m.Fields) > 0 || m.Sort != "" {
			c.add("fields", "map.field", quote(m.Name)+": fields and sort belong to each", "")
		}
		return
	}
	c.listing(f, m, in, origin)
}

func (c *compiler) listing(f *field, m *Field, in scoped, origin string) {
	each, item, ok := c.elements(m.Each, in)
	if !ok {
		return
	}
	c.origin(origin, in, m.Each, false)
	inner := scoped{each: m.Each, of: c.rowsOf(each), nested: in.each != "", prefix: origin + "[].", item: item, around: in.item}
	if in.each != "" {
		inner.each = in.each + "[]." + m.Each
	}
	f.list = &listing{each: each, text: m.Each}
	if m.Sort != "" {
		if s, ok := c.source("sort", m.Sort, inner); ok {
			f.list.sort = &s
		}
	}
	if len(m.Fields) == 0 {
		c.add("fields", "map.field", quote(m.Name)+": each wants fields", "")
	}
	at := c.at
	f.list.fields = c.fields(m.Fields, inner)
	c.at = at
}

// static is what is known about the type of a field's values before anything
// is done to them.
func (c *compiler) static(f *field) catalog.Type {
	if f.list != nil {
		return catalog.Type{Kind: catalog.KindJSON}
	}
	if len(f.from) == 0 {
		switch f.constant.(type) {
		case string:
			return catalog.Type{} // may be the text of a number or a date
		case bool:
			return catalog.Type{Kind: catalog.KindBool}
		case int64:
			return catalog.Type{Kind: catalog.KindInt}
		}
		return catalog.Type{}
	}
	t := typeOf(c.Source, f.from[0])
	for _, s := range f.from[1:] {
		if o := typeOf(c.Source, s); o.String() != t.String() || o.Native != t.Native {
			return catalog.Type{}
		}
	}
	return t
}

func (c *compiler) converts(f *field, m *Field, static catalog.Type) catalog.Type {
	for _, s := range m.Convert {
		do, gives, err := convert.New(s.Name, s.Args, s.Sets)
		if err != nil {
			next := ""
			if strings.HasPrefix(err.Error(), "there is no step") {
				next = suggest(s.Name, convert.Steps())
			}
			c.add("convert", "map.field", "convert: "+err.Error(), next)
			continue
		}
		if s.Name == "date" && len(s.Args) > 1 && s.Args[1] != "" && static.Kind == catalog.KindTimestamp && static.Zone {
			c.add("convert", "map.type", "convert: date with a zone: the value is a moment already", "expr: clock(value, ZONE) is what clocks show there")
		}
		f.steps = append(f.steps, step{s.Name, do})
		switch {
		case s.Name == "blank_to_null":
		case gives.Kind == catalog.KindText && static.Kind == catalog.KindList && s.Name != "join":
		case gives.Kind == catalog.KindText && static.Kind == "":
			static = catalog.Type{} // a list may stay one
		default:
			static = gives
		}
	}
	return static
}

// types compiles the way to the field's type and to the column's.
func (c *compiler) types(f *field, m *Field, static catalog.Type, in scoped) {
	var column catalog.Type
	layout := layout{}
	if in.target != nil {
		layout = in.target.slots[f.slot]
	}
	plain := layout.column == nil || layout.json || len(f.rest) > 0
	if !plain {
		column = layout.column.Type
	}
	wanted := column
	if m.Type != "" {
		t, err := convert.ParseType(m.Type)
		if err != nil {
			c.add("type", "map.type", "type: "+err.Error(), suggest(m.Type, convert.Words()))
		}
		wanted = t
	}
	known := static.Kind != ""
	if why := convert.Can(static, wanted); why != "" {
		c.add("type", "map.type", quote(m.Name)+": "+why, c.zoneHint(static, wanted))
	} else if why := convert.Can(wanted, column); why != "" {
		c.add("type", "map.type", quote(m.Name)+": type "+why, "")
	}
	if wanted.Kind != "" && wanted.Kind != catalog.KindJSON {
		f.kind = convert.To(static, wanted)
		static = wanted
	}
	f.result = static
	if !known && wanted.Kind == "" {
		f.result = catalog.Type{}
	}
	runs := f.kind
	if slices.Contains([]catalog.Kind{catalog.KindInt, catalog.KindDecimal, catalog.KindBool}, wanted.Kind) {
		f.kind = convert.To(catalog.Type{}, wanted) // a text of the map is none that the source's type has
	}
	c.compileChecks(f, m, static)
	switch {
	case plain:
		f.final = func(v any) (any, *convert.Reason) { return convert.Plain(v, static) }
	case m.Type != "":
		f.final = convert.To(static, column)
	}
	if layout.column != nil && len(f.rest) == 0 {
		f.column = derive(layout.column)
	}
	c.tryConstants(f, m)
	f.kind = runs
}

func (c *compiler) zoneHint(from, to catalog.Type) string {
	switch {
	case from.Kind == catalog.KindTimestamp && from.Zone:
		return "expr: clock(value, ZONE) is what clocks show there"
	case to.Kind == catalog.KindTimestamp && to.Zone:
		return "convert: {date: \"\", zone: ZONE} says which"
	}
	return "convert or expr makes something else of it"
}

// tryConstants finds constants that never fit.
func (c *compiler) tryConstants(f *field, m *Field) {
	if f.kind == nil || f.expr != nil {
		return
	}
	try := func(key string, v any) {
		if v == nil || v == record.Missing {
			return
		}
		out, why := f.kind(v)
		if why == nil && f.final != nil {
			_, why = f.final(out)
		}
		if why != nil {
			c.add(key, "map.type", key+" "+why.Text, why.Hint)
		}
	}
	if len(f.steps) == 0 && f.lookup == nil {
		try("const", f.constant)
		try("default", f.fallback)
	}
	if f.lookup != nil {
		try("else", f.lookup.other)
	}
}

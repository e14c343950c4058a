// Package source is where records are read, as the keys of a flow say it: the
// query, its parts, what is wrong with them. It reads nothing. Start at Source.
package source

import (
	"fmt"
	"strings"

	"godwit/internal/catalog"
	"godwit/internal/connector"
	"godwit/internal/unit"
	"godwit/internal/unit/request"
	"godwit/internal/work/pipeline/watermark"
)

// Source is a place that records are read from.
type Source struct {
	At    string            `flow:"at,required,name" help:"connection"`
	Table string            `flow:"table" help:"table, as schema.table"`
	Where string            `flow:"where,sql" help:"which of its rows"`
	Query string            `flow:"query,sql" help:"statement, or a file that ends in .sql; :path binds a value in scope"`
	With  map[string]string `flow:"with,exprs" help:"values for :names in query and where"`
	// Since is the column that an incremental read goes by.
	Since   string             `flow:"since" help:"incremental: a column whose values grow with every change; a run reads on from the highest that the one before has read"`
	Overlap *watermark.Overlap `flow:"overlap" help:"how late a value may come behind a higher one: 10m of times, 1000 of numbers, 0 never"`
	Parts   []Part             `flow:"parts,names" help:"rows of other queries that are parts of the records, by name"`
	Args    []byte             `flow:",args"`
	// Of files only.
	Objects string `flow:"objects" help:"of files: one of them, or a pattern with * and ?, in the order of their names"`
	Format  string `flow:"format" enum:"csv,ndjson,json" help:"of files: what they hold, a header and rows, a document in each line, or a document or a list of some; default by their names"`
	request.Place
}

// Part is another query whose rows are parts of the records.
type Part struct {
	Name  string `flow:",name"`
	At    string `flow:"at,name" help:"connection; default is that of the records"`
	Query string `flow:"query,required,sql" help:"statement, or a file that ends in .sql; :ids binds the keys of up to 1,000 records"`
	By    string `flow:"by,required" help:"its column that holds the key of the record"`
	One   bool   `flow:"one" help:"a record has one such row, or none (null), instead of a list"`
	Place string `flow:",position"`
}

// Asks is the query for the records, with values for its names.
func (s Source) Asks(key []string, args map[string]any) (q catalog.Query, err error) {
	q = catalog.Query{Where: s.Where, SQL: s.Query, Objects: s.Objects, Format: s.Format, Key: key, Args: args}
	s.Into(&q)
	if s.Since != "" {
		q.Since = &catalog.Since{Column: s.Since}
	}
	if s.Table != "" {
		q.Table, err = catalog.ParseName(s.Table)
	}
	return q, err
}

// Problems are what is wrong with the keys, beside the mode that the records are
// written in and what becomes of rows that are gone.
func (s Source) Problems(mode, gone string) (p []unit.Problem) {
	s.check(func(path, text string, args ...any) {
		p = append(p, unit.Problem{Path: path, Code: "load.source", Text: fmt.Sprintf(text, args...)})
	})
	return append(append(p, s.incremental(mode, gone)...), s.assembled()...)
}

// check finds whether there is one way to read, whole.
func (s Source) check(bad func(path, text string, args ...any)) {
	if key, text := s.Problem(); text != "" {
		bad("from."+key, "%s", text)
	}
	switch {
	case s.Request != "":
		if s.Table != "" || s.Query != "" || s.Where != "" || s.Objects != "" || s.Format != "" || s.Since != "" {
			bad("from", "from has a request, which is for APIs: they have no table, query, where, objects or since")
		}
	case s.Objects != "":
		if s.Table != "" || s.Query != "" || s.Where != "" {
			bad("from", "from has objects, which are files: they have no table, query or where")
		}
	case s.Format != "":
		bad("from.format", "format belongs to objects")
	case s.Table == "" && s.Query == "":
		bad("from", "from needs a table, a query, objects or a request")
	case s.Table != "" && s.Query != "":
		bad("from", "from has a table and a query: take one of them")
	case s.Query != "" && s.Where != "":
		bad("from.where", "where belongs to a table: a query has its own")
	}
}

// incremental checks the keys of an incremental read.
func (s Source) incremental(mode, gone string) (p []unit.Problem) {
	bad := func(path, text string, next ...string) {
		p = append(p, unit.Problem{Path: path, Code: "load.since", Text: text, Next: next})
	}
	if s.Since == "" {
		if s.Overlap != nil {
			bad("from.overlap", "overlap belongs to since")
		}
		return p
	}
	if s.Overlap == nil {
		bad("from.since", "since needs an overlap: what commits late holds less than what was read before it, and would be passed over",
			"overlap: 10m, longer than the longest transaction that writes there", "overlap: 0 where values never come late")
	}
	if s.Objects != "" {
		bad("from.since", "since is for tables and queries: files are read as they are")
	}
	if mode != "" && mode != connector.ModeMerge {
		bad("to.mode", "since reads some records again: mode "+mode+" would "+map[string]string{
			connector.ModeAppend: "double them", connector.ModeReplace: "leave only what was read last"}[mode], "mode: merge")
	}
	if gone != "" && gone != "keep" {
		bad("to.gone", "gone: "+gone+" needs all keys of the source: with since only some are read", "a second load without since, run less often")
	}
	if _, ok := s.With[connector.SinceName]; ok {
		bad("from.with", ":since is bound by since: give this value another name")
	}
	return p
}

// assembled checks the keys of parts.
func (s Source) assembled() (p []unit.Problem) {
	for _, part := range s.Parts {
		bad := func(format string, args ...any) {
			p = append(p, unit.Problem{Path: "from.parts", Code: "load.parts", Text: fmt.Sprintf("%s: part %s: ", part.Place, part.Name) + fmt.Sprintf(format, args...)})
		}
		if part.Query != "" && !strings.Contains(part.Query, ":"+unit.IDs) {
			bad("its query does not name :ids, the keys of the records whose rows are wanted")
		}
		if part.At == "" && s.Objects+s.Request != "" {
			bad("files and APIs are not asked for parts: at names another connection")
		}
	}
	if _, ok := s.With[unit.IDs]; ok && len(s.Parts) > 0 {
		p = append(p, unit.Problem{Path: "from.with", Code: "load.parts", Text: ":ids is bound by parts: give this value another name"})
	}
	return p
}

// Queries are those of the parts, with values for their names.
func (s Source) Queries(args map[string]any) []unit.Part {
	var list []unit.Part
	for _, p := range s.Parts {
		from := p.At
		if from == "" {
			from = s.At
		}
		list = append(list, unit.Part{Name: p.Name, From: from, Query: catalog.Query{SQL: p.Query, Args: args}, By: p.By, One: p.One})
	}
	return list
}

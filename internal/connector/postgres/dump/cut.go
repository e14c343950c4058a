package dump

import (
	"context"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// pg_restore --verbose writes before every entry
//
//	--
//	-- TOC entry 214 (class 1259 OID 16389)
//	-- Dependencies: 210 12
//	-- Name: t; Type: TABLE; Schema: public; Owner: anna
//	--
//
// (src/bin/pg_dump/pg_backup_archiver.c, _printTocEntry). A function's body or
// a comment's text may hold the same lines. But an entry of the list is
// printed exactly once: a header that occurs once is real, and where one
// occurs more often, it and the entries that may hold the false ones are
// printed alone, and the others again without them.
//
// The pattern is asked only where a header may begin: over the whole text it
// was a fifth of the client's CPU in a copy of 1,000 small tables.
var header = regexp.MustCompile(`^` + headerBegins + `(\d+) \(class (\d+) OID (\d+)\)\n`)

const headerBegins = "--\n-- TOC entry "

// number triple of a header.
type triple struct {
	id         int
	class, oid uint32
}

// block is an entry's text in a script, from its header to the next.
type block struct {
	of    triple
	at    int
	text  string
	state settings // what differs from Preamble when it begins
}

// entries reads the whole archive, in the order in which it is to be applied.
func (a *archive) entries(ctx context.Context) ([]Entry, error) {
	text, err := a.list(ctx)
	if err != nil {
		return nil, err
	}
	list, err := parseList(text)
	if err != nil {
		return nil, err
	}
	found := map[int]Entry{}
	rest := list
	for only := []listed(nil); len(rest) > 0; only = rest {
		doubtful, err := a.cutAll(ctx, list, rest, only, found)
		if err != nil {
			return nil, err
		}
		if len(doubtful) == 0 {
			break
		}
		for _, l := range rest {
			if doubtful[l.id] {
				if err := a.alone(ctx, l, found); err != nil {
					return nil, err
				}
			}
		}
		rest = slices.DeleteFunc(slices.Clone(rest), func(l listed) bool { return doubtful[l.id] })
	}
	return inOrder(list, found)
}

// cutAll cuts both sections' scripts. When it finds doubtful entries nothing
// is added to found.
func (a *archive) cutAll(ctx context.Context, list, rest, only []listed, found map[int]Entry) (map[int]bool, error) {
	known := map[triple]string{}
	for _, l := range rest {
		known[triple{l.id, l.class, l.oid}] = l.rest
	}
	texts := map[string]string{}
	times := map[triple]int{}
	for _, section := range []string{PreData, PostData} {
		text, err := a.script(ctx, section, only)
		if err != nil {
			return nil, err
		}
		texts[section] = text
		for _, h := range headers(text, known) {
			times[h.of]++
		}
	}
	doubtful := map[int]bool{}
	for of := range known {
		if times[of] == 0 {
			return nil, fmt.Errorf("entry %d of the archive was not written by pg_restore", of.id)
		}
		if times[of] > 1 {
			doubtful[of.id] = true
		}
	}
	if len(doubtful) > 0 {
		for _, text := range texts {
			holders(headers(text, known), times, doubtful)
		}
		return doubtful, nil
	}
	for section, text := range texts {
		for _, b := range blocks(text, known) {
			e, err := b.entry(section, known[b.of])
			if err != nil {
				return nil, err
			}
			found[e.ID] = e
		}
	}
	return nil, nil
}

// holders adds the entries in whose text a repeated header occurs.
func holders(all []block, times map[triple]int, doubtful map[int]bool) {
	last := 0
	for _, h := range all {
		if times[h.of] == 1 {
			last = h.of.id
		} else if last != 0 {
			doubtful[last] = true
		}
	}
}

// alone has one entry printed by itself: the first header is then its own.
func (a *archive) alone(ctx context.Context, l listed, found map[int]Entry) error {
	of := triple{l.id, l.class, l.oid}
	for _, section := range []string{PreData, PostData} {
		text, err := a.script(ctx, section, []listed{l})
		if err != nil {
			return err
		}
		all := blocks(text, map[triple]string{of: l.rest})
		if len(all) == 0 {
			continue
		}
		b := all[0]
		b.text = text[b.at:end(text)]
		e, err := b.entry(section, l.rest)
		if err != nil {
			return err
		}
		found[e.ID] = e
		return nil
	}
	return fmt.Errorf("entry %d of the archive was not written by pg_restore", l.id)
}

// headers finds those of known entries.
func headers(text string, known map[triple]string) []block {
	var all []block
	for at, next := 0, 0; ; at = next {
		i := strings.Index(text[at:], headerBegins)
		if i < 0 {
			return all
		}
		at += i
		next = at + 1
		if at > 0 && text[at-1] != '\n' {
			continue
		}
		m := header.FindStringSubmatch(text[at:])
		if m == nil {
			continue
		}
		id, err := strconv.Atoi(m[1])
		if err != nil {
			continue
		}
		class, oid, err := numbers(m[2], m[3])
		if err != nil {
			continue
		}
		if of := (triple{id, class, oid}); known[of] != "" {
			all = append(all, block{of: of, at: at})
		}
	}
}

// blocks cuts a script at the headers of known entries and tracks the
// settings that stand between them.
func blocks(text string, known map[triple]string) []block {
	all := headers(text, known)
	if len(all) == 0 {
		return nil
	}
	state := settings{}
	state.read(text[:all[0].at])
	for i := range all {
		all[i].state = state.clone()
		to := end(text)
		if i+1 < len(all) {
			to = all[i+1].at
		}
		whole := text[all[i].at:to]
		between := behind(whole)
		all[i].text = strings.TrimSuffix(whole, between)
		state.read(between)
	}
	return all
}

// end is where the last entry ends: what follows is the program's own.
func end(text string) int {
	if i := strings.LastIndex(text, "\n-- Completed on "); i >= 0 {
		return i
	}
	if i := strings.LastIndex(text, "\n--\n-- PostgreSQL database dump complete\n--\n"); i >= 0 {
		return i
	}
	return len(text)
}

// entry reads a block's header.
func (b block) entry(section, list string) (Entry, error) {
	e := Entry{ID: b.of.id, Section: section, Class: b.of.class, OID: b.of.oid}
	head, sql, ok := strings.Cut(b.text, "\n--\n\n")
	if !ok {
		return e, fmt.Errorf("entry %d: no end of its header", e.ID)
	}
	named := false
	for line := range strings.Lines(head) {
		line = strings.TrimSuffix(line, "\n")
		if name, ok := strings.CutPrefix(line, "-- Name: "); ok {
			named = true
			if err := e.describe(name, list); err != nil {
				return e, err
			}
		}
		if ids, ok := strings.CutPrefix(line, "-- Dependencies: "); ok {
			for _, s := range strings.Fields(ids) {
				id, err := strconv.Atoi(s)
				if err != nil {
					return e, fmt.Errorf("entry %d: dependencies: %w", e.ID, err)
				}
				e.Depends = append(e.Depends, id)
			}
		}
	}
	if !named {
		return e, fmt.Errorf("entry %d: no name in its header", e.ID)
	}
	e.SQL = b.state.wrap(strings.Trim(sql, "\n"))
	return e, nil
}

// inOrder puts the entries into the order in which pg_restore applies them:
// rights come after everything of their section, event triggers and the
// content of materialised views after these (_tocEntryRestorePass).
func inOrder(list []listed, found map[int]Entry) ([]Entry, error) {
	all := make([]Entry, 0, len(list))
	for _, l := range list {
		e, ok := found[l.id]
		if !ok {
			return nil, fmt.Errorf("entry %d of the archive was not found", l.id)
		}
		e.Depends = slices.DeleteFunc(e.Depends, func(id int) bool { _, ok := found[id]; return !ok || id == e.ID })
		slices.Sort(e.Depends)
		e.Depends = slices.Compact(e.Depends)
		all = append(all, e)
	}
	slices.SortStableFunc(all, func(a, b Entry) int { return a.rank() - b.rank() })
	return all, nil
}

func (e Entry) rank() int {
	n := 0
	if e.Section == PostData {
		n = 10
	}
	switch {
	case e.Desc == "ACL", e.Desc == "ACL LANGUAGE", e.Desc == "DEFAULT ACL":
		return n + 1
	case e.Desc == "EVENT TRIGGER", e.Desc == "MATERIALIZED VIEW DATA",
		e.Desc == "COMMENT" && strings.HasPrefix(e.Tag, "EVENT TRIGGER "):
		return n + 2
	}
	return n
}

package httpapi

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"godwit/internal/fault"
	"godwit/internal/record"

	"github.com/go-json-experiment/json/jsontext"
	"github.com/zeebo/xxh3"
)

// place is where reading goes on: all that a request for the next page needs,
// and what it is compared with.
type place struct {
	Page   int    `json:"page,omitempty"`
	Cursor string `json:"cursor,omitempty"`
	Link   string `json:"link,omitempty"`
	Given  int64  `json:"given"`           // objects before it; an offset, too
	Total  *int64 `json:"total,omitempty"` // as it was told
	Last   string `json:"last,omitempty"`  // hash of the page before
	Over   bool   `json:"over,omitempty"`  // nothing comes behind it
	// Window is the part of a split list that all this is about.
	Window *window `json:"window,omitempty"`
	// Fields are those of the records: what is read on has the same.
	Fields []string `json:"fields"`
}

func (e *Endpoint) begin() place {
	p := place{Page: 1}
	if e.pages.First != nil {
		p.Page = *e.pages.First
	}
	return p
}

// ask is the request for the page at a place.
func (e *Endpoint) ask(t target, p place) target {
	names, params := e.pages.Names, map[string]string{}
	if p.Window != nil {
		params = e.pages.Split.bounds(p.Window)
	}
	if e.pages.Size > 0 {
		params[names.Size] = strconv.Itoa(e.pages.Size)
	}
	switch e.pages.By {
	case byPage:
		params[names.Page] = strconv.Itoa(p.Page)
	case byOffset:
		params[names.Offset] = strconv.FormatInt(p.Given, 10)
	case byCursor:
		if p.Cursor != "" {
			params[names.Cursor] = p.Cursor
		}
	case byLink:
		if p.Link != "" {
			return target{link: p.Link}
		}
	}
	return t.with(params)
}

// page asks for the page at a place and tells where the next one is.
func (e *Endpoint) page(ctx context.Context, t target, p place) (list, place, error) {
	a, err := e.patiently(ctx, e.ask(t, p))
	if err != nil {
		return list{}, p, err
	}
	l, err := e.login(ctx)
	if err != nil {
		return list{}, p, err
	}
	objects, next, err := e.understand(a, l, p)
	return objects, next, fault.Wrap(err, "GET %s", t.path)
}

// understand reads the answer to the request at a place.
func (e *Endpoint) understand(a *answer, l *login, p place) (list, place, error) {
	objects, err := e.pages.Items.objects(a, l)
	if err != nil {
		return list{}, p, err
	}
	next := p
	next.Given += int64(len(objects.items))
	if err := e.compare(a, l, p, &next); err != nil {
		return list{}, p, err
	}
	sum := fmt.Sprintf("%016x", hash(objects))
	if len(objects.items) > 0 && sum == p.Last {
		return list{}, p, fault.New(fault.Data, "http.pages", "two pages one after the other hold the same objects: the system does not page as pages says").
			Hint("see by and names in pages of the connection")
	}
	next.Last = sum
	if err := e.forward(a, l, p, &next, len(objects.items)); err != nil {
		return list{}, p, err
	}
	if next.Over && next.Total != nil && next.Given != *next.Total {
		return list{}, p, fault.New(fault.Data, "http.total", "the system gave %d objects, and says that there are %d", next.Given, *next.Total).
			Hint("if the list was changed meanwhile start again with --new; else see items, size and total in pages of the connection")
	}
	return objects, next, nil
}

func hash(l list) uint64 {
	h := xxh3.New()
	for _, v := range l.items {
		_, _ = h.Write(v) // never fails
	}
	return h.Sum64()
}

// compare reads the total. When a list changes while it is read by numbers,
// what moved over the border of two pages is missing or there twice, and nobody
// can tell: that is no reading. A cursor holds its place; the last total counts.
func (e *Endpoint) compare(a *answer, l *login, p place, next *place) error {
	if e.pages.Total.zero() {
		return nil
	}
	n, err := e.pages.Total.number(a, l)
	if err != nil {
		return err
	}
	if p.Total != nil && *p.Total != n && (e.pages.By == byPage || e.pages.By == byOffset) {
		return fault.New(fault.Data, "source.changed", "there were %d objects, and now there are %d: the list changed while it was read page by page", *p.Total, n).
			Hint("start again with --new, when nobody changes it").
			Hint("page by a cursor if the system can")
	}
	next.Total = &n
	return nil
}

// forward finds the next page.
func (e *Endpoint) forward(a *answer, l *login, p place, next *place, n int) error {
	whole := next.Total != nil && next.Given >= *next.Total
	switch e.pages.By {
	case byPage, byOffset:
		// Without a total only an empty page is the end: a system may give fewer
		// objects than it was asked for.
		next.Page++
		if next.Over = n == 0 || whole; whole && next.Given == *next.Total {
			return e.nothingBehind(a, l, "says that this is the last page")
		}
	case byCursor:
		raw, err := e.pages.Cursor.find(a)
		if err != nil {
			return noJSON(a, l, err)
		}
		if next.Cursor, err = cursorText(raw, e.pages.Cursor.text); err != nil {
			return err
		}
		if next.Cursor != "" && next.Cursor == p.Cursor {
			return fault.New(fault.Data, "http.pages", "the system gave the same cursor twice: it would be read for ever").Hint("see cursor in pages of the connection")
		}
		next.Over = next.Cursor == ""
		first := p.Cursor == "" && raw == nil && n > 0
		if first && next.Total == nil && (e.pages.Size == 0 || n >= e.pages.Size) {
			return fault.New(fault.Data, "http.pages", "the first page has no %s: nobody can tell whether it is the last one", e.pages.Cursor.text).
				Hint("see cursor in pages of the connection; with total, or size, a list of one page is known to be whole")
		}
	case byLink:
		link, err := e.follow(a, l)
		if err != nil {
			return err
		}
		if next.Link = link; link != "" && link == p.Link {
			return fault.New(fault.Data, "http.pages", "a page links to itself as the next one: it would be read for ever").Hint("the system's header Link is wrong")
		}
		next.Over = link == ""
	default:
		next.Over = true
		return e.nothingBehind(a, l, "does not say how lists are paged")
	}
	return nil
}

// nothingBehind holds the end of a list against what the answer itself says, in
// case that it does: a header Link.
func (e *Endpoint) nothingBehind(a *answer, l *login, said string) error {
	link, err := e.follow(a, l)
	if err == nil && link != "" {
		err = fault.New(fault.Data, "http.pages", "the answer links to a next page, and pages %s", said).
			Hint("see total in pages of the connection; by: link follows such links")
	}
	return err
}

// cursorText is a cursor as it is sent back; null, false and nothing are none.
func cursorText(raw jsontext.Value, path string) (string, error) {
	v, err := record.DecodeJSON(raw)
	switch v := v.(type) {
	case string:
		return v, nil
	case int64:
		return strconv.FormatInt(v, 10), nil
	case record.Decimal:
		return string(v), nil
	case nil:
		if err == nil || raw == nil {
			return "", nil
		}
	case bool:
		if !v {
			return "", nil
		}
	}
	return "", fault.New(fault.Data, "http.answer", "%s is %s, no cursor", path, kind(raw)).Hint("see cursor in pages of the connection: it is the path of a text or a number")
}

// follow is the link to the next page (RFC 8288), without what the login puts
// into it: places are kept in the ledger.
func (e *Endpoint) follow(a *answer, l *login) (string, error) {
	link := ""
	for _, header := range a.header.Values("Link") {
		for part := range strings.SplitSeq(header, ",") {
			target, params, ok := strings.Cut(part, ">")
			if ok && isNext(params) {
				link = strings.TrimPrefix(strings.TrimSpace(target), "<")
			}
		}
	}
	if link == "" {
		return "", nil
	}
	u, err := e.locate(target{link: link})
	if err != nil {
		return "", err
	}
	q := u.Query()
	for name := range l.query {
		q.Del(name)
	}
	u.RawQuery = q.Encode()
	return (&url.URL{Path: u.Path, RawPath: u.RawPath, RawQuery: u.RawQuery}).String(), nil
}

func isNext(params string) bool {
	for p := range strings.SplitSeq(params, ";") {
		name, value, _ := strings.Cut(strings.TrimSpace(p), "=")
		if http.CanonicalHeaderKey(name) == "Rel" {
			for rel := range strings.FieldsSeq(strings.Trim(value, `"`)) {
				if strings.EqualFold(rel, "next") {
					return true
				}
			}
		}
	}
	return false
}

package httpapi

import (
	"context"
	"slices"
	"time"

	"godwit/internal/fault"

	"github.com/zeebo/xxh3"
)

// Split is how a list that is too long for its system to page through is asked for in
// parts: by when its objects were made.
type Split struct {
	From  string `flow:"from,required" help:"Parameter for objects made at a time or later"`
	To    string `flow:"to,required" help:"Parameter for objects made at a time or earlier; times are written as 2006-01-02T15:04:05Z"`
	Above int64  `flow:"above,required" min:"1" help:"Objects that the system pages through at most"`
}

// window is a part of a list. Its end is the beginning of the next one, so that nothing
// lies between two: what was made in the very second of a border may be in both.
type window struct {
	From   int64    `json:"from"` // seconds of Unix time
	To     int64    `json:"to"`
	Until  int64    `json:"until"`  // of the last window
	All    int64    `json:"all"`    // objects of the list, as it was told at the beginning
	Before int64    `json:"before"` // given from the windows before
	Twice  []uint64 `json:"twice"`  // hashes of objects of this window that were given by the one before
	Left   int64    `json:"left"`   // of them that have come, and were left out
	Opened bool     `json:"opened"` // it is known to be short enough
}

// given is how many objects lie before a place, those that came twice once.
func (p place) given() int64 {
	if w := p.Window; w != nil {
		return w.Before + p.Given - w.Left
	}
	return p.Given
}

// windowed gives the objects at a place and where the next ones are. A list that is too
// long is read window by window: as wide as its system bears, each twice as wide as
// the one before at most.
func (e *Endpoint) windowed(ctx context.Context, t target, p place) (list, place, error) {
	split := e.pages.Split
	if split == nil {
		return e.page(ctx, t, p)
	}
	for name := range t.params {
		if name == split.From || name == split.To {
			return list{}, p, fault.New(fault.Config, "query.invalid", "params: %s is given by split of the connection's pages", name).
				Hint("make a connection of its own for this list, without split")
		}
	}
	if p.Window == nil {
		until := time.Now().Unix() + 1
		l, next, err := e.page(ctx, t, p)
		if err != nil || p.Given > 0 || *next.Total <= split.Above {
			return l, next, err
		}
		p.Window = &window{To: until, Until: until, All: *next.Total}
	}
	for { // until a window has something
		l, next, err := e.inside(ctx, t, p)
		if err != nil || len(l.items) > 0 || next.Over {
			return l, next, err
		}
		p = next
	}
}

// inside gives the objects at a place of a window, and where the next ones are.
func (e *Endpoint) inside(ctx context.Context, t target, p place) (list, place, error) {
	if !p.Window.Opened {
		if err := e.shared(ctx, t, &p); err != nil {
			return list{}, p, err
		}
	}
	l, next, err := e.narrow(ctx, t, p)
	if err != nil {
		return list{}, p, err
	}
	next.Window.leave(&l)
	if next.Over {
		next, err = e.behind(t, next)
	}
	return l, next, err
}

// narrow asks for the page at a place of a window, which is halved until it is short
// enough.
func (e *Endpoint) narrow(ctx context.Context, t target, p place) (list, place, error) {
	for {
		l, next, err := e.page(ctx, t, p)
		if err != nil {
			return l, next, err
		}
		w := *p.Window
		if next.Window = &w; w.Opened || *next.Total <= e.pages.Split.Above {
			w.Opened = true
			return l, next, nil
		}
		if w.To-w.From <= 1 {
			return l, next, fault.New(fault.Data, "http.split", "GET %s: %d objects were made within the second of %s, and the system pages through %d", t.path, *next.Total, moment(w.From), e.pages.Split.Above).
				Hint("part the list by another parameter as well: give it in params, in a step for each of its values")
		}
		w.To = w.From + (w.To-w.From)/2
		p.Window = &w
	}
}

// shared finds what the window before has given of the second in which this one
// begins: a system may count both ends to a window, or one.
func (e *Endpoint) shared(ctx context.Context, t target, p *place) error {
	w := *p.Window
	p.Window = &w
	w.Twice, w.Left = nil, 0
	if w.From == 0 {
		return nil
	}
	border := e.begin()
	border.Window = &window{From: w.From, To: w.From}
	for !border.Over {
		l, next, err := e.page(ctx, t, border)
		if err != nil {
			return err
		}
		for _, o := range l.items {
			w.Twice = append(w.Twice, xxh3.Hash(o))
		}
		border = next
	}
	slices.Sort(w.Twice)
	return nil
}

// leave leaves out of a page what the window before has given. What counts the
// objects by their bytes leaves the same ones out.
func (w *window) leave(l *list) {
	if len(w.Twice) == 0 || len(l.items) != len(l.begins) {
		return
	}
	kept := list{}
	for i, o := range l.items {
		if _, twice := slices.BinarySearch(w.Twice, xxh3.Hash(o)); twice {
			w.Left++
			continue
		}
		kept.items, kept.ends, kept.begins = append(kept.items, o), append(kept.ends, l.ends[i]), append(kept.begins, l.begins[i])
	}
	*l = kept
}

// behind is the place of the window behind one that is read, or the end of the list.
func (e *Endpoint) behind(t target, p place) (place, error) {
	w := p.Window
	if w.To >= w.Until {
		if n := p.given(); n != w.All {
			return p, fault.New(fault.Data, "http.total", "GET %s: the list has %d objects, and %d were made up to %s", t.path, w.All, n, moment(w.Until)).
				Hint("objects without the time that split asks for, or of a later one, are in no window; see split in pages of the connection").
				Hint("if the list was changed meanwhile start again with --new")
		}
		return p, nil
	}
	next := e.begin()
	next.Fields = p.Fields
	next.Window = &window{From: w.To, To: min(w.Until, w.To+2*(w.To-w.From)), Until: w.Until, All: w.All, Before: p.given()}
	return next, nil
}

// bounds are the parameters of a window.
func (s *Split) bounds(w *window) map[string]string {
	return map[string]string{s.From: moment(w.From), s.To: moment(w.To)}
}

func moment(seconds int64) string { return time.Unix(seconds, 0).UTC().Format(time.RFC3339) }

// problem says what keeps lists from being split.
func (p *Pages) problem() string {
	switch {
	case p.By == byCursor && p.Cursor.zero():
		return "pages: by: cursor needs the path of the cursor, as cursor: body.next"
	case p.Split == nil:
	case p.By == "" || p.By == byLink:
		return "pages: split needs pages by page, offset or cursor: a link names its own window"
	case p.Total.zero():
		return "pages: split needs the path of the number of all objects, as total: body.total"
	}
	return ""
}

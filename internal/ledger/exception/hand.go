package exception

import (
	"context"
	"encoding/json"
	"strings"
	"time"

	"godwit/internal/fault"
	"godwit/internal/ledger/lease"
	"godwit/internal/unit"
)

// Lasting events of what people did to exceptions; nothing is folded from them.
const (
	Patched    = "dead.patched"
	Dismissed  = "dead.dismissed"
	Readmitted = "dead.reopened"
)

// Deed is who did something, and why; the body of its event has what.
type Deed struct {
	Actor  string
	Reason string
}

// Change is one field that was put right. Values are told as record.Show tells
// those that are not printable.
type Change struct {
	Field  string `json:"field"`
	Before string `json:"before"`
	After  string `json:"after"`
}

// Patch is what a person made of the record of an exception.
type Patch struct {
	ID      int64           `json:"id"`
	At      time.Time       `json:"at"`
	Actor   string          `json:"actor"`
	Reason  string          `json:"reason,omitempty"`
	Changes []Change        `json:"changes"`
	Source  json.RawMessage `json:"source,omitempty"` // the record from then on
}

// Edit is a patch to be written. Upon is the patch that it was made from, 0
// for the record as it was read.
type Edit struct {
	Exception int64
	Upon      int64
	Changes   []Change
	Source    []byte
}

// Hand is a transaction of the ledger's own writer in which people do something
// to exceptions of a run. Exec tells how many rows it changed.
type Hand struct {
	Run  int64
	Now  time.Time
	Exec func(query string, args ...any) (int64, error)
	Note func(unit.Event) error
}

// free are exceptions that no redrive has in hand.
func free(f Filter, run int64) (string, []any) {
	f.State = Open
	where, args := f.Where(run)
	boot, now := lease.Clock()
	return where + Claimable, append(args, 0, boot, now, 0)
}

// ByHand tells exceptions that a person closed by how they ended.
func ByHand(closed string) bool { return strings.HasPrefix(closed, dismissedBy) }

const dismissedBy = "dismissed by "

// Dismiss closes exceptions that will not come. It returns how many; those that
// a redrive has in hand are left.
func (h Hand) Dismiss(f Filter, d Deed) (int64, error) {
	where, args := free(f, h.Run)
	closed, at := dismissedBy+d.Actor+": "+d.Reason, h.Now.UnixMilli()
	n, err := h.Exec(`UPDATE exception AS e SET closed = ?, closed_by = 0, closed_at = ?`+where, append([]any{closed, at}, args...)...)
	if err != nil || n == 0 {
		return n, err
	}
	if _, err := h.Exec(`UPDATE issue SET state = 'closed', closed_by = 0 WHERE state <> 'closed' AND exception IN (
		SELECT e.id FROM exception e WHERE e.run = ? AND e.closed = ? AND e.closed_at = ?)`, h.Run, closed, at); err != nil {
		return n, err
	}
	return n, h.note(Dismissed, d, n, nil)
}

// Reopen takes dismissals back; what redrives have closed stays closed.
func (h Hand) Reopen(f Filter, d Deed) (int64, error) {
	f.State = Closed
	where, args := f.Where(h.Run)
	if _, err := h.Exec(`UPDATE issue AS i SET state = `+unclosed+` WHERE state = 'closed' AND closed_by = 0 AND exception IN (
		SELECT e.id FROM exception e`+where+` AND e.closed_by = 0)`, args...); err != nil {
		return 0, err
	}
	n, err := h.Exec(`UPDATE exception AS e SET closed = '', closed_at = 0`+where+` AND e.closed_by = 0`, args...)
	if err != nil || n == 0 {
		return n, err
	}
	return n, h.note(Readmitted, d, n, nil)
}

// Patch writes what people made of records, all or none of them. Faults:
// exception.taken when one is closed, in hand or patched meanwhile.
func (h Hand) Patch(edits []Edit, d Deed) error {
	fields := map[string]int64{}
	for _, e := range edits {
		where, args := free(Filter{IDs: []int64{e.Exception}}, h.Run)
		said, err := json.Marshal(e.Changes)
		if err != nil {
			return err
		}
		n, err := h.Exec(`INSERT INTO patch (exception, at, actor, reason, said, source) SELECT e.id, ?, ?, ?, ?, ? FROM exception e`+where+
			` AND coalesce((SELECT max(p.id) FROM patch p WHERE p.exception = e.id), 0) = ?`,
			append(append([]any{h.Now.UnixMilli(), d.Actor, d.Reason, string(said), Pack(e.Source)}, args...), e.Upon)...)
		if err != nil {
			return err
		}
		if n == 0 {
			return fault.New(fault.Conflict, "exception.taken", "record %d is closed, was patched meanwhile, or a redrive has it in hand: nothing was changed", e.Exception).
				Hint("godwit dead show RUN %d says who has it; a redrive whose process died: godwit resume, or cancel, of it", e.Exception)
		}
		for _, c := range e.Changes {
			fields[c.Field]++
		}
	}
	return h.note(Patched, d, int64(len(edits)), fields)
}

func (h Hand) note(kind string, d Deed, n int64, fields map[string]int64) error {
	body := struct {
		Records int64            `json:"records"`
		Fields  map[string]int64 `json:"fields,omitempty"`
	}{n, fields}
	return h.Note(unit.Event{Kind: kind, Actor: d.Actor, Reason: d.Reason, Body: unit.Body(body)})
}

// Patches of an exception, oldest first.
func (l Look) Patches(ctx context.Context, id int64) ([]Patch, error) {
	return ask(ctx, l, func(r scanner) (p Patch, err error) {
		var at int64
		var said string
		var source []byte
		if err = r.Scan(&p.ID, &at, &p.Actor, &p.Reason, &said, &source); err != nil {
			return p, err
		}
		p.At = clock(at)
		if err = json.Unmarshal([]byte(said), &p.Changes); err == nil {
			p.Source, err = Unpack(source)
		}
		return p, err
	}, `SELECT id, at, actor, reason, said, source FROM patch WHERE exception = ? ORDER BY id`, id)
}

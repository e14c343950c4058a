package exception

import (
	"context"
	"encoding/json"
	"math"
	"slices"
	"time"

	"godwit/internal/fault"
	"godwit/internal/ledger/store"
	"godwit/internal/record"
)

// Look answers questions about exceptions and issues, from whatever the ledger
// lets it ask. A call may ask more than once: a look at one moment is one
// inside View.Moment. Fault names an error of the database.
type Look struct {
	DB    store.Reader
	Fault func(error) error
}

// Counts is how many exceptions there are and of how many keys.
type Counts struct {
	Records int64 `json:"records"`
	Keys    int64 `json:"keys"` // of those that have one
}

// Count counts a run's exceptions.
func (l Look) Count(ctx context.Context, run int64, f Filter) (Counts, error) {
	where, args := f.Where(run)
	all, err := ask(ctx, l, func(r scanner) (c Counts, err error) {
		err = r.Scan(&c.Records, &c.Keys)
		return c, err
	}, `SELECT count(*), count(DISTINCT nullif(e.key, '')) FROM exception e`+where, args...)
	if err != nil || len(all) == 0 {
		return Counts{}, err
	}
	return all[0], nil
}

// List returns a run's exceptions by id from behind one on, at most limit (0
// is all), with their issues and without payloads.
func (l Look) List(ctx context.Context, run int64, f Filter, after int64, limit int) ([]record.Exception, error) {
	where, args := f.Where(run)
	page, err := ask(ctx, l, func(r scanner) (record.Exception, error) { return scan(r) },
		`SELECT `+columns+` FROM exception e`+where+` AND e.id > ? ORDER BY e.id LIMIT ?`, append(args, after, atMost(limit))...)
	if err != nil {
		return nil, err
	}
	return page, l.withIssues(ctx, page)
}

// latest is the record as it was read, or as it was put right last.
const latest = `coalesce((SELECT d.source FROM patch d WHERE d.exception = e.id ORDER BY d.id DESC LIMIT 1), p.source)`

// Claimed returns open exceptions that a redrive has taken, in the order of their ranks
// from behind one on, with their source as it was put right last, what was sent, and
// issues. Those that a later run has read meanwhile and is at work with are left out. A
// page ends behind the one with which it has so many bytes.
func (l Look) Claimed(ctx context.Context, run, by int64, f Filter, after record.Rank, limit int, bytes int) ([]record.Exception, error) {
	where, args := f.Where(run)
	where, args = where+` AND NOT `+AtWork, append(args, by, after.Turn)
	// Two questions: of a pair SQLite's index is asked for the first value only, and in
	// most runs all have the same one.
	page, err := l.claimed(ctx, bytes, where+` AND e.claimed = ? AND e.turn = ? AND e.id > ? ORDER BY e.id LIMIT ?`, append(args, after.ID, atMost(limit))...)
	if err != nil || len(page) > 0 {
		return page, err
	}
	return l.claimed(ctx, bytes, where+` AND e.claimed = ? AND e.turn > ? ORDER BY e.turn, e.id LIMIT ?`, append(args, atMost(limit))...)
}

func (l Look) claimed(ctx context.Context, bytes int, which string, args ...any) ([]record.Exception, error) {
	rows, err := l.DB.QueryContext(ctx, `SELECT `+columns+`, `+latest+`, p.sent, `+Older+` FROM exception e LEFT JOIN payload p ON p.exception = e.id`+which, args...)
	if err != nil {
		return nil, l.Fault(err)
	}
	defer rows.Close()
	var page []record.Exception
	for size := 0; size < bytes && rows.Next(); {
		var source, sent []byte
		var older bool
		e, err := scan(rows, &source, &sent, &older)
		e.Older = older
		if err == nil {
			e.Source, err = Unpack(source)
		}
		if err == nil {
			e.Sent, err = Unpack(sent)
		}
		if err != nil {
			return nil, l.Fault(err)
		}
		size += len(e.Source) + len(e.Sent)
		page = append(page, e)
	}
	if err := rows.Err(); err != nil {
		return nil, l.Fault(err)
	}
	return page, l.withIssues(ctx, page)
}

// Whole is one exception with all that is known about it.
type Whole struct {
	record.Exception
	Run      string    `json:"run"` // name of the run that it is of
	ClosedAt time.Time `json:"closedAt,omitzero"`
	Claimed  string    `json:"claimed,omitempty"` // the redrive that took it last
	Redrives []Redrive `json:"redrives,omitempty"`
	Patches  []Patch   `json:"patches,omitempty"` // oldest first
	Later    []string  `json:"later,omitempty"`   // the last run behind its own that has the record open
}

// Redrive is an attempt of another run.
type Redrive struct {
	Run     string          `json:"run"`
	Unit    string          `json:"unit"`
	Actor   string          `json:"actor,omitempty"` // who asked for the run
	At      time.Time       `json:"at"`
	Outcome record.Outcome  `json:"outcome"`
	Cause   string          `json:"cause,omitempty"` // of a rejected or dead one
	Code    string          `json:"code,omitempty"`
	Text    string          `json:"text,omitempty"`
	Mapping string          `json:"mapping,omitempty"`
	Refusal *record.Refusal `json:"refusal,omitempty"`
}

const selectWhole = `SELECT ` + columns + `, r.flow || '-' || r.n, e.closed_at, coalesce(c.flow || '-' || c.n, '')
	FROM exception e JOIN run r ON r.id = e.run LEFT JOIN run c ON c.id = e.claimed`

func scanWhole(r scanner) (w Whole, err error) {
	var closed int64
	w.Exception, err = scan(r, &w.Run, &closed, &w.Claimed)
	if closed != 0 {
		w.ClosedAt = clock(closed)
	}
	return w, err
}

// starter is who started a run r.
const starter = `coalesce((SELECT v.actor FROM event v WHERE v.run = r.id AND v.kind = 'run.started' ORDER BY v.seq LIMIT 1), '')`

// Runs names the runs that exceptions are of, by their ids.
func (l Look) Runs(ctx context.Context, ids []int64) (map[int64]string, error) {
	names := make(map[int64]string, len(ids))
	for part := range slices.Chunk(ids, 500) {
		args := make([]any, len(part))
		for i, id := range part {
			args[i] = id
		}
		_, err := ask(ctx, l, func(r scanner) (id int64, err error) {
			var name string
			err = r.Scan(&id, &name)
			names[id] = name
			return id, err
		}, `SELECT e.id, r.flow || '-' || r.n FROM exception e JOIN run r ON r.id = e.run WHERE e.id IN (`+marks(len(part))+`)`, args...)
		if err != nil {
			return nil, err
		}
	}
	return names, nil
}

// One returns an exception of a run, or of one that it has called, with payloads, issues and redrives. The
// fault of an unknown one has code exception.unknown.
func (l Look) One(ctx context.Context, run, id int64) (Whole, error) {
	where, args := Filter{IDs: []int64{id}, State: All, Called: true}.Where(run)
	found, err := ask(ctx, l, scanWhole, selectWhole+where, args...)
	if err == nil && len(found) == 0 {
		err = fault.New(fault.Config, "exception.unknown", "there is no exception %d in this run", id).
			Hint("godwit dead list RUN shows the ids, with --all those that are closed, too")
	}
	if err != nil {
		return Whole{}, err
	}
	w := found[0]
	type payload struct{ source, sent json.RawMessage }
	payloads, err := ask(ctx, l, func(r scanner) (p payload, err error) {
		var source, sent []byte
		if err = r.Scan(&source, &sent); err == nil {
			p.source, err = Unpack(source)
		}
		if err == nil {
			p.sent, err = Unpack(sent)
		}
		return p, err
	}, `SELECT source, sent FROM payload WHERE exception = ?`, id)
	if err != nil {
		return w, err
	}
	for _, p := range payloads {
		w.Source, w.Sent = p.source, p.sent
	}
	err = l.complete(ctx, &w)
	return w, err
}

// Of returns all exceptions of a record over all runs, oldest first, with
// issues and redrives and without payloads.
func (l Look) Of(ctx context.Context, entity, key string) ([]Whole, error) {
	found, err := ask(ctx, l, scanWhole, selectWhole+` WHERE e.key = ? AND e.key <> '' AND e.entity = ?`+shown+` ORDER BY e.id`, key, entity)
	for i := 0; i < len(found) && err == nil; i++ {
		err = l.complete(ctx, &found[i])
	}
	return found, err
}

func (l Look) complete(ctx context.Context, w *Whole) error {
	one := []record.Exception{w.Exception}
	if err := l.withIssues(ctx, one); err != nil {
		return err
	}
	w.Exception = one[0]
	var err error
	if w.Later, err = l.later(ctx, ` WHERE e.id = ?`, w.ID); err != nil {
		return err
	}
	if w.Patches, err = l.Patches(ctx, w.ID); err != nil {
		return err
	}
	w.Redrives, err = ask(ctx, l, func(r scanner) (Redrive, error) {
		var d Redrive
		var at int64
		var said string
		var e record.Exception
		if err := r.Scan(&d.Run, &d.Unit, &d.Actor, &at, &said); err != nil {
			return d, err
		}
		err := json.Unmarshal([]byte(said), &e)
		d.At, d.Outcome, d.Mapping = clock(at), e.Outcome, e.Mapping
		if e.Outcome == record.Rejected || e.Outcome == record.Dead || e.Outcome == record.Pending {
			d.Cause, d.Code, d.Text, d.Refusal = e.Cause, e.Code, e.Text, e.Refusal
		}
		return d, err
	}, `SELECT r.flow || '-' || r.n, a.unit, `+starter+`, c.at, a.said FROM attempt a JOIN run r ON r.id = a.run
		JOIN chunk c ON c.run = a.run AND c.unit = a.unit AND c.n = a.n AND c.state = 'settled'
		WHERE a.exception = ? ORDER BY c.at, a.id`, w.ID)
	return err
}

// withIssues adds the issues that each exception has, or had when it was
// closed; those that a redrive did not find again are left out.
func (l Look) withIssues(ctx context.Context, page []record.Exception) error {
	for part := range slices.Chunk(page, 500) {
		at := make(map[int64]int, len(part))
		args := make([]any, len(part))
		for i, e := range part {
			at[e.ID], args[i] = i, e.ID
		}
		issues, err := ask(ctx, l, scanIssue, selectIssue+` JOIN exception e ON e.id = i.exception
			WHERE i.exception <> 0 AND i.exception IN (`+marks(len(part))+`) AND (i.state <> 'closed' OR i.closed_by = e.closed_by)`+
			shownIssue+` ORDER BY i.id`, args...)
		if err != nil {
			return err
		}
		for _, i := range issues {
			e := &part[at[i.Exception]]
			e.Issues = append(e.Issues, i.Issue)
		}
	}
	return nil
}

// number is a question whose answer is one number.
func (l Look) number(ctx context.Context, query string, args ...any) (n int64, err error) {
	_, err = ask(ctx, l, func(r scanner) (none struct{}, err error) {
		err = r.Scan(&n)
		return none, err
	}, query, args...)
	return n, err
}

// ask is one question; no rows are nil.
func ask[T any](ctx context.Context, l Look, scan func(scanner) (T, error), query string, args ...any) ([]T, error) {
	rows, err := l.DB.QueryContext(ctx, query, args...)
	if err != nil {
		return nil, l.Fault(err)
	}
	defer rows.Close()
	var all []T
	for rows.Next() {
		v, err := scan(rows)
		if err != nil {
			return nil, l.Fault(err)
		}
		all = append(all, v)
	}
	if err := rows.Err(); err != nil {
		return nil, l.Fault(err)
	}
	return all, nil
}

func atMost(limit int) int {
	if limit <= 0 {
		return math.MaxInt64
	}
	return limit
}

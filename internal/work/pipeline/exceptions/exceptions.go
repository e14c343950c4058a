// Package exceptions reads records that were not loaded, by another run or by its own,
// as if they were a source's: as they were read then, or as people have put them
// right since. Start at Open.
package exceptions

import (
	"context"
	"fmt"
	"io"
	"maps"
	"strconv"
	"strings"

	"godwit/internal/catalog"
	"godwit/internal/fault"
	"godwit/internal/record"
	"godwit/internal/unit"
	"godwit/internal/work/pipeline/assembly"
	"godwit/internal/work/pipeline/sentrows"
)

// Book is the ledger's side of it.
type Book interface {
	// Take claims the exceptions of another run that are to be processed again.
	Take(ctx context.Context, a unit.Redrive) (int64, error)
	// Open reads claimed ones in the order of their ranks, from behind one on; an
	// empty page is the end.
	Open(ctx context.Context, a unit.Redrive, after record.Rank, limit int) ([]record.Exception, error)
	// Ahead gives of groups the first exception that holds up those behind it and that
	// is not claimed; of most there is none.
	Ahead(ctx context.Context, a unit.Redrive, groups []string) (map[string]record.Ahead, error)
}

// Target is where records go that are written as they were sent.
type Target struct {
	Into   []catalog.Into
	Tables []catalog.TargetTable
}

// Reader is a connector.RecordReader.
type Reader struct {
	book  Book
	of    unit.Redrive
	to    Target
	after record.Rank
	count int64
	own   bool                    // of this run, which has counted them as read
	ahead map[string]record.Ahead // of groups that were asked for
}

// Take claims the exceptions for the run: no other redrive has them then. It may be called
// again.
func Take(ctx context.Context, book Book, of unit.Redrive) error {
	_, err := book.Take(ctx, of)
	return fault.Wrap(err, "take the exceptions of %s", of.Of)
}

// Open reads the exceptions that were taken, from behind a chunk on. Own are those of the
// run itself, which has counted them as read.
func Open(book Book, of unit.Redrive, to Target, after []byte, own bool) (*Reader, error) {
	a := &Reader{book: book, of: of, to: to, own: own, ahead: map[string]record.Ahead{}}
	if after != nil {
		var err error
		if a.after, err = rank(string(after)); err != nil {
			return nil, fault.New(fault.Internal, "chunk.order", "the place %q is not an exception's", after)
		}
	}
	return a, nil
}

// rank reads the place behind an exception: its number and turn, without which one of an
// earlier version is.
func rank(text string) (r record.Rank, err error) {
	id, turn, has := strings.Cut(text, " ")
	if r.ID, err = strconv.ParseInt(id, 10, 64); err == nil && has {
		r.Turn, err = strconv.ParseInt(turn, 10, 64)
	}
	return r, err
}

// exceptionsInPage are read at once: a variable, so that binaries built for tests can
// have many pages of few.
var exceptionsInPage = 1000

// Next is the connector.RecordReader's.
func (a *Reader) Next(ctx context.Context) (*record.Page, error) {
	list, err := a.book.Open(ctx, a.of, a.after, exceptionsInPage)
	if err != nil {
		return nil, err
	}
	if len(list) == 0 {
		return nil, io.EOF
	}
	if err := a.order(ctx, list); err != nil {
		return nil, err
	}
	p := &record.Page{Schema: a.of.Schema, Records: make([]record.Record, 0, len(list))}
	for _, e := range list {
		r, err := a.record(e)
		if err != nil {
			return nil, fault.New(fault.Internal, "ledger.damaged", "exception %d: its record cannot be read: %w", e.ID, err)
		}
		p.Records = append(p.Records, r)
		if a.of.Sent != nil {
			m, err := a.sent(r, e)
			if err != nil {
				return nil, fault.Wrap(err, "exception %d", e.ID)
			}
			p.Mapped = append(p.Mapped, m)
		}
		p.Bytes += int64(len(e.Source))
		a.after = e.Rank()
	}
	if !a.own {
		a.count += int64(len(list))
	}
	p.After = fmt.Appendf(nil, "%d %d", a.after.ID, a.after.Turn)
	return p, nil
}

// mostGroups are remembered: asked for again they cost what is left out of them.
const mostGroups = 100_000

// order notes who is ahead of exceptions in their groups and is left out.
func (a *Reader) order(ctx context.Context, list []record.Exception) error {
	if len(a.ahead) > mostGroups {
		clear(a.ahead)
	}
	var groups []string
	for i := range list {
		if g := list[i].Group; g != "" {
			if _, asked := a.ahead[g]; !asked {
				groups, a.ahead[g] = append(groups, g), record.Ahead{}
			}
		}
	}
	found, err := a.book.Ahead(ctx, a.of, groups)
	if err != nil {
		return fault.Wrap(err, "look up what is ahead of exceptions of %s", a.of.Of)
	}
	maps.Copy(a.ahead, found)
	for i := range list {
		if before := a.ahead[list[i].Group]; before.ID != 0 && before.Less(list[i].Rank()) {
			list[i].Ahead = before
		}
	}
	return nil
}

func (a *Reader) record(e record.Exception) (record.Record, error) {
	r := record.Record{Op: record.Create, Key: e.Key, Size: len(e.Source), Exception: e.ID, Order: e.Order}
	var err error
	if e.Code == malformed || e.Code == "issue."+assembly.Rule || len(e.Issues) > 0 && e.Issues[0].Rule == record.RuleGone {
		if r.Broken, err = broken(e); err != nil || r.Broken != nil {
			return r, err
		}
	}
	r.Slots, err = record.Decode(e.Source, a.of.Schema)
	return r, err
}

// sent is a record as the target was given it. Values that do not fit its
// columns any more are issues.
func (a *Reader) sent(r record.Record, e record.Exception) (record.Mapped, error) {
	m := record.Mapped{Record: r}
	was, rows, err := sentrows.Decode(e.Sent)
	if err != nil {
		return m, err
	}
	if !sentrows.Same(was, a.of.Sent) {
		return m, fault.New(fault.Config, "redrive.as-sent", "it was sent to other columns than those before it").
			Hint("redrive it by itself: --id %d", e.ID)
	}
	if m.Issues = sentrows.Issues(rows, a.to.Into, a.to.Tables); len(m.Issues) > 0 {
		m.Reject = true
		return m, nil
	}
	m.Rows = rows
	return m, nil
}

// broken tells of an exception's source whether it is a text.
func broken(e record.Exception) (*record.Broken, error) {
	v, err := record.DecodeValue(e.Source)
	text, ok := v.(string)
	if err != nil || !ok || len(e.Issues) == 0 {
		return nil, err
	}
	return &record.Broken{Issue: e.Issues[0], Raw: []byte(text)}, nil
}

// malformed is the code of records that could not be read.
const malformed = "issue." + record.Malformed

// Count is the ledger's own.
func (a *Reader) Count() int64 { return a.count }

// Schema is that of the records as they were read.
func (a *Reader) Schema() *record.Schema { return a.of.Schema }

// Close is the connector.RecordReader's.
func (a *Reader) Close() error { return nil }
